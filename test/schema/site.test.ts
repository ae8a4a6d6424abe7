/** The pages of the API are made from the sources and the documents; what has no comment stops that. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root, Schema } from "./infer";
import { read } from "./markdown";
import { scratchDir } from "../support/scratch";

const schema = JSON.parse(read("schema.json")) as Schema;
const settings = JSON.parse(read("typedoc.json")) as Record<string, unknown>;
let scratch: string;

beforeAll(() => {
    scratch = scratchDir("kubedev-site-");
    fs.symlinkSync(path.join(root, "node_modules"), path.join(scratch, "node_modules"));
});

afterAll(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

function typedoc(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(
        path.join(root, "node_modules/.bin/typedoc"),
        [...args, "--out", path.join(scratch, "site")],
        {
            cwd: root,
            encoding: "utf8",
            env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
        },
    );
    return { code: status, said: `${stdout}${stderr}` };
}

test("a page for every component and document, without a warning", () => {
    expect(typedoc()).toMatchObject({
        code: 0,
        said: expect.not.stringContaining("warning") as string,
    });
    const made = fs.readdirSync(path.join(scratch, "site"), { recursive: true, encoding: "utf8" });
    const components = Object.keys(schema.resources).map((token) => token.split(":").at(-1) ?? "");
    const missing = components.filter((name) => !made.includes(`classes/index.${name}.html`));
    expect(missing).toEqual([]);
    const documents = fs
        .readdirSync(path.join(root, "docs"))
        .filter((name) => name !== "README.md");
    expect(
        documents
            .map((name) => `documents/${name.replace(".md", ".html")}`)
            .filter((name) => !made.includes(name)),
    ).toEqual([]);
}, 200_000);

test("a class, an argument or a function without a comment stops it", () => {
    const write = (name: string, value: unknown) =>
        fs.writeFileSync(
            path.join(scratch, name),
            typeof value === "string" ? value : JSON.stringify(value),
        );
    write(
        "index.ts",
        "export class A {}\nexport interface B { x: string }\nexport function c(): void {}\n",
    );
    write("tsconfig.json", {
        compilerOptions: { types: [], lib: ["ES2022"] },
        files: ["index.ts"],
    });
    write("typedoc.json", {
        ...settings,
        ...{
            entryPoints: ["index.ts"],
            tsconfig: "tsconfig.json",
            projectDocuments: [],
            readme: "none",
        },
    });
    const { code, said } = typedoc("--options", path.join(scratch, "typedoc.json"));
    expect(code).not.toBe(0);
    for (const name of ["A", "B", "B.x", "c"]) {
        expect(said).toMatch(
            new RegExp(`\\b${name.replace(".", "\\.")} \\(.*does not have any documentation`, "i"),
        );
    }
}, 100_000);
