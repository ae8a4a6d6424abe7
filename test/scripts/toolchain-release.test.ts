/** `make release` on a copy of the sources that is a repository of its own: what it refuses, and what it makes. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { repoRoot } from "../support/engine-cli";
import { scratchDir } from "../support/scratch";

const today = new Date().toISOString().slice(0, 10);
const { version } = JSON.parse(fs.readFileSync(path.join(repoRoot, "package.json"), "utf8")) as {
    version: string;
};
/** A release is much larger than what it holds when something slipped in. */
const largestKib = 1024;

let copy: string;
const at = (name: string) => path.join(copy, name);
const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example", ...args], {
        cwd: copy,
        encoding: "utf8",
    });
const commit = () => {
    git("add", "--all");
    git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", "a state");
};
const release = (...args: string[]) => {
    // A publication would go nowhere.
    const env = { ...process.env, npm_config_registry: "http://127.0.0.1:9/" };
    const run = spawnSync(at("toolchain/release.sh"), args, { cwd: copy, env, encoding: "utf8" });
    return { code: run.status, out: run.stdout, said: run.stderr };
};
const edit = (name: string, change: (text: string) => string) =>
    fs.writeFileSync(at(name), change(fs.readFileSync(at(name), "utf8")));

beforeAll(() => {
    copy = path.join(scratchDir("kubedev-release-"), "a copy");
    const listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const files = execFileSync("git", listed, { cwd: repoRoot, encoding: "utf8" });
    for (const file of files.split("\0").filter((name) => name !== "" && name !== "node_modules")) {
        if (fs.existsSync(path.join(repoRoot, file))) {
            fs.cpSync(path.join(repoRoot, file), at(file), { recursive: true });
        }
    }
    fs.symlinkSync(path.join(repoRoot, "node_modules"), at("node_modules"));
    fs.appendFileSync(at(".gitignore"), "/node_modules\n");
    git("init", "--quiet");
    commit();
}, 60_000);

afterAll(() => {
    fs.rmSync(path.dirname(copy), { recursive: true, force: true });
});

test("what is not ready is refused, and the remedy is told", () => {
    expect(release("--publsh")).toMatchObject({
        code: 1,
        said: expect.stringContaining("expected nothing, or --publish") as string,
    });
    const undated = release();
    expect(undated.code).toBe(1);
    expect(undated.said).toContain(`expected "## ${version} (`);

    edit("CHANGELOG.md", (text) =>
        text.replace("## Unreleased\n", `## Unreleased\n\n## ${version} (${today})\n`),
    );
    const unclean = release();
    expect(unclean.code).toBe(1);
    expect(unclean.said).toContain("changes that no commit has:  M CHANGELOG.md");

    commit();
    const unrecorded = release();
    expect(unrecorded.code).toBe(1);
    expect(unrecorded.said).toContain(`node --import tsx test/releases/record.ts ${version}`);

    // It has all that 0.0.0 had; what it has beside that is no matter here.
    fs.cpSync(at("test/releases/0.0.0"), at(`test/releases/${version}`), { recursive: true });
    edit("plugin/package.json", (text) => text.replace(`"${version}"`, '"9.9.9"'));
    commit();
    expect(release().said).toContain(`plugin/package.json: got version 9.9.9; expected ${version}`);
    edit("plugin/package.json", (text) => text.replace('"9.9.9"', `"${version}"`));
    edit("schema.json", (text) =>
        text.replace('"description": "A text file', '"description": "Another text file'),
    );
    commit();
    git("tag", `v${version}`, "HEAD~1");
    expect(release().said).toContain("a version is released once");
    git("tag", "--delete", `v${version}`);
}, 60_000);

test("what is ready becomes a package, a list of what it depends on, and their digests; nothing is published", () => {
    const made = release();
    expect(made.said).toContain("Nothing was published.");
    expect(made.code).toBe(0);
    const out = at(`.toolchain/release/${version}`);
    const [tarball, list] = [`kubedev-${version}.tgz`, `kubedev-${version}.cdx.json`];
    expect(fs.readdirSync(out).sort()).toEqual(["SHA256SUMS", list, tarball]);
    const digest = (name: string) =>
        createHash("sha256")
            .update(fs.readFileSync(path.join(out, name)))
            .digest("hex");
    expect(fs.readFileSync(path.join(out, "SHA256SUMS"), "utf8")).toBe(
        [tarball, list].map((name) => `${digest(name)}  ${name}\n`).join(""),
    );
    expect(git("tag")).toBe("");
    expect(git("status", "--porcelain")).toBe("");

    const names = namesIn(path.join(out, tarball));
    expect(missingFrom(names)).toEqual([]);
    expect(names.filter((name) => !wanted.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(privateIn(path.join(out, tarball))).toEqual([]);
    expect(fs.statSync(path.join(out, tarball)).size / 1024).toBeLessThan(largestKib);

    const bom = JSON.parse(fs.readFileSync(path.join(out, list), "utf8")) as Bom;
    expect(bom.metadata.component).toMatchObject({ name: "kubedev", version });
    const listed = bom.components.map(({ name }) => name);
    const { dependencies, devDependencies } = JSON.parse(
        fs.readFileSync(at("package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    expect(listed).toEqual(
        expect.arrayContaining([...Object.keys(dependencies ?? {}), "@grpc/grpc-js"]),
    );
    const forDevelopment = Object.keys(devDependencies ?? {}).filter(
        (name) => !name.startsWith("@types/"),
    );
    expect(listed.filter((name) => forDevelopment.includes(name))).toEqual([]);
}, 600_000);

interface Bom {
    metadata: { component: { name: string; version: string } };
    components: { name: string }[];
}

const wanted = [
    /^bin\/(index|(components|policy)\/[\w/-]+)\.(js|js\.map|d\.ts)$/,
    /^(index|(components|policy)\/[\w/-]+)\.ts$/,
    /^scripts\/[\w./-]+$/,
    /^agents\/[\w./-]+$/,
    /^(policy\/)?package\.json$/,
    /^plugin\/([\w-]+\.js|pulumi-resource-kubedev)$/,
    /^(schema\.json|tsconfig\.json|LICENSE|README\.md|CHANGELOG\.md)$/,
];

function namesIn(tarball: string): string[] {
    const text = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" });
    return text
        .trim()
        .split("\n")
        .map((name) => name.replace(/^package\//, ""));
}

/** Every source of what is compiled or sent to hosts, and what was compiled from it. */
function missingFrom(names: string[]): string[] {
    const tracked = git("ls-files", "index.ts", "components", "policy", "scripts", "agents");
    const sources = tracked
        .trim()
        .split("\n")
        .filter((name) => !/(_test\.go|\.gitignore)$/.test(name));
    const compiled = sources
        .filter((name) => name.endsWith(".ts"))
        .flatMap((name) =>
            [".js", ".d.ts"].map((suffix) => `bin/${name.replace(/\.ts$/, suffix)}`),
        );
    return [...sources, ...compiled].filter((name) => !names.includes(name));
}

/** What is of the machine where it was made, or nobody's to see. */
function privateIn(tarball: string): string[] {
    const text = execFileSync("tar", ["-xzf", tarball, "--to-stdout"], {
        encoding: "utf8",
        maxBuffer: 256 * 1024 * 1024,
    });
    const own = [copy, path.join(repoRoot, "node_modules")];
    const keys = [
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "_authToken",
    ];
    return [...own, ...keys].filter((secret) => text.includes(secret));
}
