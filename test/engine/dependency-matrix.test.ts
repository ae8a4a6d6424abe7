/**
 * The dependency recipe (design 3.2.3) on the real engine: disk -> machine -> service -> file, where service and file
 * are inside the machine, reached by ssh. For each event: what the preview says, the order in which the scripts really
 * ran, and that the next preview is clean. Runs on the installed command plugin, or on the one that
 * KUBEDEV_COMMAND_PLUGIN names. A service of the stack that runs a real sshd stands for the machine; when it starts,
 * what ran in its last life is gone, and on another disk all that was kept is gone too.
 */
import * as fs from "fs";
import * as path from "path";
import { repoRoot, ScratchStack } from "../support/engine";
import { dirOf, filesBelow, isRunning, killHard, pidOf } from "../support/host-state";
import { SshdFiles, sshdFiles } from "../support/machine";
import { sshdMissing } from "../support/sshd";

// Each test is up to four runs of the engine.
jest.setTimeout(300_000);

const components = path.join(repoRoot, "components");

/** What the program declares; the tests change it. */
interface Declared {
    image: string;
    memoryMib: number;
    running: boolean;
    /** Makes the machine's process end at once. */
    broken: boolean;
    version: string;
    /** Values that no trigger holds. */
    note: string;
    things: string[];
}

const program = (machine: SshdFiles) => `
import * as fs from "fs";
import * as path from "path";
import { hostResource } from "${components}/host/host-resource";
import { serviceEnvironment, Supervisor } from "${components}/host/service-resource";

const declared = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const scripts = (thing: string) => ({
    create: path.join(__dirname, "traced", "create-" + thing),
    update: path.join(__dirname, "traced", "update-" + thing),
    delete: path.join(__dirname, "traced", "delete-" + thing),
});
const common = { KUBEDEV_TRACE: path.join(__dirname, "trace"), KUBEDEV_NOTE: declared.note };
const file = (at: string) => ({
    ...common, KUBEDEV_PATH: at, KUBEDEV_MODE: "0600", KUBEDEV_OWNER: "", KUBEDEV_OVERWRITE: "false",
});
const service = (run: string, health: string, running = true) => ({
    ...common,
    ...serviceEnvironment({
        host: undefined, spec: {}, run, health, healthTimeoutSec: 20, stopTimeoutSec: 5,
        logMaxMib: 1, logKeep: 1, supervisor: Supervisor.Detached, running,
    }),
});
const has = (thing: string) => declared.things.includes(thing);

if (has("disk")) {
    const disk = hostResource("disk", {
        host: undefined, ...scripts("disk"),
        spec: { image: declared.image },
        environment: file(path.join(__dirname, "disk.img")),
        stdin: declared.image,
    }, {});
    if (has("machine")) {
        const ssh = ${JSON.stringify(machine.ssh)};
        const sshd = declared.broken ? "echo no memory; exit 1" : ${JSON.stringify(machine.boot)};
        const machine = hostResource("machine", {
            host: undefined, ...scripts("machine"),
            spec: { memoryMib: declared.memoryMib, running: declared.running },
            parents: [disk.resource.id],
            environment: service(sshd.replace("DISK", path.join(__dirname, "disk.img")), "exec 2>&1; timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + ssh.port + "'", declared.running),
        }, {});
        const host = {
            ssh, parentId: machine.resource.id, parentUrn: machine.resource.urn, running: declared.running,
        };
        if (has("service")) {
            const service_ = hostResource("service", {
                host, ...scripts("service"),
                spec: { version: declared.version },
                environment: service("exec sleep 100000", "true"),
            }, {});
            if (has("file")) {
                hostResource("file", {
                    host, ...scripts("file"),
                    spec: { path: ${JSON.stringify(machine.file)} },
                    parents: [service_.resource.id],
                    environment: file(${JSON.stringify(machine.file)}),
                    stdin: "content",
                }, {});
            }
        }
    }
}
`;

(sshdMissing === undefined ? describe : describe.skip)(
    `dependency matrix${sshdMissing === undefined ? "" : `: ${sshdMissing}`}`,
    () => {
        let stack: ScratchStack;
        let machine: SshdFiles;
        let declared: Declared = {
            image: "bookworm",
            memoryMib: 1024,
            running: true,
            broken: false,
            version: "1",
            note: "first",
            things: ["disk", "machine", "service", "file"],
        };
        const local = (key: string) => dirOf(stack, key);
        const guest = (key: string) => dirOf(stack, key, machine.stateHome);
        const guestFile = () => machine.file;

        const declare = (change: Partial<Declared>) => {
            declared = { ...declared, ...change };
            stack.write("declared.json", JSON.stringify(declared));
        };

        /** The scripts that ran since the last call, in order. */
        const takeTrace = () => {
            const file = path.join(stack.dir, "trace");
            const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
            fs.rmSync(file, { force: true });
            return text.split("\n").filter((line) => line !== "");
        };

        /** Previews and makes a change; answers what was previewed and which scripts ran. */
        const change = async () => {
            const previewed = await stack.preview();
            expect(takeTrace()).toEqual([]);
            const made = await stack.up();
            expect(made.ops()).toEqual(previewed.ops());
            return { previewed: previewed.ops(), ran: takeTrace() };
        };

        const expectClean = async () => {
            const next = await stack.preview();
            expect(next.ops()).toEqual({});
            expect(next.warnings).toEqual([]);
        };

        beforeAll(async () => {
            stack = await ScratchStack.create({ program: "" });
            machine = await sshdFiles(path.join(stack.dir, "machine"));
            stack.program(program(machine));
            const real = {
                disk: ["file-write", "file-remove"],
                machine: ["service-start", "service-remove"],
                service: ["service-start", "service-remove"],
                file: ["file-write", "file-remove"],
            };
            for (const [thing, [make, remove]] of Object.entries(real)) {
                for (const verb of ["create", "update", "delete"]) {
                    const script = verb === "delete" ? remove : make;
                    const target = path.join(repoRoot, "scripts/host", `${script ?? ""}.sh`);
                    stack.write(
                        `traced/${verb}-${thing}`,
                        `echo "${verb} $KUBEDEV_KEY" >>"$KUBEDEV_TRACE"\n` +
                            `. ${path.relative(path.join(stack.dir, "traced"), target)}\n`,
                    );
                }
            }
            declare({});
        });

        afterAll(async () => {
            await stack.dispose();
        });

        test("first up: from the ground upwards", async () => {
            const { previewed, ran } = await change();
            expect(previewed).toEqual({
                disk: "create",
                machine: "create",
                service: "create",
                file: "create",
            });
            expect(ran).toEqual(["create disk", "create machine", "create service", "create file"]);
            await expectClean();
        });

        test("spec of the machine: all on it goes first, the disk stays", async () => {
            declare({ memoryMib: 2048 });
            const before = pidOf(local("machine"));
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ machine: "replace", service: "replace", file: "replace" });
            expect(ran).toEqual([
                "delete file",
                "delete service",
                "delete machine",
                "create machine",
                "create service",
                "create file",
            ]);
            expect(isRunning(before)).toBe(false);
            await expectClean();
        });

        test("image: the disk goes last, and never under a running machine", async () => {
            declare({ image: "trixie" });
            const { previewed, ran } = await change();
            expect(previewed).toEqual({
                disk: "replace",
                machine: "replace",
                service: "replace",
                file: "replace",
            });
            // What is on the machine goes with it, since it is no machine of the user's that begins the chain.
            expect(ran).toEqual([
                "delete machine",
                "delete disk",
                "create disk",
                "create machine",
                "create service",
                "create file",
            ]);
            await expectClean();
        });

        test("death of the machine: it and what is on it, not the disk", async () => {
            const before = pidOf(guest("service"));
            await killHard(pidOf(local("machine")));
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ machine: "replace", service: "replace", file: "replace" });
            expect(ran).toEqual([
                "delete machine",
                "create machine",
                "create service",
                "create file",
            ]);
            expect(isRunning(before)).toBe(false);
            expect(isRunning(pidOf(guest("service")))).toBe(true);
            await expectClean();
        });

        test("death of the service: it and what stands on it", async () => {
            await killHard(pidOf(guest("service")));
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ service: "replace", file: "replace" });
            expect(ran).toEqual(["delete file", "delete service", "create service", "create file"]);
            await expectClean();
        });

        test("loss of the file: it alone", async () => {
            fs.rmSync(guestFile());
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ file: "replace" });
            expect(ran).toEqual(["delete file", "create file"]);
            expect(fs.readFileSync(guestFile(), "utf8")).toBe("content");
            await expectClean();
        });

        test("loss of the disk: all of it, the machine stopped first", async () => {
            fs.rmSync(path.join(stack.dir, "disk.img"));
            const { previewed, ran } = await change();
            expect(previewed).toEqual({
                disk: "replace",
                machine: "replace",
                service: "replace",
                file: "replace",
            });
            expect(ran).toEqual([
                "delete machine",
                "delete disk",
                "create disk",
                "create machine",
                "create service",
                "create file",
            ]);
            await expectClean();
        });

        test("loss of the machine's record: it is stopped and started, not started twice", async () => {
            const before = pidOf(local("machine"));
            fs.rmSync(path.join(local("machine"), "record"));
            const { previewed } = await change();
            expect(previewed).toEqual({ machine: "replace", service: "replace", file: "replace" });
            expect(isRunning(before)).toBe(false);
            await expectClean();
        });

        test("values that are no trigger: each in place, nothing restarts", async () => {
            declare({ note: "second" });
            const before = [pidOf(local("machine")), pidOf(guest("service"))];
            const { previewed, ran } = await change();
            expect(previewed).toEqual({
                disk: "update",
                machine: "update",
                service: "update",
                file: "update",
            });
            expect([...ran].sort()).toEqual([
                "update disk",
                "update file",
                "update machine",
                "update service",
            ]);
            expect([pidOf(local("machine")), pidOf(guest("service"))]).toEqual(before);
            await expectClean();
        });

        test("failed create: nothing is left running, and the next up goes on from there", async () => {
            declare({ memoryMib: 4096, broken: true });
            const failed = await stack.up({ expectFailure: true });
            expect(takeTrace()).toEqual([
                "delete file",
                "delete service",
                "delete machine",
                "create machine",
            ]);
            expect(failed.errors.join("\n")).toContain("no memory");
            expect(fs.existsSync(path.join(local("machine"), "record"))).toBe(false);

            declare({ broken: false });
            const { previewed, ran } = await change();
            expect(Object.keys(previewed).sort()).toEqual(["file", "machine", "service"]);
            expect(ran).toEqual(["create machine", "create service", "create file"]);
            await expectClean();
        });

        test("a machine that is declared as stopped, and started again", async () => {
            declare({ running: false });
            const stopped = await change();
            expect(stopped.previewed).toEqual({
                machine: "replace",
                service: "replace",
                file: "replace",
            });
            // What is on it was removed while it still ran; nothing is asked of it afterwards.
            expect(stopped.ran).toEqual([
                "delete file",
                "delete service",
                "delete machine",
                "create machine",
            ]);
            await expectClean();

            declare({ running: true });
            const started = await change();
            expect(started.previewed).toEqual(stopped.previewed);
            expect(started.ran).toEqual([
                "delete machine",
                "create machine",
                "create service",
                "create file",
            ]);
            await expectClean();
        });

        test("removal of the file alone: its delete runs on the machine", async () => {
            declare({ things: ["disk", "machine", "service"] });
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ file: "delete" });
            expect(ran).toEqual(["delete file"]);
            expect(fs.existsSync(guestFile())).toBe(false);
            await expectClean();
        });

        test("removal of the machine: what is on it goes with it", async () => {
            declare({ things: ["disk"] });
            const { previewed, ran } = await change();
            expect(previewed).toEqual({ machine: "delete", service: "delete" });
            expect(ran).toEqual(["delete machine"]);
            await expectClean();
        });

        test("destroy leaves nothing", async () => {
            declare({ things: ["disk", "machine", "service", "file"] });
            await stack.up();
            const pids = [pidOf(local("machine")), pidOf(guest("service"))];
            takeTrace();
            await stack.destroy();
            expect(takeTrace()).toEqual(["delete machine", "delete disk"]);
            expect(isRunning(pids[0] ?? 0)).toBe(false);
            await killHard(pids[1] ?? 0);
            expect(filesBelow(stack.stateHome)).toEqual([]);
            expect(fs.existsSync(path.join(stack.dir, "disk.img"))).toBe(false);
        });
    },
);
