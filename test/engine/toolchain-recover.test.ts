/** toolchain/recover.sh on real locks and real pending operations of a killed CLI. */
import { ChildProcess, spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { repoRoot, ScratchStack } from "../support/engine";

/** A stack of one quick and one slow command; `slow` is how long a create, update or delete takes. */
function program(slow: {
    create?: number;
    update?: number;
    delete?: number;
    note?: string;
}): string {
    const sleep = (seconds: number | undefined) => JSON.stringify(`exec sleep ${seconds ?? 0}`);
    return `
        import * as command from "@pulumi/command";
        const quick = new command.local.Command("quick", { create: "true", logging: "none" });
        new command.local.Command("slow", {
            create: ${sleep(slow.create)}, update: ${sleep(slow.update)}, delete: ${sleep(slow.delete)},
            environment: { NOTE: "${slow.note ?? ""}" }, logging: "none",
        }, { dependsOn: [quick] });`;
}

let stack: ScratchStack;
afterEach(() => stack.dispose());

function recover(): { code: number | null; stderr: string } {
    const r = spawnSync(path.join(repoRoot, "toolchain/recover.sh"), [stack.stack], {
        env: { ...stack.env, KUBEDEV_PROJECT_DIR: stack.dir },
        encoding: "utf8",
        timeout: 60_000,
    });
    return { code: r.status, stderr: r.stderr };
}

function checkpoint(): {
    resources?: { urn: string }[];
    pending_operations?: { type: string; resource: { urn: string } }[];
} {
    const file = path.join(stack.dir, ".backend/.pulumi/stacks", stack.project, "test.json");
    return (
        (JSON.parse(fs.readFileSync(file, "utf8")) as { checkpoint: { latest?: object } })
            .checkpoint.latest ?? {}
    );
}

const pending = () =>
    (checkpoint().pending_operations ?? []).map(
        (o) => `${o.type} ${o.resource.urn.split("::").pop() ?? ""}`,
    );

function locks(): string[] {
    const dir = path.join(stack.dir, ".backend/.pulumi/locks/organization", stack.project, "test");
    return fs.existsSync(dir) ? fs.readdirSync(dir).filter((f) => f.endsWith(".json")) : [];
}

/** The provider plugins that an engine process has started, as process ids. */
function pluginsOf(engine: ChildProcess): number[] {
    const r = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(engine.pid)], {
        encoding: "utf8",
    });
    return r.stdout
        .split("\n")
        .filter((l) => l.includes("pulumi-resource-"))
        .map((l) => Number.parseInt(l, 10));
}

async function until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + 30_000;
    while (!holds()) {
        if (Date.now() > end) {
            throw new Error(`after 30 s there still was no ${what}`);
        }
        await new Promise((r) => setTimeout(r, 100));
    }
}

async function killed(child: ChildProcess): Promise<void> {
    const gone = new Promise((r) => child.on("exit", r));
    child.kill("SIGKILL");
    await gone;
}

/** Starts a run, kills it with -9 as soon as the state shows that operation; answers its plugins. */
async function killDuring(operation: string, args: string[]): Promise<number[]> {
    const child = stack.spawn([...args, "--yes", "--skip-preview"]);
    await until(`pending operation "${operation}"`, () => pending().includes(operation));
    const plugins = pluginsOf(child);
    await killed(child);
    return plugins;
}

test("a killed create: lock and pending operation go, the next preview creates it once", async () => {
    stack = await ScratchStack.create({ program: program({ create: 60 }) });
    const plugins = await killDuring("creating slow", ["up"]);
    expect(plugins).toHaveLength(1);
    expect(locks()).toHaveLength(1);

    const r = recover();
    expect(r.stderr).toContain("was killed while it worked on the stack test");
    expect(r.stderr).toContain("+ pulumi cancel -s test --yes");
    expect(r.stderr).toContain("left unfinished: creating slow");
    expect(r.stderr).toContain("--clear-pending-creates");
    expect(r.code).toBe(0);
    expect(locks()).toEqual([]);
    expect(pending()).toEqual([]);
    if (process.env.KUBEDEV_COMMAND_PLUGIN === undefined) {
        // One that lies elsewhere than in .toolchain is not recover.sh's to end.
        await until("end of the orphaned plugin", () =>
            plugins.every((p) => !fs.existsSync(`/proc/${p}`)),
        );
    }

    stack.program(program({}));
    const up = await stack.up();
    expect(up.ops()).toEqual({ slow: "create" });
    expect((await stack.preview()).ops()).toEqual({});
});

test("killed while the state was written: the one before is taken", async () => {
    stack = await ScratchStack.create({ program: program({ create: 60 }) });
    await killDuring("creating slow", ["up"]);
    const file = path.join(stack.dir, ".backend/.pulumi/stacks", stack.project, "test.json");
    fs.writeFileSync(file, "");
    fs.writeFileSync(`${file}.attrs`, "");
    const r = recover();
    expect(r.stderr).toContain("the state of the stack test was not written to its end");
    expect(r.stderr).toContain("test.json.attrs, which was not written to its end");
    expect(r.code).toBe(0);
    expect(locks()).toEqual([]);
    expect(pending()).toEqual([]);
    stack.program(program({}));
    await stack.up();
    expect((await stack.preview()).ops()).toEqual({});
});

test("a killed update and a killed delete: recovered, and what was there is still known", async () => {
    stack = await ScratchStack.create({ program: program({}) });
    await stack.up();
    stack.program(program({ update: 60, note: "changed" }));
    await killDuring("updating slow", ["up"]);
    expect(recover().code).toBe(0);
    expect(pending()).toEqual([]);
    expect((await stack.preview()).ops()).toEqual({ slow: "update" });

    stack.program(program({ delete: 60 }));
    await stack.up();
    await killDuring("deleting slow", ["destroy"]);
    expect(recover().code).toBe(0);
    expect(pending()).toEqual([]);
    expect((checkpoint().resources ?? []).some((r) => r.urn.endsWith("::slow"))).toBe(true);
    stack.program(program({}));
    await stack.up();
});

test("a lock whose owner lives is left alone, and the owner is named", async () => {
    stack = await ScratchStack.create({ program: program({ create: 60 }) });
    const child = stack.spawn(["up", "--yes", "--skip-preview"]);
    await until("pending create", () => pending().includes("creating slow"));
    try {
        const r = recover();
        expect(r.code).toBe(1);
        expect(r.stderr).toContain(`another pulumi (process ${child.pid}`);
        expect(locks()).toHaveLength(1);
        expect(child.exitCode).toBeNull();
    } finally {
        await killed(child);
        expect(recover().code).toBe(0);
    }
    stack.program(program({}));
});

test("a lock of another machine is left alone", async () => {
    stack = await ScratchStack.create({ program: program({}) });
    const dir = path.join(stack.dir, ".backend/.pulumi/locks/organization", stack.project, "test");
    fs.mkdirSync(dir, { recursive: true });
    const lock = path.join(dir, "0e5f2b0c.json");
    const owner = {
        pid: 999_999,
        username: "eve",
        hostname: "elsewhere",
        timestamp: "2026-01-02T03:04:05Z",
    };
    fs.writeFileSync(lock, JSON.stringify(owner));
    const r = recover();
    expect(r.code).toBe(1);
    expect(r.stderr).toContain("pulumi on elsewhere (process 999999 of eve)");
    expect(r.stderr).toContain("pulumi cancel -s test");
    expect(fs.existsSync(lock)).toBe(true);
    fs.rmSync(lock);
});

test("nothing to set right: no command is run", async () => {
    stack = await ScratchStack.create({ program: program({}) });
    await stack.up();
    const r = recover();
    expect(r).toEqual({ code: 0, stderr: "" });
});
