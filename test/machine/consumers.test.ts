/**
 * What other programs get: the package is packed, and `make program` makes one in each language outside the repository, below
 * a directory with a blank in its name and with a home where nothing is. Those in TypeScript and Python bring their machine up.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { portable } from "../../plugin/portable-schema";
import { engineEnv, withVars } from "../support/engine-cli";
import { repoRoot, ScratchStack } from "../support/engine";
import { imageCache, inGuest, recordPath } from "../support/local-kvm";
import { pack, run } from "../support/package";
import { emptyProvider, startPlugin } from "../support/plugin-start";
import { scratchDir } from "../support/scratch";

type Language = "typescript" | "python" | "yaml";

const schema = JSON.parse(fs.readFileSync(path.join(repoRoot, "schema.json"), "utf8")) as {
    version: string;
};
const longRun = { timeoutMs: 600_000 };
let scratch: string;
let tarball: string;
let env: Record<string, string | undefined>;
const stacks: ScratchStack[] = [];

beforeAll(async () => {
    scratch = scratchDir("kubedev consumers-");
    const npmCache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
    for (const folder of ["home", "backend"]) {
        fs.mkdirSync(path.join(scratch, folder));
    }
    env = {
        ...{ HOME: path.join(scratch, "home"), XDG_STATE_HOME: path.join(scratch, "state") },
        // What is downloaded, built or booted from is that of all tests.
        ...{ npm_config_cache: npmCache, ...imageCache() },
        PULUMI_BACKEND_URL: `file://${path.join(scratch, "backend")}`,
        // As a user's program: by the settings that lie beside it.
        PULUMI_NODEJS_TSCONFIG_PATH: undefined,
    };
    tarball = await pack(scratch);
    for (const language of ["python", "yaml"]) {
        await run(path.join(repoRoot, "toolchain/language.sh"), ["ensure", language]);
    }
}, 900_000);

afterAll(async () => {
    for (const stack of stacks) {
        await stack.dispose();
    }
    fs.rmSync(scratch, { recursive: true, force: true });
}, 300_000);

/** `make program` from nothing to its first preview; answers the stack, and what was printed. */
function make(language: Language): { stack: ScratchStack; printed: string } {
    const dir = path.join(scratch, `${language} ${String(process.pid)}`);
    const ran = spawnSync(path.join(repoRoot, "toolchain/program.sh"), {
        encoding: "utf8",
        timeout: 600_000,
        env: withVars(engineEnv(), {
            ...env,
            ...{ KUBEDEV_LANGUAGE: language, KUBEDEV_DIR: dir, KUBEDEV_PACKAGE: tarball },
        }),
    });
    const printed = ran.stdout + ran.stderr;
    if (ran.status !== 0) {
        throw new Error(`program.sh ended with ${String(ran.status)}\n${printed}`);
    }
    const { name } = parse(fs.readFileSync(path.join(dir, "Pulumi.yaml"), "utf8")) as {
        name: string;
    };
    const venv = path.join(dir, ".venv/bin");
    const stack = ScratchStack.adopt(dir, {
        ...{ project: name, stack: "dev" },
        env: {
            ...env,
            ...(language === "python" ? { PATH: `${venv}:${engineEnv().PATH ?? ""}` } : {}),
        },
    });
    stacks.push(stack);
    return { stack, printed };
}

/** The machine is up with the file in it, a preview is clean, and it is dead to the next one once it was killed. */
async function livesAndDies(stack: ScratchStack, between: () => Promise<void>): Promise<void> {
    const { digest, addresses } = await stack.outputs();
    const notes = fs.readFileSync(path.join(stack.dir, sources(stack)), "utf8");
    const content = `${/from (Type|Py)\w+/.exec(notes)?.[0] ?? ""}\n`;
    expect(digest).toBe(createHash("sha256").update(content).digest("hex"));
    expect(await inGuest(stack, "cat /root/notes.txt; hostname")).toBe(`${content}node`);
    expect(addresses).toEqual({ node: expect.stringMatching(/^127\./) as string });
    expect((await stack.preview()).ops()).toEqual({});

    await between();
    const pid = Number(
        /^pid=(\d+)$/m.exec(fs.readFileSync(recordPath(stack, "node-machine"), "utf8"))?.[1],
    );
    process.kill(pid, "SIGKILL");
    expect((await stack.preview()).ops()).toMatchObject({
        "node-machine": "replace",
        "notes-file": "replace",
    });
    await stack.destroy(longRun);
    expect(fs.existsSync(path.join(scratch, "state/kubedev", stack.project))).toBe(false);
}

function made(language: Language): ScratchStack {
    const found = stacks.find(({ dir }) => path.basename(dir).startsWith(language));
    if (found === undefined) {
        throw new Error(`there is no program in ${language}: it could not be made`);
    }
    return found;
}

function sources(stack: ScratchStack): string {
    return fs.existsSync(path.join(stack.dir, "index.ts")) ? "index.ts" : "__main__.py";
}

test("the package holds code, types, sources, scripts and documents, and nothing else", () => {
    const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" })
        .trim()
        .split("\n")
        .map((name) => name.replace(/^package\//, ""));
    expect(names).toEqual(
        expect.arrayContaining([
            ...["bin/index.js", "bin/index.d.ts", "bin/components/host/host-file.js"],
            ...["index.ts", "components/host/host-file.ts", "scripts/host/prelude.sh"],
            ...["plugin/index.js", "plugin/pulumi-resource-kubedev", "schema.json"],
            ...["package.json", "tsconfig.json", "LICENSE", "README.md", "CHANGELOG.md"],
        ]),
    );
    const folders = new Set(names.filter((name) => name.includes("/")).map((n) => n.split("/")[0]));
    expect([...folders].sort()).toEqual([
        ...["agents", "bin", "components", "plugin", "policy", "scripts"],
    ]);
});

test("TypeScript: types, a machine, what another project puts on it, its death, and nothing left", async () => {
    const { stack, printed } = make("typescript");
    expect(printed).toMatch(/\+ 13 to create/);
    await run("node_modules/.bin/tsc", ["--noEmit", "-p", "."], { cwd: stack.dir });
    stack.write("policy.ts", 'import { enforce } from "kubedev/policy";\nenforce();\n');
    const types = ["--noEmit", "--skipLibCheck", "--moduleResolution", "node10", "policy.ts"];
    await run("node_modules/.bin/tsc", types, { cwd: stack.dir });
    const loads = 'if (typeof require("kubedev/policy").enforce !== "function") process.exit(1)';
    await run(process.execPath, ["-e", loads], { cwd: stack.dir });
    const file = path.join(stack.dir, "node_modules/kubedev/schema.json");
    const { code, stderr } = await stack.run(["schema", "check", file], { noStack: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });

    await stack.up(longRun);
    await livesAndDies(stack, () => secondProject(stack));
}, 900_000);

test("the plugin answers as soon as an empty provider, with all that the package has", async () => {
    const { dir } = made("typescript");
    const empty = emptyProvider(dir);
    const plugin = path.join(dir, "node_modules/.bin/pulumi-resource-kubedev");
    const ratios: number[] = [];
    for (let round = 0; round < 3; round++) {
        const of = await startPlugin([process.execPath, empty], dir);
        const own = await startPlugin([plugin], dir);
        ratios.push(own.firstAnswerMs / of.firstAnswerMs);
        expect(own.version).toBe(schema.version);
        expect(JSON.parse(own.schema)).toEqual(portable(schema));
    }
    expect(Math.min(...ratios)).toBeLessThanOrEqual(1.5);
}, 120_000);

test("Python: a package by the schema, a machine by the plugin, its death, and nothing left", async () => {
    const { stack, printed } = make("python");
    expect(printed).toMatch(/\+ 13 to create/);
    await stack.up(longRun);
    await livesAndDies(stack, () => Promise.resolve());
}, 900_000);

test("YAML: outputs of one component are arguments of another; the plugin of a clone does, too", async () => {
    const { stack, printed } = make("yaml");
    expect(printed).toMatch(/\+ 13 to create/);
    expect(printed).toMatch(/digest *: "[0-9a-f]{64}"/);

    // What Pulumi does with a git reference: all of it is fetched, the folder's packages are installed.
    const plugin = path.join(scratch, "copy/plugin");
    fs.rmSync(path.join(scratch, "copy/node_modules"));
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
    await run("npm", install, { cwd: plugin, env: withVars(engineEnv(), env) });
    const project = fs.readFileSync(path.join(stack.dir, "Pulumi.yaml"), "utf8");
    stack.write("Pulumi.yaml", project.replace("path: node_modules/.bin", `path: ${plugin}`));
    fs.rmSync(path.join(stack.dir, "node_modules"), { recursive: true });
    expect((await stack.preview()).step("notes-file").op).toBe("create");
}, 600_000);

test("an environment per pull request is made and removed by a program without a project", async () => {
    const dir = path.join(scratch, "pull requests");
    fs.cpSync(path.join(repoRoot, "examples/pull-request"), dir, { recursive: true });
    fs.symlinkSync(
        path.join(made("typescript").dir, "node_modules"),
        path.join(dir, "node_modules"),
    );
    await run("node_modules/.bin/tsc", ["-p", "."], { cwd: dir });
    const environment = async (verb: string) => {
        const args = ["environment.js", verb, "1234"];
        const { stdout } = await run(process.execPath, args, {
            ...{ cwd: dir, env: withVars(engineEnv(), env), maxBuffer: 2 ** 26 },
        });
        return JSON.parse(stdout) as Record<string, string>;
    };

    const { result, ssh } = await environment("up");
    expect(result).toBe("succeeded");
    expect(fs.existsSync(path.join(scratch, "state/kubedev/pull-requests"))).toBe(true);
    const login = spawnSync("sh", ["-c", `exec ${ssh ?? ""} cat /etc/motd`], { encoding: "utf8" });
    expect(login.stdout).toBe("the environment of pull request 1234\n");
    expect(await environment("remove")).toEqual({ removed: "pr-1234" });
    expect(fs.existsSync(path.join(scratch, "state/kubedev/pull-requests"))).toBe(false);
    expect(await environment("remove")).toEqual({ removed: "pr-1234" });
}, 900_000);

/** examples/second-project, on the machine of an environment that it knows by its stack's name alone. */
async function secondProject(environment: ScratchStack): Promise<void> {
    const dir = path.join(scratch, "second project");
    fs.cpSync(path.join(repoRoot, "examples/second-project"), dir, { recursive: true });
    fs.symlinkSync(path.join(environment.dir, "node_modules"), path.join(dir, "node_modules"));
    fs.copyFileSync(path.join(environment.dir, "tsconfig.json"), path.join(dir, "tsconfig.json"));
    const second = ScratchStack.adopt(dir, { project: "second-project", stack: "dev", env });
    await second.run(["stack", "init", "dev"], { noStack: true });
    second.setConfig("environment", `organization/${environment.project}/dev`);

    expect((await second.preview()).step("node-motd").op).toBe("create");
    await second.up(longRun);
    const { addresses } = await environment.outputs();
    expect((await second.outputs()).addresses).toEqual(addresses);
    expect(await inGuest(environment, "cat /etc/motd")).toContain("second-project is on node");
    // Of a stack that is read.
    expect((await second.preview()).ops()).toEqual({ environment: "read" });
    await second.destroy();
    expect(await inGuest(environment, "cat /etc/motd || echo gone")).not.toContain(
        "second-project",
    );
}
