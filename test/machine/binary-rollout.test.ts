/**
 * What previews say of changes of a BinarySwap, row by row of docs/binary-swap.md, and a BinaryRollout over two services that
 * stand for two nodes: on the real engine, under a real systemd (see test/support/systemd.ts).
 */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { until } from "../support/host-state";
import { freePort } from "../support/sshd";
import { answerOf, SwapServices } from "../support/swapped-service";
import { Systemd, systemdMissing } from "../support/systemd";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};

const { swap, rollout } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
if (swap !== undefined) new kubedev.BinarySwap("S", swap);
export const told = rollout && new kubedev.BinaryRollout("R", rollout).versions;
`;

const things = (result: StepsResult) =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => name.endsWith("-swap")));
const said = (result: StepsResult) =>
    result.diagnostics.filter((d) => d.severity === "info").map((d) => d.message.trim());

const suite = systemdMissing === undefined ? describe : describe.skip;
suite(
    `swaps of services${systemdMissing === undefined ? "" : ` [not run: ${systemdMissing}]`}`,
    () => {
        let systemd: Systemd;
        let stack: ScratchStack;
        let built: SwapServices;
        const urls: Record<string, string> = {};
        const here = (...names: string[]) => path.join(systemd.home, ...names);
        const answers = (service: string) => answerOf(urls[service] ?? "");
        const pid = (service: string) => systemd.processes(`/run/home/${service}/s`)[0];
        const host = (more: object = {}) => {
            const { address, port, user, privateKeyPath, hostKey } = systemd.sshd;
            return { ssh: { address, port, user, privateKeyPath, hostKey, ...more } };
        };
        const binary = (version: string) => ({ path: built.at(version), fingerprint: version });
        const common = { settleSec: 1, stopTimeoutSec: 5, versionArguments: ["--version"] };
        const swapOf = (version: string, more: object = {}) => ({
            ...{ host: host(), service: "s", binary: binary(version), ...common },
            ...{ healthCheck: { httpUrl: urls["s"], timeoutSec: 20 }, ...more },
        });
        const rolloutOf = (version: string, ...nodes: string[]) => ({
            ...{ service: "none", binary: binary(version), ...common },
            nodes: nodes.map((name) => ({
                ...{ name, service: name, host: host() },
                healthCheck: { httpUrl: urls[name], timeoutSec: 20 },
            })),
        });
        const declare = (declared: { swap?: object; rollout?: object }) => {
            stack.write("declared.json", JSON.stringify(declared));
        };

        beforeAll(async () => {
            built = new SwapServices("linux");
            for (const version of ["v1", "v2", "v3", "v4"]) built.build(version);
            built.build("exits", "exits");
            systemd = await Systemd.start();
            for (const service of ["s", "a", "b"]) {
                const listen = `127.0.0.1:${String(await freePort())}`;
                urls[service] = `http://${listen}/`;
                fs.mkdirSync(here(service));
                fs.writeFileSync(here(service, "address"), listen);
                fs.copyFileSync(built.at("v1"), here(service, "s"));
                systemd.unit(
                    service,
                    `[Service]\nExecStart=/run/home/${service}/s\nRestart=always\n`,
                );
                await until(async () => (await answers(service)) === "v1", service);
            }
            const cache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
            stack = await ScratchStack.create({ program, env: { GOCACHE: cache } });
            declare({ swap: swapOf("v2"), rollout: rolloutOf("v2", "a", "b") });
        });
        afterAll(async () => {
            await stack.dispose();
            await systemd.stop();
            built.dispose();
        });

        test("a preview names each node with old and new", async () => {
            const previewed = await stack.preview();
            for (const service of ["s", "a", "b"]) {
                expect(said(previewed)).toContainEqual(
                    expect.stringMatching(
                        new RegExp(`^${service} on root@.*: its own program => v2$`),
                    ),
                );
            }
            expect(things(await stack.up())).toEqual({
                ...{ "S-swap": "create", "R-a-swap": "create", "R-b-swap": "create" },
            });
            expect(await Promise.all(["s", "a", "b"].map(answers))).toEqual(["v2", "v2", "v2"]);
            expect(await stack.outputs()).toEqual({ told: { a: "v2", b: "v2" } });
        });

        const later = {
            ...{ nodeCheckCommand: "true", drainCommand: "true", undrainCommand: "true" },
            ...{ dependents: ["a"], settleSec: 2, stopTimeoutSec: 6 },
        };
        test.each<[string, string, () => object]>([
            ["binary", "update", () => swapOf("v3")],
            ["checks, dependents, commands, time limits", "update", () => swapOf("v2", later)],
            ["service", "replace", () => swapOf("v2", { service: "a" })],
            ["path", "replace", () => swapOf("v2", { path: "/run/home/s/s" })],
            ["host", "replace", () => swapOf("v2", { host: host({ address: "localhost" }) })],
            ["parentIds", "replace", () => swapOf("v2", { parentIds: ["another"] })],
            ["removed", "delete", () => ({})],
        ])("a change of %s: %s", async (row, op, swap) => {
            const rollout = rolloutOf("v2", "a", "b");
            declare(row === "removed" ? { rollout } : { swap: swap(), rollout });
            expect(things(await stack.preview())).toEqual({ "S-swap": op });
        });

        test("what counts for the next swap restarts nothing, and another order of nodes is no change", async () => {
            const before = ["s", "a", "b"].map(pid);
            expect(before).not.toContain(undefined);
            declare({ swap: swapOf("v2", later), rollout: rolloutOf("v2", "b", "a") });
            expect(things(await stack.up())).toEqual({ "S-swap": "update" });
            expect(["s", "a", "b"].map(pid)).toEqual(before);
        });

        test("a rollout stops at the first node that is taken back: the other is left alone", async () => {
            const before = [pid("a"), fs.statSync(here("a/s")).ino];
            declare({ swap: swapOf("v2", later), rollout: rolloutOf("exits", "b", "a") });
            const failed = await stack.up({ expectFailure: true });
            expect(things(failed)).toEqual({ "R-b-swap": "update" });
            const errors = failed.diagnostics.filter(({ severity }) => severity === "error");
            expect(errors.find(({ urn }) => urn?.endsWith("::R-b-swap"))?.message).toMatch(
                /taken back, and the one before it runs again: b ended at once/,
            );
            expect(await Promise.all(["a", "b"].map(answers))).toEqual(["v2", "v2"]);
            expect([pid("a"), fs.statSync(here("a/s")).ino]).toEqual(before);
        });

        test("what somebody else has put there is replaced, and counts as the original; a node that is removed touches no other", async () => {
            const before = pid("b");
            fs.copyFileSync(built.at("v4"), here("s/other"));
            fs.renameSync(here("s/other"), here("s/s"));
            declare({ swap: swapOf("v2"), rollout: rolloutOf("v2", "b") });
            const done = await stack.up();
            expect(things(done)).toEqual({ "S-swap": "replace", "R-a-swap": "delete" });
            expect(await Promise.all(["s", "a", "b"].map(answers))).toEqual(["v2", "v1", "v2"]);
            expect(pid("b")).toBe(before);
        });

        test("removed while it does not run, its original is put back and not started", async () => {
            systemd.run(["systemctl", "stop", "s"]);
            await stack.destroy();
            expect(await Promise.all(["s", "a", "b"].map(answers))).toEqual([
                undefined,
                "v1",
                "v1",
            ]);
            expect(fs.readFileSync(here("s/s")).equals(fs.readFileSync(built.at("v4")))).toBe(true);
            for (const service of ["s", "a", "b"]) {
                expect(fs.readdirSync(here(service)).sort()).toEqual(["address", "s"]);
            }
        });
    },
);
