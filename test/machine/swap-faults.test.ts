/**
 * What goes wrong with a swap under a real systemd (see test/support/systemd.ts), with the program that swaps on its own:
 * for each fault what becomes of the service, and whether it was down.
 */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { repoRoot } from "../support/engine-cli";
import { until } from "../support/host-state";
import { freePort } from "../support/sshd";
import { answerOf, SwapServices } from "../support/swapped-service";
import { Systemd, systemdMissing } from "../support/systemd";

jest.setTimeout(120_000);

interface Fault {
    /** Defaults to that of the others. */
    service?: string;
    /** The new program. */
    version?: string;
    /** What is sent, and what of it arrives. */
    sent?: (whole: Buffer) => Buffer;
    arrives?: (whole: Buffer) => Buffer;
    request?: object;
    /** Empty: nothing on the host has begun. */
    outcome: string;
    why: RegExp;
    /** Least time for which the service was down, in milliseconds; 0: it never was. */
    downMs: number;
}

const broken = (whole: Buffer) => whole.subarray(0, 4096);
const s390x = (whole: Buffer) =>
    Buffer.concat([whole.subarray(0, 18), Buffer.from([22]), whole.subarray(19)]);
const made = (sent: Fault["sent"]) => ({ sent, arrives: sent });
const refused = { outcome: "refused", downMs: 0 };
const takenBack = (downMs: number) => ({ outcome: "rolled-back", downMs });
/** healthSec is 2. */
const faults: [string, Fault][] = [
    [
        "it is broken off on the way",
        { arrives: broken, outcome: "", why: /did not arrive whole/, downMs: 0 },
    ],
    [
        "it is for another architecture",
        { ...made(s390x), ...refused, why: /wrong architecture: got ELF, 64 bits, machine 22/ },
    ],
    [
        "it does not run",
        {
            ...{ ...made(broken), request: { versionArguments: ["--version"] } },
            ...{ ...refused, why: /does not run with \["--version"\]/ },
        },
    ],
    ["there is no such service", { service: "no", ...refused, why: /cannot find the service no/ }],
    [
        "there is no such dependent",
        { request: { dependents: ["no"] }, ...refused, why: /dependent service no/ },
    ],
    [
        "a script is in the place of the program",
        { service: "scripted", ...refused, why: /scripted is said to run, is no program/ },
    ],
    ["there is too little room", { service: "small", ...refused, why: /three times the program/ }],
    ["it cannot be drained", { request: { drain: "exit 3" }, ...refused, why: /drain command/ }],
    ["it refuses to stop", { service: "stubborn", ...refused, why: /cannot stop stubborn/ }],
    ["it exits at once", { version: "exits", ...takenBack(1), why: /ended at once/ }],
    [
        "it is never healthy",
        { version: "sick", ...takenBack(2000), why: /not healthy within 2 s: .* 500/ },
    ],
    [
        "it dies within settleSec",
        { version: "dies", ...takenBack(300), why: /healthy, but its process ended within 1 s/ },
    ],
    [
        "its node does not work",
        { request: { nodeCheck: "exit 4" }, ...takenBack(2000), why: /check of its node failed/ },
    ],
    [
        "the one before is not healthy either",
        {
            request: { health: { command: "exit 5" } },
            outcome: "needs-hands",
            // Until the new one is given up, and then the old one.
            downMs: 4000,
            why: /cannot be brought back: .* exit status 5/,
        },
    ],
    ["it swaps well", { version: "hangs", outcome: "swapped", downMs: 1, why: /^$/ }],
    ["the one before does not end", { outcome: "swapped", downMs: 1000, why: /^$/ }],
];

const suite = systemdMissing === undefined ? describe : describe.skip;
suite(
    `a fault of a swap${systemdMissing === undefined ? "" : ` [not run: ${systemdMissing}]`}`,
    () => {
        let systemd: Systemd;
        let built: SwapServices;
        const urls: Record<string, string> = {};
        const here = (...names: string[]) => path.join(systemd.home, ...names);
        const answers = (service: string) => answerOf(urls[service] ?? urls["swapped"] ?? "");

        /** A service whose program is in a directory of its own. */
        async function serve(service: string, settings = "", line = `/run/home/${service}/s`) {
            const listen = `127.0.0.1:${String(await freePort())}`;
            urls[service] = `http://${listen}/`;
            const into = `cd /run/home/${service} && cp ../v1 s && printf %s "$0" >address`;
            expect(systemd.run(["sh", "-ec", into, listen])).toMatchObject({ status: 0 });
            systemd.unit(service, `${settings}[Service]\nExecStart=${line}\nRestart=always\n`);
            await until(async () => (await answers(service)) === "v1", service);
        }

        beforeAll(async () => {
            built = new SwapServices("linux");
            for (const version of ["v1", "v2"]) built.build(version);
            for (const does of ["exits", "sick", "dies", "hangs"] as const) built.build(does, does);
            systemd = await Systemd.start();
            execFileSync("go", ["build", "-trimpath", "-o", here("program"), "./program"], {
                cwd: path.join(repoRoot, "agents/swap"),
                env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
            });
            fs.copyFileSync(built.at("v1"), here("v1"));
            for (const name of ["swapped", "scripted", "small", "stubborn"])
                fs.mkdirSync(here(name));
            // Room for two.
            const mib = String(Math.ceil((2.5 * fs.statSync(built.at("v1")).size) / 2 ** 20));
            systemd.run(["mount", "-t", "tmpfs", "-o", `size=${mib}m`, "small", "/run/home/small"]);
            fs.writeFileSync(here("scripted/run"), "#!/bin/sh\nexec /run/home/scripted/s\n", {
                mode: 0o755,
            });
            await serve("swapped");
            await serve("scripted", "", "/run/home/scripted/run");
            await serve("small");
            await serve("stubborn", "RefuseManualStop=yes\n");
        });
        afterAll(async () => {
            await systemd.stop();
            built.dispose();
        });

        test.each(faults)("%s", async (_name, fault) => {
            const service = fault.service ?? "swapped";
            const before = await answers(service);
            const directory = urls[service] === undefined ? "swapped" : service;
            // Inside, where that may be a file system of its own.
            const files = () =>
                systemd
                    .run(["ls", `/run/home/${directory}`])
                    .stdout.trim()
                    .split("\n")
                    .sort();
            const whole = fs.readFileSync(built.at(fault.version ?? "v2"));
            const content = fault.arrives?.(whole) ?? whole;
            const sent = fault.sent?.(whole) ?? whole;
            const ran = systemd.run(["/run/home/program", "put", `/run/home/state-${service}`], {
                env: {
                    KUBEDEV_SHA256: createHash("sha256").update(sent).digest("hex"),
                    KUBEDEV_SWAP: JSON.stringify({
                        ...{
                            service,
                            stopSec: 1,
                            healthSec: 2,
                            settleSec: 1,
                            undrain: "touch /run/home/undrained",
                        },
                        health: { httpUrl: urls[service] ?? urls["swapped"] },
                        ...fault.request,
                    }),
                },
                input: content,
            });
            const report = JSON.parse(ran.stdout.trim() || "{}") as Record<string, unknown>;
            const { outcome = "", why = ran.stderr, downtimeMs = 0 } = report;
            expect({ outcome, ran: ran.stderr }).toMatchObject({ outcome: fault.outcome });
            expect(why).toMatch(fault.why);
            expect(downtimeMs).toBeGreaterThanOrEqual(fault.downMs);
            if (fault.downMs === 0) {
                expect(downtimeMs).toBe(0);
            } else if (outcome !== "swapped") {
                expect(ran.stderr).toMatch(
                    outcome === "needs-hands"
                        ? /It runs sha256 [0-9a-f]{64}, and has been down for [0-9.]+ s/
                        : /It runs sha256 [0-9a-f]{64}, and was down for [0-9.]+ s/,
                );
            }
            // It runs one or the other, and nothing but the original and the lock is left beside it.
            const runs = outcome === "swapped" ? (fault.version ?? "v2") : before;
            await until(
                async () => (await answers(service)) === runs,
                `the service as ${runs ?? ""}`,
            );
            expect(files().filter((name) => !/^s\.kubedev-(original|lock)$/.test(name))).toEqual([
                ...["address", ...(service === "scripted" ? ["run"] : []), "s"],
            ]);
            expect(fs.existsSync(here(`state-${service}`, "journal.json"))).toBe(false);
        });
    },
);
