/**
 * What another project gets: the package is packed from a copy of the sources, installed from that file in a program
 * outside the repository, and that program is previewed, brought up and removed by the real engine.
 */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { repoRoot, ScratchStack } from "../support/engine";

const execute = promisify(execFile);
/** What a failed program said on its standard output, as tsc does, is in the error. */
const run: typeof execute = ((...args: Parameters<typeof execute>) =>
    execute(...args).catch((error: unknown) => {
        const { message, stdout } = error as Error & { stdout: string };
        throw new Error(`${message}\n${stdout}`, { cause: error });
    })) as typeof execute;

const program = `
import * as fs from "node:fs";
import * as path from "node:path";
import * as kubedev from "kubedev";
import * as policy from "kubedev/policy";

policy.enforce();
const notes = new kubedev.HostFile("notes", {
    path: path.join(__dirname, "made", "notes.txt"),
    content: "from another program\\n",
});
const sleeper = new kubedev.HostService("sleeper", {
    command: ["sleep", "600"],
    restartOn: { notes: notes.sha256 },
    supervisor: kubedev.Supervisor.Detached,
});
const image = new kubedev.BaseImage("image", { disk: { path: path.join(__dirname, "disk.qcow2") } });
const machine = new kubedev.VirtualMachine("machine", {
    baseImage: image.files,
    memoryMib: 512,
    running: false,
});

export const notesPath = notes.path;
export const pid = sleeper.pid;
export const ssh = machine.sshCommand;
export const libraryFolder = path.dirname(require.resolve("kubedev/package.json"));
`;

/** The same file made by the plugin, as a program in another language would have it made. */
const remoteProgram = `
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";

class HostFile extends pulumi.ComponentResource {
    declare readonly path: pulumi.Output<string>;
    declare readonly sha256: pulumi.Output<string>;

    constructor(name: string, args: pulumi.Inputs) {
        super("kubedev:index:HostFile", name, { ...args, sha256: undefined }, {}, true);
    }
}

const notes = new HostFile("notes", {
    path: path.join(__dirname, "made", "remote.txt"),
    content: "from a plugin\\n",
});
export const notesPath = notes.path;
export const sha256 = notes.sha256;
`;

let scratch: string;
let tarball: string;
let stack: ScratchStack;

/** Packs a copy: nothing is left in the checkout, where engine tests import the sources. */
async function pack(): Promise<string> {
    const copy = path.join(scratch, "copy");
    const sources = [
        "components",
        "scripts",
        "agents",
        "policy",
        "plugin",
        "index.ts",
        "schema.json",
    ];
    const settings = ["package.json", "tsconfig.json", "tsconfig.build.json"];
    for (const name of [...sources, ...settings, "LICENSE", "README.md", "CHANGELOG.md"]) {
        fs.cpSync(path.join(repoRoot, name), path.join(copy, name), { recursive: true });
    }
    fs.symlinkSync(path.join(repoRoot, "node_modules"), path.join(copy, "node_modules"));
    await run("npm", ["pack", "--ignore-scripts=false", "--pack-destination", scratch], {
        cwd: copy,
    });
    const [made] = fs.readdirSync(scratch).filter((name) => name.endsWith(".tgz"));
    return path.join(scratch, made ?? "npm pack made no file");
}

const sdkVersion = (
    JSON.parse(
        fs.readFileSync(path.join(repoRoot, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
    ) as { version: string }
).version;

beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "kubedev-package-"));
    tarball = await pack();
    // As a user's program: by the settings that lie beside it.
    const env = { PULUMI_NODEJS_TSCONFIG_PATH: undefined };
    stack = await ScratchStack.create({ program, project: "consumer", env });
    fs.rmSync(path.join(stack.dir, "node_modules"), { recursive: true });
    stack.write(
        "package.json",
        JSON.stringify({
            name: "consumer",
            private: true,
            dependencies: { "@pulumi/pulumi": sdkVersion, kubedev: `file:${tarball}` },
        }),
    );
    await run(
        "npm",
        ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        { cwd: stack.dir },
    );
    const disk = path.join(stack.dir, "disk.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "64M"]);
}, 600_000);

afterAll(async () => {
    await stack.dispose();
    fs.rmSync(scratch, { recursive: true, force: true });
});

test("the package holds code, types, sources, scripts and documents, and nothing else", () => {
    const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" })
        .trim()
        .split("\n")
        .map((name) => name.replace(/^package\//, ""));
    expect(names).toEqual(
        expect.arrayContaining([
            ...["bin/index.js", "bin/index.d.ts", "bin/components/host/host-file.js"],
            ...["index.ts", "components/host/host-file.ts", "scripts/host/prelude.sh"],
            ...["PulumiPlugin.yaml", "schema.json", "tsconfig.json"],
            ...["package.json", "LICENSE", "README.md", "CHANGELOG.md"],
        ]),
    );
    const folders = new Set(names.filter((name) => name.includes("/")).map((n) => n.split("/")[0]));
    expect([...folders].sort()).toEqual(["agents", "bin", "components", "policy", "scripts"]);
});

test("Pulumi accepts the schema that the package ships", async () => {
    const file = path.join(stack.dir, "node_modules/kubedev/schema.json");
    const { code, stdout, stderr } = await stack.run(["schema", "check", file], { noStack: true });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("a strict TypeScript program compiles against its types", async () => {
    const strict = { strict: true, noEmit: true, target: "ES2022", module: "commonjs" };
    stack.write(
        "strict/tsconfig.json",
        JSON.stringify({
            compilerOptions: { ...strict, moduleResolution: "node10", types: ["node"] },
            files: ["../index.ts"],
        }),
    );
    await run("node_modules/.bin/tsc", ["-p", "strict"], { cwd: stack.dir });
});

test("the program is previewed, brought up, unchanged, and removed", async () => {
    const preview = await stack.preview();
    expect(Object.values(preview.ops()).every((op) => op === "create")).toBe(true);
    expect(preview.step("machine").type).toBe("kubedev:index:VirtualMachine");

    await stack.up();
    const { notesPath, pid, ssh, libraryFolder } = await stack.outputs();
    expect(libraryFolder).toBe(path.join(stack.dir, "node_modules/kubedev"));
    expect(fs.readFileSync(String(notesPath), "utf8")).toBe("from another program\n");
    expect(commandLine(Number(pid))).toBe("sleep 600");
    expect(ssh).toMatch(/^ssh /);
    expect((await stack.preview()).ops()).toEqual({});

    await stack.destroy();
    expect(fs.readdirSync(stack.dir)).not.toContain("made");
    expect(commandLine(Number(pid))).toBe("");
}, 600_000);

test("a program without the library's code makes a component by the plugin", async () => {
    usePlugin(path.join(stack.dir, "node_modules/kubedev"));
    stack.program(remoteProgram);

    expect((await stack.preview()).step("notes").type).toBe("kubedev:index:HostFile");
    await stack.up();
    const { notesPath, sha256 } = await stack.outputs();
    expect(fs.readFileSync(String(notesPath), "utf8")).toBe("from a plugin\n");
    expect(sha256).toBe(createHash("sha256").update("from a plugin\n").digest("hex"));
    expect((await stack.preview()).ops()).toEqual({});
    await stack.destroy();
    expect(fs.existsSync(String(notesPath))).toBe(false);
}, 600_000);

/** Empty when the process is gone, or only waits to be reaped. */
function commandLine(pid: number): string {
    const file = `/proc/${pid}/cmdline`;
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").replaceAll("\0", " ").trim() : "";
}

/** Current language hosts start a plugin folder themselves; the offline one needs an executable that does. */
function usePlugin(folder: string): void {
    const shim = stack.write(
        ".plugin-kubedev/pulumi-resource-kubedev",
        `#!/bin/sh\ncd '${folder}' && exec node ../@pulumi/pulumi/cmd/run-plugin "$PWD" "$@"\n`,
    );
    fs.chmodSync(shim, 0o755);
    const file = path.join(stack.dir, "Pulumi.yaml");
    const project = parse(fs.readFileSync(file, "utf8")) as {
        plugins?: { providers: { name: string; path: string }[] };
    };
    const providers = project.plugins?.providers ?? [];
    providers.push({ name: "kubedev", path: path.dirname(shim) });
    fs.writeFileSync(file, stringify({ ...project, plugins: { providers } }));
}
