/**
 * What other programs get: the package is packed, and `make program` makes one in each language outside the repository, below
 * a directory with a blank in its name and with a home where nothing is. Those in TypeScript and Python bring their machine up.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { engineEnv, withVars } from "../support/engine-cli";
import { repoRoot, ScratchStack } from "../support/engine";
import { imageCache, inGuest, recordPath } from "../support/local-kvm";
import { pack, run } from "../support/package";

type Language = "typescript" | "python" | "yaml";

const longRun = { timeoutMs: 600_000 };
let scratch: string;
let tarball: string;
let env: Record<string, string | undefined>;
const stacks: ScratchStack[] = [];

beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "kubedev consumers-"));
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
async function make(language: Language): Promise<{ stack: ScratchStack; printed: string }> {
    const dir = path.join(scratch, `${language} ${String(process.pid)}`);
    const made = spawnSync(path.join(repoRoot, "toolchain/program.sh"), {
        encoding: "utf8",
        timeout: 600_000,
        env: withVars(engineEnv(), {
            ...env,
            ...{ KUBEDEV_LANGUAGE: language, KUBEDEV_DIR: dir, KUBEDEV_PACKAGE: tarball },
        }),
    });
    const printed = made.stdout + made.stderr;
    if (made.status !== 0) {
        throw new Error(`program.sh ended with ${String(made.status)}\n${printed}`);
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
    expect(fs.readdirSync(path.join(scratch, "state/kubedev"))).not.toContain(stack.project);
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
    expect([...folders].sort()).toEqual(["agents", "bin", "components", "plugin", "scripts"]);
});

test("TypeScript: types, a machine, what another project puts on it, its death, and nothing left", async () => {
    const { stack, printed } = await make("typescript");
    expect(printed).toMatch(/\+ 13 to create/);
    await run("node_modules/.bin/tsc", ["--noEmit", "-p", "."], { cwd: stack.dir });
    const schema = path.join(stack.dir, "node_modules/kubedev/schema.json");
    const { code, stderr } = await stack.run(["schema", "check", schema], { noStack: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });

    await stack.up(longRun);
    await livesAndDies(stack, () => secondProject(stack));
}, 900_000);

test("Python: a package by the schema, a machine by the plugin, its death, and nothing left", async () => {
    const { stack, printed } = await make("python");
    expect(printed).toMatch(/\+ 13 to create/);
    await stack.up(longRun);
    await livesAndDies(stack, () => Promise.resolve());
}, 900_000);

test("YAML: outputs of one component are arguments of another", async () => {
    const { printed } = await make("yaml");
    expect(printed).toMatch(/kubedev:index:HostFile notes create/);
    expect(printed).toMatch(/\+ 13 to create/);
    expect(printed).toMatch(/digest *: "[0-9a-f]{64}"/);
}, 600_000);

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
    expect((await second.preview()).ops()).toEqual({});
    await second.destroy();
    expect(await inGuest(environment, "cat /etc/motd || echo gone")).not.toContain(
        "second-project",
    );
}
