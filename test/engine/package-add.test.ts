/**
 * `pulumi package add` by Pulumi's own language hosts: the plugin folder of a clone, a git reference, and the program that an
 * installed package brings; each becomes a package in a language, and a program in it is brought up. Where the hosts are those
 * built from Go modules, which can neither, the tests say so.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import * as YAML from "yaml";
import { engineEnv } from "../support/engine-cli";
import { ScratchStack } from "../support/engine";
import { GitServer } from "../support/git-server";
import { type HostLanguage, hostMissing, hostOf, hostsPath } from "../support/language-hosts";
import { copySources, pack, run } from "../support/package";
import { emptyProvider, startByHost } from "../support/plugin-start";
import { scratchDir } from "../support/scratch";

jest.setTimeout(600_000);

const missing = {
    nodejs: hostMissing("nodejs"),
    python: hostMissing("python"),
    yaml: hostMissing("yaml"),
};

let scratch: string;
let clone: string;
let git: GitServer;
let env: Record<string, string | undefined>;
const stacks: ScratchStack[] = [];

beforeAll(async () => {
    if (missing.nodejs !== undefined) {
        return;
    }
    // With a blank in its name, and with a home where nothing is.
    scratch = scratchDir("kubedev package add-");
    clone = path.join(scratch, "a clone");
    copySources(clone);
    for (const folder of ["home", "backend", "git"]) {
        fs.mkdirSync(path.join(scratch, folder));
    }
    git = await GitServer.start(path.join(scratch, "git"));
    const pulumiHome = path.join(scratch, "pulumi");
    const { PULUMI_HOME = "" } = engineEnv();
    fs.mkdirSync(path.join(pulumiHome, "plugins"), { recursive: true });
    for (const name of fs.readdirSync(path.join(PULUMI_HOME, "plugins"))) {
        // As the engine looks at them, a link is no plugin.
        if (/^resource-(azure-native|command|kubernetes)-v[\d.]+$/.test(name)) {
            const there = path.join(PULUMI_HOME, "plugins", name);
            fs.cpSync(there, path.join(pulumiHome, "plugins", name), { recursive: true });
        }
    }
    const { stdout } = await run("npm", ["config", "get", "cache"]);
    const authorities = "/etc/ssl/certs/ca-certificates.crt";
    env = {
        ...{ PATH: hostsPath, HOME: path.join(scratch, "home"), PULUMI_HOME: pulumiHome },
        XDG_STATE_HOME: path.join(scratch, "state"),
        PULUMI_BACKEND_URL: `file://${path.join(scratch, "backend")}`,
        // As a user's program.
        PULUMI_NODEJS_TSCONFIG_PATH: undefined,
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: undefined,
        ...{ npm_config_cache: stdout.trim(), npm_config_prefer_offline: "true" },
        ...(fs.existsSync(authorities)
            ? { NODE_EXTRA_CA_CERTS: authorities, PIP_CERT: authorities }
            : {}),
        ...git.env,
    };
}, 120_000);

afterAll(async () => {
    if (missing.nodejs !== undefined) {
        return;
    }
    for (const stack of stacks) {
        await stack.dispose();
    }
    git.stop();
    fs.rmSync(scratch, { recursive: true, force: true });
}, 120_000);

const nodeFiles = {
    "package.json": JSON.stringify({
        ...{ name: "program", private: true, main: "index.ts" },
        dependencies: { "@pulumi/pulumi": "^3.248.0" },
        devDependencies: { "@types/node": "^20", typescript: "~5.9.3" },
    }),
};
const typescript = (name: string) => `
import * as path from "node:path";
import * as kubedev from ${JSON.stringify(name)};
const file = new kubedev.HostFile("motd", { path: path.join(__dirname, "made"), content: "hello\\n" });
const stamp = new kubedev.HostCommand("stamp", {
    create: "echo made",
    update: "true",
    triggers: { file: file.sha256 },
});
export const digest = file.sha256;
export const said = stamp.stdout;
`;
const python = (name: string) => `
import os
import pulumi
import ${name} as kubedev

motd = kubedev.HostFile("motd", path=os.path.abspath("made"), content="hello\\n")
stamp = kubedev.HostCommand("stamp", create="echo made", update="true", triggers={"file": motd.sha256})
pulumi.export("digest", motd.sha256)
pulumi.export("said", stamp.stdout)
`;
const yaml = (dir: string) => ({
    resources: {
        motd: {
            type: "kubedev:index:HostFile",
            properties: { path: path.join(dir, "made"), content: "hello\n" },
        },
        stamp: {
            type: "kubedev:index:HostCommand",
            properties: {
                ...{ create: "echo made", update: "true" },
                triggers: { file: "${motd.sha256}" },
            },
        },
    },
    outputs: { digest: "${motd.sha256}", said: "${stamp.stdout}" },
});

/** A project in a folder of its own. */
async function project(name: string, files: Record<string, string>): Promise<ScratchStack> {
    const dir = path.join(scratch, `${name} program`);
    const made = ScratchStack.adopt(dir, { project: name, stack: "dev", env });
    for (const [file, text] of Object.entries(files)) {
        made.write(file, text);
    }
    stacks.push(made);
    await must(made, ["stack", "init", "dev"]);
    return made;
}

async function must(stack: ScratchStack, args: string[]): Promise<string> {
    const { code, stdout, stderr } = await stack.run(args, { noStack: true, timeoutMs: 300_000 });
    expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
    return stdout + stderr;
}

const digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/** The program makes its file, is at rest, and leaves nothing. */
async function lives(stack: ScratchStack): Promise<void> {
    const file = path.join(stack.dir, "made");
    expect((await stack.preview({ timeoutMs: 300_000 })).ops()).toMatchObject({
        "motd-file": "create",
        "stamp-command": "create",
    });
    expect(fs.existsSync(file)).toBe(false);
    await stack.up({ timeoutMs: 300_000 });
    expect(fs.readFileSync(file, "utf8")).toBe("hello\n");
    expect(await stack.outputs()).toEqual({ digest, said: "made" });
    expect((await stack.preview()).ops()).toEqual({});
    await stack.destroy();
    expect(fs.existsSync(file)).toBe(false);
}

function by(...languages: HostLanguage[]) {
    const why = languages.map((language) => missing[language]).find((text) => text !== undefined);
    return (title: string, body: () => Promise<void>) =>
        why === undefined ? test(title, body) : test.skip(`${title} [${why}]`, body);
}

by("nodejs")("TypeScript, by the plugin folder of a clone, whose edits count at once", async () => {
    const stack = await typescriptProject("typescript", "@pulumi/kubedev");
    await must(stack, ["package", "add", path.join(clone, "plugin")]);
    await lives(stack);

    const source = path.join(clone, "components/host/host-file.ts");
    const text = fs.readFileSync(source, "utf8");
    expect(text).toContain("`${name}-file`");
    fs.writeFileSync(source, text.replace("`${name}-file`", "`${name}-edited`"));
    expect((await stack.preview()).ops()).toMatchObject({ "motd-edited": "create" });
    fs.writeFileSync(source, text);
});

by("nodejs")("TypeScript, by the tag of a git reference", async () => {
    const stack = await typescriptProject("typescript-tag", "@you/kubedev");
    await must(stack, ["package", "add", tagged()]);
    await lives(stack);
});

by("nodejs")("the plugin starts as soon as an empty one by the same host", async () => {
    const empty = path.join(scratch, "empty");
    fs.mkdirSync(empty);
    fs.symlinkSync(path.join(clone, "plugin/node_modules"), path.join(empty, "node_modules"));
    const main = path.basename(emptyProvider(empty));
    fs.writeFileSync(path.join(empty, "package.json"), JSON.stringify({ name: "empty", main }));
    const ratios: number[] = [];
    for (let round = 0; round < 3; round++) {
        const of = await startByHost(hostOf("nodejs"), empty);
        const own = await startByHost(hostOf("nodejs"), path.join(clone, "plugin"));
        expect(JSON.parse(own.schema)).toMatchObject({ name: "kubedev" });
        ratios.push(own.firstAnswerMs / of.firstAnswerMs);
    }
    process.stdout.write(`first answer by the host, of an empty provider's: ${ratios.join(" ")}\n`);
    expect(Math.min(...ratios)).toBeLessThanOrEqual(1.5);
});

by("nodejs", "python")("Python, by the tag of a git reference", async () => {
    // By its place a package is of somebody's.
    const stack = await pythonProject("python", "you_kubedev");
    const said = await must(stack, ["package", "add", tagged()]);
    expect(said).toContain("import you_kubedev as kubedev");
    await lives(stack);
});

by("nodejs", "python")("Python, by the plugin folder of a clone", async () => {
    const stack = await pythonProject("python-clone", "pulumi_kubedev");
    await must(stack, ["package", "add", path.join(clone, "plugin")]);
    await lives(stack);
});

by("nodejs", "yaml")("YAML, by the commit of a git reference", async () => {
    const commit = git.publish(copyOf("of a commit"), "us/kubedev.git", "v0.0.1");
    const dir = path.join(scratch, "yaml program");
    const stack = await project("yaml", {
        "Pulumi.yaml": JSON.stringify({ name: "yaml", runtime: "yaml", ...yaml(dir) }),
    });
    const reference = `${git.reference("us/kubedev.git/plugin")}@${commit}`;
    await must(stack, ["package", "add", reference]);
    const program = fs.readFileSync(path.join(dir, "Pulumi.yaml"), "utf8");
    expect(program).toContain(reference);
    await lives(stack);

    // What only some components load is there, too.
    const net = {
        type: "kubedev:index:AgentNetwork",
        properties: { location: "westeurope", allowedCidrs: ["203.0.113.7/32"] },
    };
    const { packages } = YAML.parse(program) as { packages: unknown };
    stack.write(
        "Pulumi.yaml",
        JSON.stringify({ name: "yaml", runtime: "yaml", packages, resources: { net } }),
    );
    expect((await stack.preview({ timeoutMs: 300_000 })).ops()).toMatchObject({
        "net-network": "create",
    });
});

by("nodejs", "python")("Python, by the program of the installed package", async () => {
    const tarball = await pack(path.join(scratch, "home"));
    const plugins = "plugins: {providers: [{name: kubedev, path: node_modules/.bin}]}\n";
    const stack = await pythonProject("installed", "pulumi_kubedev", plugins);
    stack.write("package.json", JSON.stringify({ dependencies: { kubedev: `file:${tarball}` } }));
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", install, { cwd: stack.dir, env: stack.env });
    await must(stack, ["package", "add", "./node_modules/.bin/pulumi-resource-kubedev"]);
    await lives(stack);
});

async function typescriptProject(name: string, kubedev: string): Promise<ScratchStack> {
    const stack = await project(name, {
        ...{ "Pulumi.yaml": `name: ${name}\nruntime: nodejs\n`, ...nodeFiles },
        "index.ts": typescript(kubedev),
    });
    await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: stack.dir, env: stack.env });
    return stack;
}

function pythonProject(name: string, kubedev: string, more = ""): Promise<ScratchStack> {
    const runtime = "runtime: {name: python, options: {toolchain: pip, virtualenv: venv}}";
    return project(name, {
        "Pulumi.yaml": `name: ${name}\n${runtime}\n${more}`,
        ...{ "requirements.txt": "pulumi>=3.140\n", "__main__.py": python(kubedev) },
    });
}

/** A git reference to what the clone has, by a tag. */
function tagged(): string {
    if (!fs.existsSync(path.join(scratch, "published"))) {
        git.publish(copyOf("published"), "you/kubedev.git", "v0.1.0");
    }
    return `${git.reference("you/kubedev.git/plugin")}@v0.1.0`;
}

/** The clone without what was installed in it. */
function copyOf(name: string): string {
    const folder = path.join(scratch, name);
    fs.cpSync(clone, folder, {
        recursive: true,
        filter: (file) => path.basename(file) !== "node_modules",
    });
    return folder;
}
