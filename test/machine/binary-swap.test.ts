/**
 * The program of a service that runs is swapped, on the real engine: on Linux under a real systemd (see
 * test/support/systemd.ts), on Windows under Wine's service manager.
 */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow, killHard, until } from "../support/host-state";
import { freePort } from "../support/sshd";
import { Place, placeOnLinux, placeOnWindows } from "../support/swap-place";
import { answerOf, sshClients, SwapServices } from "../support/swapped-service";
import { systemdMissing } from "../support/systemd";
import { windowsMissing } from "../support/windows-host";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const { host, binary, url, nodeCheckCommand } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const swap = new kubedev.BinarySwap("S", {
    // A host that other things make is an output.
    host: pulumi.output(host as kubedev.Host),
    service: "swapped",
    binary,
    healthCheck: { httpUrl: url, timeoutSec: 20 },
    nodeCheckCommand,
    versionArguments: ["--version"],
    stopTimeoutSec: 5,
    settleSec: 1,
});
export const { path: at, version, sha256 } = swap;
`;

const things = (result: StepsResult) =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => name.includes("-")));
const said = (result: StepsResult) =>
    result.diagnostics.filter((d) => d.severity === "info").map((d) => d.message);

for (const [system, missing, start] of [
    ["linux", systemdMissing, placeOnLinux],
    ["windows", windowsMissing, placeOnWindows],
] as const) {
    const suite = missing === undefined ? describe : describe.skip;
    const why = missing === undefined ? "" : ` [not run: ${missing}]`;
    suite(`the program of a service on ${system}${why}`, () => {
        const isWindows = system === "windows";
        const name = isWindows ? "s.exe" : "s";
        let place: Place;
        let stack: ScratchStack;
        let built: SwapServices;
        let url: string;
        const declare = (version: string) => {
            const { address, port, user, privateKeyPath, hostKey } = place.sshd;
            const declared = {
                host: { ssh: { address, port, user, privateKeyPath, hostKey }, os: system },
                binary: { path: built.at(version), fingerprint: version },
                url,
                nodeCheckCommand: isWindows
                    ? "if exist C:\\k\\hold exit 1"
                    : `! test -e ${place.there}/hold`,
            };
            stack.write("declared.json", JSON.stringify(declared));
        };
        const answers = () => answerOf(url);
        /** What came of the last swap. */
        const reported = async () => {
            const { resources = [] } = (await stack.exportState()).deployment;
            const printed = resources.find(({ urn }) => urn.endsWith("::S-swap"))?.outputs?.stdout;
            return JSON.parse(String(printed).trim().split("\n").at(-1) ?? "") as {
                outcome: string;
            };
        };
        /** While it is there, no new program passes the check of its node. */
        const hold = () => path.join(place.here, "hold");
        const programs = () => fs.readdirSync(place.here).sort();

        beforeAll(async () => {
            built = new SwapServices(system);
            for (const version of ["v1", "v2", "v3"]) built.build(version);
            built.build("v4", "exits");
            place = await start();
            const listen = `127.0.0.1:${String(await freePort())}`;
            url = `http://${listen}/`;
            fs.mkdirSync(place.here);
            fs.writeFileSync(path.join(place.here, "address"), listen);
            fs.copyFileSync(built.at("v1"), path.join(place.here, name));
            fs.chmodSync(path.join(place.here, name), 0o750);
            place.serve(`${place.there}${isWindows ? "\\" : "/"}${name}`);
            await until(async () => (await answers()) === "v1", "the service");
            const cache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
            // Else each run compiles Go's library anew.
            stack = await ScratchStack.create({ program, env: { GOCACHE: cache } });
        });
        afterAll(async () => {
            await stack.dispose();
            await place.stop();
            built.dispose();
        });

        test("is swapped, as the preview says", async () => {
            declare("v2");
            const previewed = await stack.preview();
            expect(things(previewed)).toEqual({ "S-program": "create", "S-swap": "create" });
            expect(said(previewed)).toContainEqual(
                expect.stringMatching(/^swapped on root@.*: its own program => v2/),
            );
            expect(things(await stack.up())).toEqual(things(previewed));
            expect(await answers()).toBe("v2");
            expect(await stack.outputs()).toMatchObject({ version: "v2" });
            expect(programs()).toContain(`${name}.kubedev-original`);
            expect((await stack.preview()).ops()).toEqual({});
        });

        test("one that exits at once is taken back, and up says so", async () => {
            declare("v4");
            const previewed = await stack.preview();
            expect(things(previewed)).toEqual({ "S-swap": "update" });
            expect(said(previewed)).toContainEqual(
                expect.stringMatching(/^swapped on root@.*: v2 => v4/),
            );
            const failed = (await stack.up({ expectFailure: true })).errors.join("\n");
            expect(failed).toMatch(/taken back, and the one before it runs again/);
            expect(await answers()).toBe("v2");
            const left = [name, `${name}.kubedev-lock`, `${name}.kubedev-original`];
            expect(programs()).toEqual(["address", ...left]);
            declare("v2");
            await stack.up();
            expect((await stack.preview()).ops()).toEqual({});
        });

        test("what is killed in the middle ends well in the next run", async () => {
            fs.writeFileSync(hold(), "");
            declare("v3");
            const running = stack.up({ expectFailure: true });
            await until(async () => (await answers()) === "v3", "the new program", 90_000);
            await until(() => place.swapping().length > 0, "the process that swaps");
            await killHard(place.swapping()[0] ?? 0);
            expect((await running).errors.join("\n")).toMatch(/ended without a report/);
            fs.rmSync(hold());
            // What lies there is not what was left there: the original comes between.
            const again = await stack.up();
            expect(things(again)).toEqual({ "S-swap": "replace" });
            expect(again.shown("S-swap").join("\n")).toMatch(/broken off while it was exchanging/);
            expect(await answers()).toBe("v3");
        });

        /** Cuts the connection of an `up` while the new program of this version waits for its node. */
        const cutWith = async (version: string) => {
            fs.writeFileSync(hold(), "");
            declare(version);
            const cut = stack.up({ expectFailure: true });
            await until(async () => (await answers()) === version, "the new program", 90_000);
            expect(place.swapping()).not.toEqual([]);
            await Promise.all(sshClients(place.sshd.port).map(killHard));
            await cut;
        };
        /** An `up` that begins while the run before still works. */
        const upMeanwhile = async () => {
            const swapping = place.swapping();
            let heard = "";
            const next = stack.up({ heard: (text) => (heard += text) });
            await until(() => /waiting for an(other|) /.test(heard), "the next run", 90_000);
            expect(place.swapping()).toEqual(swapping);
            fs.rmSync(hold());
            return next;
        };

        test("a cut connection does no harm: it goes on, and the next run takes what came of it", async () => {
            // Back to the input before is the way back.
            await cutWith("v2");
            expect(things(await upMeanwhile())).toEqual({ "S-swap": "update" });
            // All was done already.
            expect((await reported()).outcome).toBe("unchanged");
            expect(await answers()).toBe("v2");
            expect((await stack.preview()).ops()).toEqual({});
        });

        test("the input before is the way back from a cut connection, too: while it goes on", async () => {
            await cutWith("v3");
            declare("v2");
            expect(things(await upMeanwhile())).toEqual({ "S-swap": "update" });
            expect((await reported()).outcome).toBe("swapped");
            expect(await answers()).toBe("v2");
            expect((await stack.preview()).ops()).toEqual({});
        });

        if (!isWindows) {
            test("and after its end", async () => {
                await cutWith("v3");
                fs.rmSync(hold());
                const records = () =>
                    filesBelow(place.state)
                        .filter((kept) => kept.endsWith("S-swap/record"))
                        .map((kept) => fs.readFileSync(path.join(place.state, kept), "utf8"));
                await until(() => /fingerprint=v3$/m.test(records().join()), "the record", 90_000);
                declare("v2");
                expect(said(await stack.preview())).toContainEqual(
                    expect.stringMatching(/^swapped on root@.*: v3 => v2/),
                );
                expect(things(await stack.up())).toEqual({ "S-swap": "update" });
                expect(await answers()).toBe("v2");
                expect((await stack.preview()).ops()).toEqual({});
            });
        }

        if (isWindows) {
            test("what another program holds is tried again for ten seconds, then the old one runs on", async () => {
                const file = `${place.there}\\${name}`;
                const release = await place.hold?.(file, 100);
                declare("v3");
                const failed = await stack.up({ expectFailure: true });
                expect(failed.errors.join("\n")).toMatch(
                    /taken back.*cannot rename .*expected that no other program holds it/s,
                );
                expect(await answers()).toBe("v2");
                // What lets go of it in time does no harm.
                const [progress = ""] = filesBelow(place.state)
                    .filter((kept) => kept.endsWith("progress"))
                    .map((kept) => path.join(place.state, kept));
                const tried = () =>
                    fs.existsSync(progress) && /in use/.test(fs.readFileSync(progress, "utf8"));
                expect(tried()).toBe(true);
                fs.rmSync(progress);
                const running = stack.up();
                await until(tried, "a try", 90_000);
                await release?.();
                expect((await running).shown("S-swap").join("\n")).toContain(
                    "s.exe to s.exe.kubedev-before: in use",
                );
                expect(await answers()).toBe("v3");
            });
        }

        test("destroy puts the original back, and leaves nothing", async () => {
            await stack.destroy();
            expect(await answers()).toBe("v1");
            expect(programs()).toEqual(["address", name]);
            expect(isWindows || fs.statSync(path.join(place.here, name)).mode & 0o777).toBe(
                isWindows || 0o750,
            );
            expect(filesBelow(place.state)).toEqual([]);
        });
    });
}
