/** A run that is killed or interrupted while a service starts, and a host that was rebooted. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { library, ScratchStack } from "../support/engine";
import {
    dirOf,
    filesBelow,
    isRunning,
    markedBy,
    pidOf,
    recordOf,
    until,
} from "../support/host-state";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const service = new kubedev.HostService("s", {
    command: ["sleep", "10000"],
    // Healthy once the test says so.
    healthCheck: { command: "[ -e " + path.join(__dirname, "healthy") + " ]", timeoutSec: 60 },
    supervisor: kubedev.Supervisor.Detached,
});
new kubedev.HostFile("f", {
    path: path.join(__dirname, "made/f"), content: "x", parentIds: [service.instanceId],
});
`;

let stack: ScratchStack;
const dir = () => dirOf(stack, "s-service");
const starting = () =>
    until(
        () => fs.existsSync(path.join(dir(), "record")) && recordOf(dir()).spec === "starting",
        "a service that starts",
        120_000,
    );
/** The service's processes: itself and the reader of its log. */
const sleeps = () =>
    markedBy(dir()).filter((pid) =>
        fs.readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").startsWith("sleep\0"),
    );

beforeEach(async () => {
    stack = await ScratchStack.create({ program });
});
afterEach(async () => {
    await stack.dispose();
});

test("killed with -9 while a service starts: the next up has one process, and the next preview is clean", async () => {
    const begun = stack.spawn(["up", "--yes", "--skip-preview"]);
    await starting();
    const exited = new Promise((resolve) => begun.on("exit", resolve));
    begun.kill("SIGKILL");
    await exited;
    // What it left: its lock, which the CLI explains, and the script, which goes on.
    await stack.cancel();
    stack.write("healthy", "");
    const made = await stack.up();
    expect(made.ops()).toMatchObject({ "s-service": "create", "f-file": "create" });
    expect(sleeps()).toEqual([pidOf(dir())]);
    expect((await stack.preview()).ops()).toEqual({});
    await stack.destroy();
    expect(markedBy(dir())).toEqual([]);
    expect(filesBelow(stack.stateHome)).toEqual([]);
});

test("interrupted while a service starts: it is stopped again", async () => {
    const begun = stack.spawn(["up", "--yes", "--skip-preview"]);
    const exited = new Promise<number | null>((resolve) => begun.on("exit", resolve));
    await starting();
    const pid = pidOf(dir());
    begun.kill("SIGINT");
    expect(await exited).not.toBe(0);
    await until(() => !isRunning(pid), "the end of the service", 60_000);
    await until(() => markedBy(dir()).length === 0, "the end of all that it started", 60_000);
    stack.write("healthy", "");
    await stack.up();
    expect(sleeps()).toHaveLength(1);
    expect((await stack.preview()).ops()).toEqual({});
});

/** Runs the CLI with another boot id, as after a reboot; needs root. */
function rebooted(): Record<string, string> {
    const id = stack.write("boot id", "11111111-2222-3333-4444-555555555555\n");
    const real = execFileSync("sh", ["-c", "command -v pulumi"], {
        env: stack.env,
        encoding: "utf8",
    }).trim();
    const wrapper = stack.write(
        "bin/pulumi",
        `#!/bin/sh
exec unshare -m sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' '${id}' '${real}' "$@"
`,
    );
    fs.chmodSync(wrapper, 0o755);
    return { PATH: `${path.dirname(wrapper)}:${stack.env.PATH ?? ""}` };
}

function whyNot(): string | undefined {
    try {
        execFileSync("unshare", ["-m", "true"], { stdio: "ignore" });
        return undefined;
    } catch {
        return "this user may not make a mount namespace";
    }
}

(whyNot() === undefined ? test : test.skip)(
    `after a reboot: the dead are shown, started again, and nothing else${whyNot() === undefined ? "" : `: ${whyNot() ?? ""}`}`,
    async () => {
        stack.write("healthy", "");
        await stack.up();
        const before = pidOf(dir());
        const env = rebooted();
        const things = (ops: Record<string, string>) =>
            Object.fromEntries(Object.entries(ops).filter(([name]) => name.includes("-")));
        expect(things((await stack.preview({ env })).ops())).toEqual({
            "s-service": "replace",
            "f-file": "replace",
        });
        await stack.up({ env });
        // The process of before did not die in this reboot: it is found by its mark, not by its number.
        expect(isRunning(before)).toBe(false);
        expect(sleeps()).toEqual([pidOf(dir())]);
        expect((await stack.preview({ env })).ops()).toEqual({});
        // Back in the old boot it is dead again, as far as one can tell.
        expect(things((await stack.preview()).ops())).toEqual({
            "s-service": "replace",
            "f-file": "replace",
        });
    },
);
