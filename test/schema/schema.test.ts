/** The package schema, from which other languages make their SDKs, is committed: a change of the API shows in its diff. */
import * as fs from "node:fs";
import * as path from "node:path";
import { inferSchema, root, Schema, schemaProblems } from "./infer";
import { portable } from "../../plugin/portable-schema";
import { declarationsBelow, declarationsIn, exportedNames } from "./sources";

const declared = declarationsBelow(path.join(root, "components"));
const token = (name: string) => `kubedev:index:${name}`;
const schema = inferSchema(root);

test("equals schema.json (after an intended change of the API: npm run schema)", () => {
    const committed = JSON.parse(
        fs.readFileSync(path.join(root, "schema.json"), "utf8"),
    ) as unknown;
    expect(schema).toEqual(committed);
});

test("holds no Any, no empty type, and a description of everything", () => {
    // What is in an object of a cluster is that cluster's business.
    const meant = ["kubedev:index:Addon args.objects[]{}: Any"];
    expect(schemaProblems(schema)).toEqual(meant);
});

test("has every component of components/, under the token that it passes to super()", () => {
    expect(declared.components.map((component) => component.token).sort()).toEqual(
        Object.keys(schema.resources).sort(),
    );
    for (const { name, token: passed } of declared.components) {
        expect(passed).toBe(token(name));
    }
});

test("no component has a private member, which would become an output", () => {
    expect(declared.components.flatMap(({ name, hidden }) => hidden.map((h) => [name, h]))).toEqual(
        [],
    );
});

test("no two types share a name, of which one would be lost", () => {
    const names = declared.types
        .map(({ name }) => name)
        .filter((name) => token(name) in schema.types);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.map(token).sort()).toEqual(Object.keys(schema.types).sort());
});

test("no type has members that the schema drops", () => {
    const args = [...declared.components.map(({ name }) => `${name}Args`), ...typeNames()];
    const dropped = declared.types
        .filter(({ name }) => args.includes(name))
        .flatMap(({ name, dropped: members }) => members.map((member) => [name, member]));
    expect(dropped).toEqual([]);
});

test("index.ts exports every type that the schema has", () => {
    const names = exportedNames(path.join(root, "index.ts"));
    expect(typeNames().filter((name) => !names.includes(name))).toEqual([]);
});

describe("what the plugin answers", () => {
    const answered = portable(schema);
    const enums = Object.keys(schema.types).filter((name) => schema.types[name]?.enum);
    const refs = (value: unknown) =>
        [...JSON.stringify(value).matchAll(/"#\/types\/([^"]+)"/g)].map(([, name]) => name ?? "");

    test("has everything, with the same names and descriptions", () => {
        const names = (s: Schema) => ({
            resources: Object.keys(s.resources),
            types: Object.entries(s.types).map(([name, { properties = {} }]) => [
                name,
                Object.entries(properties).map(([key, { description }]) => [key, description]),
            ]),
            inputs: Object.values(s.resources).map(({ inputProperties }) => inputProperties),
        });
        expect(names(answered)).toEqual(names(schema));
    });

    test("has no enum in an output: for YAML it would fit no argument", () => {
        expect(refs(schema).filter((name) => enums.includes(name)).length).toBeGreaterThan(5);
        const seen = new Set<string>();
        const next = Object.values(answered.resources).flatMap((r) => refs(r.properties));
        for (let name = next.pop(); name !== undefined; name = next.pop()) {
            if (!seen.has(name)) {
                seen.add(name);
                next.push(...refs(answered.types[name]));
            }
        }
        expect(seen).toContain("kubedev:index:Host");
        expect(enums.filter((name) => seen.has(name))).toEqual([]);
        expect(answered.types["kubedev:index:Host"]?.properties?.["os"]?.type).toBe("string");
    });
});

test("no type holds itself: Pulumi's YAML has no end with it", () => {
    const refs = (name: string) =>
        [...JSON.stringify(schema.types[name]).matchAll(/"#\/types\/([^"]+)"/g)].map(
            ([, other]) => other ?? "",
        );
    const holds = (name: string, wanted: string, above: string[] = []): boolean =>
        refs(name).some(
            (other) =>
                other === wanted ||
                (!above.includes(other) && holds(other, wanted, [...above, other])),
        );
    expect(Object.keys(schema.types).filter((name) => holds(name, name))).toEqual([]);
});

function typeNames(): string[] {
    return Object.keys(schema.types).map((full) => full.split(":").at(-1) ?? "");
}

describe("the checks themselves", () => {
    const good: Schema = {
        name: "kubedev",
        version: "1.0.0",
        resources: {
            [token("A")]: {
                description: "An A.",
                inputProperties: { x: { type: "string", description: "An x." } },
                requiredInputs: ["x"],
                properties: {
                    y: {
                        type: "object",
                        additionalProperties: { type: "number" },
                        description: "A y.",
                    },
                },
            },
        },
        types: {
            [token("B")]: { properties: { z: { type: "boolean", description: "A z." } } },
            [token("C")]: { enum: [{ name: "One", value: "one", description: "A one." }] },
        },
    };
    const withInput = (x: Schema["types"][string]["properties"]): Schema => ({
        ...good,
        resources: {
            [token("A")]: {
                description: "An A.",
                properties: {},
                inputProperties: x ?? {},
                requiredInputs: [],
            },
        },
    });

    test.each<[string, Schema, string[]]>([
        ["nothing wrong", good, []],
        [
            "Any",
            withInput({ x: { $ref: "pulumi.json#/Any", description: "x" } }),
            ["kubedev:index:A args.x: Any"],
        ],
        [
            "Any in a list",
            withInput({
                x: { type: "array", items: { $ref: "pulumi.json#/Any" }, description: "x" },
            }),
            ["kubedev:index:A args.x[]: Any"],
        ],
        [
            "an object of nothing in a map",
            withInput({
                x: { type: "object", additionalProperties: { type: "object" }, description: "x" },
            }),
            ["kubedev:index:A args.x{}: object without properties"],
        ],
        [
            "a link in a description",
            withInput({ x: { type: "string", description: "[object Object],[object Object]" } }),
            ["kubedev:index:A args.x: [object Object]"],
        ],
        [
            "no description",
            withInput({ x: { type: "string" } }),
            ["kubedev:index:A args.x: no description"],
        ],
        [
            "an empty type",
            { ...good, types: { [token("B")]: { properties: {} } } },
            ["kubedev:index:B: empty type"],
        ],
        [
            "an enum member without description",
            { ...good, types: { [token("C")]: { enum: [{ name: "One", value: 1 }] } } },
            ["kubedev:index:C.One: no description"],
        ],
    ])("%s", (_name, bad, problems) => {
        expect(schemaProblems(bad)).toEqual(problems);
    });

    test("see tokens, hidden members and dropped ones in a source", () => {
        const found = declarationsIn(
            "a.ts",
            `export interface AArgs { x: string; method(): void; [key: string]: string }
            export class A extends pulumi.ComponentResource {
                private readonly a = 1;
                #b = 2;
                readonly c: string;
                constructor(name: string, protected args: AArgs) { super("kubedev:index:Typo", name); }
            }`,
        );
        expect(found).toEqual({
            types: [
                {
                    name: "AArgs",
                    file: "a.ts",
                    dropped: ["method(): void;", "[key: string]: string"],
                },
            ],
            components: [
                {
                    name: "A",
                    file: "a.ts",
                    token: "kubedev:index:Typo",
                    hidden: ["private readonly a = 1;", "#b = 2;", "protected args: AArgs"],
                },
            ],
        });
    });
});
