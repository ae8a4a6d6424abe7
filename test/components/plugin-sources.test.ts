/** The plugin folder of a clone: it is compiled from the sources as they are, and brings what they depend on. */
import * as fs from "node:fs";
import * as path from "node:path";
import { compiled } from "../../plugin/sources";
import { repoRoot } from "../support/engine-cli";
import { scratchDir } from "../support/scratch";

let scratch: string;
const at = (name: string) => path.join(scratch, name);
const write = (name: string, text: string) => {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), text);
};
const store = () => at("plugin/node_modules/.kubedev");
const compile = () => compiled(scratch, store());
/** Not by `require`, which in Jest compiles, too. */
const text = (folder: string, name: string) => fs.readFileSync(path.join(folder, name), "utf8");

beforeEach(() => {
    scratch = scratchDir("kubedev-plugin sources-");
    write("index.ts", 'export * from "./components/a";\n');
    write("components/a.ts", "export const a: number = 1;\n");
    write("scripts/a.sh", "true\n");
    write("agents/a.go", "package main\n");
    write("package.json", '{"main":"bin/index.js"}');
    write("schema.json", "{}");
    write("docs/a.md", "no part of it\n");
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

test("it is a package: compiled sources, scripts and agents as they are, and nothing else", () => {
    const folder = compile();
    expect(text(folder, "bin/components/a.js")).toContain("exports.a = 1");
    expect(text(folder, "scripts/a.sh")).toBe("true\n");
    expect(fs.readdirSync(folder).sort()).toEqual([
        ...["agents", "bin", "package.json", "schema.json", "scripts"],
    ]);
});

test("it is compiled once, and anew when a source, a script or the schema has changed", () => {
    const first = compile();
    const made = fs.statSync(path.join(first, "bin/index.js")).mtimeMs;
    expect(compile()).toBe(first);
    expect(fs.statSync(path.join(first, "bin/index.js")).mtimeMs).toBe(made);

    const folders = new Set([first]);
    for (const [name, now] of [
        ["components/a.ts", "export const a: number = 2;\n"],
        ["scripts/a.sh", "false\n"],
        ["schema.json", '{"name":"kubedev"}'],
        ["components/b.ts", "export const b = 1;\n"],
    ] as const) {
        write(name, now);
        folders.add(compile());
    }
    expect(folders.size).toBe(5);
    write("docs/a.md", "changed\n");
    expect(folders).toContain(compile());
    // What went before may still be read by a run that goes on.
    expect(fs.readdirSync(store())).toHaveLength(5);
});

test("what a day has not used is removed, and so is what a killed run left half-made", () => {
    const first = compile();
    fs.mkdirSync(path.join(store(), "made-abc"));
    const old = new Date(Date.now() - 25 * 3_600_000);
    for (const name of fs.readdirSync(store())) {
        fs.utimesSync(path.join(store(), name), old, old);
    }
    // In use again.
    expect(compile()).toBe(first);
    write("components/a.ts", "export const a: number = 2;\n");
    const second = compile();
    expect(fs.readdirSync(store()).sort()).toEqual(
        [path.basename(first), path.basename(second)].sort(),
    );
});

test("a source that cannot be read leaves nothing half-made", () => {
    fs.rmSync(at("schema.json"));
    expect(() => compile()).toThrow(/schema\.json/);
    expect(fs.existsSync(store()) ? fs.readdirSync(store()) : []).toEqual([]);
});

test("its folder has what the package and each component depend on, of the same versions", () => {
    const read = (name: string) =>
        JSON.parse(fs.readFileSync(path.join(repoRoot, name), "utf8")) as Record<string, unknown>;
    const { version, dependencies, peerDependencies, overrides } = read("package.json");
    const { dependencies: installed, ...plugin } = read("plugin/package.json");
    expect(plugin).toMatchObject({ version, overrides });
    expect(installed).toEqual(Object.assign({}, peerDependencies, dependencies));
});
