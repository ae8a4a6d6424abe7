/** The documents say what is: their programs compile, their tables name what the schema has, their links lead somewhere. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { parse } from "yaml";
import { scratchDir } from "../support/scratch";
import { runSnippets } from "../support/snippet-run";
import { root, Schema } from "./infer";
import { blocks, brokenLink, documents, localLinks, prose, read, tableNames } from "./markdown";
import { yamlAsTypeScript } from "./yaml-program";

const files = documents();
const schema = JSON.parse(fs.readFileSync(path.join(root, "schema.json"), "utf8")) as Schema;
const component = (name: string) => schema.resources[`kubedev:index:${name}`];

test("there are documents, and their links lead somewhere", () => {
    expect(files).toEqual(expect.arrayContaining(["README.md", "docs/virtual-machine.md"]));
    expect(files.flatMap(localLinks).map(brokenLink)).toEqual(
        files.flatMap(localLinks).map(() => undefined),
    );
});

test("every component is in the index of the documents", () => {
    const index = read("docs/README.md");
    const names = Object.keys(schema.resources).map((token) => token.split(":").at(-1) ?? "");
    expect(names.filter((name) => !index.includes(name))).toEqual([]);
});

test("every page is linked from the index", () => {
    const index = localLinks("docs/README.md").map(({ target }) => target);
    const pages = files.filter((file) => /^docs\/(?!README)/.test(file)).map((f) => f.slice(5));
    expect(pages.filter((page) => !index.includes(page))).toEqual([]);
});

test("TypeScript in the documents compiles", () => {
    const programs = files.flatMap((file) => blocks(file, "ts"));
    expect(programs.length).toBeGreaterThan(2);
    expect(compileErrors(programs.map(({ text }) => text))).toEqual([]);
}, 120_000);

test("and what does not compile is found", () => {
    const wrong = 'import * as kubedev from "kubedev";\nnew kubedev.HostFile("a", { path: 1 });\n';
    expect(compileErrors([wrong]).join()).toContain("Type 'number' is not assignable");
}, 120_000);

test("YAML programs in the documents use what the schema has", () => {
    const programs = files
        .flatMap((file) => blocks(file, "yaml"))
        .map(({ text }) => parse(text) as YamlProgram)
        .filter(({ resources }) => resources !== undefined);
    expect(programs.length).toBeGreaterThan(0);
    expect(programs.flatMap(yamlProblems)).toEqual([]);
});

test("and what the schema does not have is found", () => {
    const program = {
        resources: {
            a: { type: "kubedev:index:HostFile", properties: { pat: "/x", content: "${b.x}" } },
            b: { type: "kubedev:index:BaseImage" },
        },
        outputs: { c: "${a.sha256}", d: "${a.none}" },
    };
    expect(yamlProblems(program)).toEqual([
        "a.pat: no such argument",
        "a.path: missing",
        "${b.x}: no such output",
        "${a.none}: no such output",
    ]);
});

test("YAML programs in the documents are previewed, and what a component refuses is found", () => {
    const programs = files
        .flatMap((file) => blocks(file, "yaml"))
        .map(({ file, line, text }) => ({ at: `${file}:${line}`, text: yamlAsTypeScript(text) }))
        .filter(({ text }) => text !== undefined);
    const wrong = `
resources:
    late: { type: "kubedev:index:HostFile", properties: { path: /x, content: "\${early.sha256} $\${y}" } }
    early: { type: "kubedev:index:HostFile", properties: { path: x, content: "a \`b\`" } }
`;
    const refused = yamlAsTypeScript(wrong) ?? "";
    expect(refused.indexOf("const early")).toBeLessThan(refused.indexOf("const late"));
    expect(refused).toContain("pulumi.interpolate`${early.sha256} \\${y}`");

    const texts = [...programs.map(({ text = "" }) => text), refused];
    const results = runSnippets(texts.map((text) => ({ text, preview: true })));
    expect(results.pop()?.error).toContain("path");
    const failed = results.map(({ error, declared }, index) =>
        error === undefined && declared.length > 0
            ? undefined
            : `${programs[index]?.at ?? ""}: ${error ?? "declares nothing"}`,
    );
    expect(programs.length).toBeGreaterThan(25);
    expect(failed.filter((text) => text !== undefined)).toEqual([]);
}, 320_000);

test("Python in the documents is of the program that is tested", () => {
    const tested = read("test/consumers/python/__main__.py").split("\n");
    const lines = files
        .flatMap((file) => blocks(file, "python"))
        .flatMap(({ text }) => text.split("\n"));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => !tested.includes(line))).toEqual([]);
});

const pages = Object.keys(schema.resources).map((token) => {
    const name = token.split(":").at(-1) ?? "";
    return [`docs/${name.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase()}.md`, name] as const;
});

test.each(pages)(
    "%s has a diff table, and tables of just the arguments and outputs of %s",
    (file, name) => {
        expect(prose(file)).toMatch(/^## What a change does\n\n(?:[^#|].*\n+)*\| change /m);
        const { inputProperties, properties } = component(name) ?? {};
        expect(
            tableNames(file, "Arguments")
                .filter((n) => n in (inputProperties ?? {}))
                .sort(),
        ).toEqual(Object.keys(inputProperties ?? {}).sort());
        expect(tableNames(file, "Outputs").sort()).toEqual(Object.keys(properties ?? {}).sort());
    },
);

test("make targets and npm scripts in the documents exist", () => {
    const makefile = read("Makefile");
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const text = files.map(read).join("\n");
    const targets = [...text.matchAll(/(?:`|^|\$\()make ([a-z]+)/gm)].map(([, name]) => name ?? "");
    const runs = [...text.matchAll(/npm run ([a-z]+)/g)].map(([, name]) => name ?? "");
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((name) => !new RegExp(`^${name}:`, "m").test(makefile))).toEqual([]);
    expect(runs.filter((name) => !(name in scripts))).toEqual([]);
});

/** Compiles texts as modules of another project that has the package installed. */
function compileErrors(texts: string[]): string[] {
    const folder = scratchDir("kubedev-documents-");
    try {
        fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
        const names = texts.map((text, index) => {
            const name = path.join(folder, `snippet-${index}.ts`);
            fs.writeFileSync(name, text);
            return name;
        });
        const program = ts.createProgram(names, {
            strict: true,
            noEmit: true,
            skipLibCheck: true,
            target: ts.ScriptTarget.ES2022,
            module: ts.ModuleKind.CommonJS,
            moduleResolution: ts.ModuleResolutionKind.Node10,
            esModuleInterop: true,
            baseUrl: folder,
            paths: {
                kubedev: [path.join(root, "index")],
                "kubedev/policy": [path.join(root, "policy/index")],
            },
            typeRoots: [path.join(root, "node_modules/@types")],
            types: ["node"],
        });
        // Of these texts alone: the library's own sources are lint's.
        return names
            .map((name) => program.getSourceFile(name))
            .flatMap((file) => [
                ...program.getSyntacticDiagnostics(file),
                ...program.getSemanticDiagnostics(file),
            ])
            .map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

interface YamlProgram {
    resources?: Record<string, { type: string; properties?: Record<string, unknown> }>;
    outputs?: Record<string, unknown>;
}

function yamlProblems({ resources = {}, outputs = {} }: YamlProgram): string[] {
    const inputs = Object.entries(resources).flatMap(([name, { type, properties = {} }]) => {
        const known = schema.resources[type];
        if (known === undefined) {
            return [`${name}: no such type ${type}`];
        }
        return [
            ...Object.keys(properties)
                .filter((key) => !(key in known.inputProperties))
                .map((key) => `${name}.${key}: no such argument`),
            ...known.requiredInputs
                .filter((key) => !(key in properties))
                .map((key) => `${name}.${key}: missing`),
        ];
    });
    const references = [...JSON.stringify({ resources, outputs }).matchAll(/\$\{(\w+)\.(\w+)\}/g)];
    return [
        ...inputs,
        ...references.flatMap(([text, name = "", output = ""]) => {
            const known = schema.resources[resources[name]?.type ?? ""];
            return known !== undefined && output in known.properties
                ? []
                : [`${text}: no such output`];
        }),
    ];
}
