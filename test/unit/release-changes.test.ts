/** What the check of releases takes for breaking, for an addition, and for nothing. */
import * as fc from "fast-check";
import { declaredChanges, PresentResource, RecordedResource } from "../releases/declared-changes";
import { costOf, diffTable, diffTableChanges } from "../releases/diff-table-changes";
import { Change, defaultOf, schemaChanges, Weight } from "../releases/schema-changes";
import {
    Bump,
    bumpBetween,
    lowestVersion,
    parseVersion,
    releaseProblems,
    requiredBump,
} from "../releases/versions";
import { Property, Schema } from "../schema/infer";

interface Parts {
    args?: Record<string, Property>;
    needs?: string[];
    outputs?: Record<string, Property>;
    always?: string[];
    types?: Schema["types"];
    name?: string;
}

const schemaOf = ({ args, needs, outputs, always, types, name }: Parts): Schema => ({
    name: name ?? "kubedev",
    version: "1.0.0",
    resources: {
        "kubedev:index:A": {
            description: "An A.",
            inputProperties: args ?? {},
            requiredInputs: needs ?? [],
            properties: outputs ?? {},
            required: always ?? [],
        },
    },
    types: Object.fromEntries(
        Object.entries(types ?? {}).map(([key, type]) => [`kubedev:index:${key}`, type]),
    ),
});
const ref = (name: string): Property => ({ $ref: `#/types/kubedev:index:${name}` });
const text: Property = { type: "string" };
const number: Property = { type: "number" };
const saying = (description: string): Property => ({ type: "number", description });
const given = { args: { b: ref("B") } };
const taken = { outputs: { b: ref("B") } };
const typeB = (properties: Record<string, Property>, required: string[] = []) => ({
    B: { properties, required },
});
const enumB = (...members: [string, string][]) => ({
    B: { enum: members.map(([name, value]) => ({ name, value })) },
});
const shown = (changes: readonly Change[]) =>
    changes.map(({ weight, of, member, what }) => `${weight} ${of}.${member ?? ""}: ${what}`);

test.each<[string, Parts, Parts, string[]]>([
    ["nothing", { args: { x: text } }, { args: { x: text } }, []],
    ["other words", { args: { x: saying("An x.") } }, { args: { x: saying("The x.") } }, []],
    ["argument gone", { args: { x: text } }, {}, ["breaking A.x: the argument is gone"]],
    ["argument more", {}, { args: { x: text } }, ["additive A.x: new argument"]],
    [
        "argument more, that must be given",
        {},
        { args: { x: text }, needs: ["x"] },
        ["breaking A.x: a new argument that everybody has to give"],
    ],
    [
        "argument must be given now",
        { args: { x: text } },
        { args: { x: text }, needs: ["x"] },
        ["breaking A.x: became required"],
    ],
    [
        "argument need not be given now",
        { args: { x: text }, needs: ["x"] },
        { args: { x: text } },
        ["additive A.x: became optional"],
    ],
    [
        "another type",
        { args: { x: text } },
        { args: { x: { type: "array", items: number } } },
        ["breaking A.x: the type was string, is list of number"],
    ],
    [
        "another default",
        { args: { x: saying("Seconds. Defaults to 600. Longer is better.") } },
        { args: { x: saying("Seconds. Defaults to 300: who waits longer?") } },
        ["breaking A.x: the default was 600, is 300"],
    ],
    [
        "takes outputs now",
        { args: { x: { ...text, plain: true } } },
        { args: { x: text } },
        ["additive A.x: takes outputs, too"],
    ],
    [
        "takes no outputs now",
        { args: { x: text } },
        { args: { x: { ...text, plain: true } } },
        ["breaking A.x: takes no outputs any more"],
    ],
    ["output gone", { outputs: { x: text } }, {}, ["breaking A.x: the output is gone"]],
    ["output more", {}, { outputs: { x: text }, always: ["x"] }, ["additive A.x: new output"]],
    [
        "output not always there",
        { outputs: { x: text }, always: ["x"] },
        { outputs: { x: text } },
        ["breaking A.x: became optional"],
    ],
    [
        "output always there",
        { outputs: { x: text } },
        { outputs: { x: text }, always: ["x"] },
        ["additive A.x: became required"],
    ],
    [
        "more to give in a type",
        { ...given, types: typeB({}) },
        { ...given, types: typeB({ y: text }, ["y"]) },
        ["breaking B.y: a new property that everybody has to give"],
    ],
    [
        "more to take in a type",
        { ...taken, types: typeB({}) },
        { ...taken, types: typeB({ y: text }, ["y"]) },
        ["additive B.y: new property"],
    ],
    [
        "less that must be given in a type",
        { ...given, types: typeB({ y: text }, ["y"]) },
        { ...given, types: typeB({ y: text }) },
        ["additive B.y: became optional"],
    ],
    [
        "less that can be relied on in a type that is given and taken",
        { ...given, ...taken, types: typeB({ y: text }, ["y"]) },
        { ...given, ...taken, types: typeB({ y: text }) },
        ["breaking B.y: became optional"],
    ],
    [
        "members of an enum",
        { ...given, types: enumB(["One", "1"], ["Two", "2"], ["Three", "3"]) },
        { ...given, types: enumB(["One", "1"], ["Two", "ii"], ["Four", "4"]) },
        [
            "additive B.Four: new enum member",
            "breaking B.Three: the enum member is gone",
            'breaking B.Two: the value was "2", is "ii"',
        ],
    ],
    [
        "a type is gone",
        { ...given, types: typeB({}) },
        { ...given },
        ["breaking B.: the type is gone"],
    ],
    [
        "the package has another name",
        {},
        { name: "other" },
        ["breaking other.: the package was called kubedev"],
    ],
])("%s", (_name, before, after, expected) => {
    expect(shown(schemaChanges(schemaOf(before), schemaOf(after)))).toEqual(expected);
});

test("a component that came or went", () => {
    const none = { ...schemaOf({}), resources: {} };
    expect(shown(schemaChanges(none, schemaOf({})))).toEqual(["additive A.: new component"]);
    expect(shown(schemaChanges(schemaOf({}), none))).toEqual([
        "breaking A.: the component is gone",
    ]);
});

test.each([
    ["Seconds. Defaults to 600.", "600"],
    ["Defaults to hack/lib/etcd.sh of the tree: read there.", "hack/lib/etcd.sh of the tree"],
    ["One of them. Default to none", "none"],
    ["It has none.", undefined],
])("the default in %j", (description, expected) => {
    expect(defaultOf({ description })).toBe(expected);
});

const properties = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d", "constructor"),
    fc.constantFrom(text, number, { type: "array", items: text }, ref("B")),
);
const schemas = fc
    .record({ args: properties, outputs: properties, own: properties, needsAll: fc.boolean() })
    .map(({ args, outputs, own, needsAll }) =>
        schemaOf({
            args,
            outputs,
            needs: needsAll ? Object.keys(args) : [],
            types: typeB(own, needsAll ? Object.keys(own) : []),
        }),
    );
const weights = (changes: readonly Change[]) => changes.map(({ weight }) => weight);

test("of any schema: nothing differs from itself, whatever the order", () => {
    fc.assert(
        fc.property(schemas, (schema) => {
            const turned = JSON.parse(JSON.stringify(schema), (_, value: unknown) =>
                typeof value === "object" && value !== null && !Array.isArray(value)
                    ? Object.fromEntries(Object.entries(value).reverse())
                    : value,
            ) as Schema;
            expect(schemaChanges(schema, turned)).toEqual([]);
        }),
    );
});

test("of any two: what one way only adds, breaks the other way; what breaks needs the larger version", () => {
    fc.assert(
        fc.property(schemas, schemas, (before, after) => {
            const [there, back] = [schemaChanges(before, after), schemaChanges(after, before)];
            expect(there.length).toBe(back.length);
            if (there.some(({ what }) => what.startsWith("new "))) {
                expect(weights(back)).toContain(Weight.Breaking);
            }
            const bump = requiredBump(there, [1, 0, 0]);
            const breaks = weights(there).includes(Weight.Breaking);
            expect(bump).toBe(breaks ? Bump.Major : there.length > 0 ? Bump.Minor : Bump.None);
        }),
    );
});

test("of any version: the lowest one with a bump has that bump", () => {
    const part = fc.nat(99);
    const bumps = fc.constantFrom(Bump.None, Bump.Patch, Bump.Minor, Bump.Major);
    fc.assert(
        fc.property(fc.tuple(part, part, part), bumps, (version, bump) => {
            const next = parseVersion(lowestVersion(version, bump));
            expect(bumpBetween(version, next)).toBe(bump);
            expect(bumpBetween(next, version)).toBe(Bump.None);
        }),
    );
});

const breaks: Change = {
    weight: Weight.Breaking,
    of: "A",
    member: "x",
    what: "the argument is gone",
};
const adds: Change = { weight: Weight.Additive, of: "A", what: "new component" };
const log = (heading: string, words: string) =>
    `# Changelog\n\n## ${heading}\n\n${words}\n\n## 0.0.9\n\n- \`A.x\`\n`;

interface Case {
    changes?: Change[];
    before: string;
    version: string;
    words: string;
    /** That of the release; default: what is not released yet. */
    heading?: string;
    expected?: string;
}

test.each<[string, Case]>([
    ["nothing differs", { changes: [], before: "1.0.0", version: "1.0.0", words: "" }],
    [
        "breaks, before 1.0.0",
        {
            before: "0.1.0",
            version: "0.2.0",
            words: "### Breaking\n\n- `A.x` is gone: leave it out.",
        },
    ],
    [
        "breaks, as a patch",
        {
            ...{ before: "0.1.0", version: "0.1.1", words: "### Breaking\n\n- `A` lost x." },
            expected: "version: got 0.1.1 after 0.1.0; expected 0.2.0 or a later one",
        },
    ],
    [
        "breaks, as a minor version after 1.0.0",
        {
            ...{ before: "1.1.0", version: "1.2.0", words: "### Breaking\n\n- `A.x` is gone." },
            expected: "version: got 1.2.0 after 1.1.0; expected 2.0.0 or a later one",
        },
    ],
    [
        "breaks, told in the wrong place",
        {
            ...{ before: "0.1.0", version: "0.2.0", words: "### Changed\n\n- `A.x` is gone." },
            expected: `CHANGELOG.md: A.x: the argument is gone; expected a line below "### Breaking"`,
        },
    ],
    [
        "adds, told",
        { changes: [adds], before: "1.0.0", version: "1.0.0", words: "- `A`: a thing." },
    ],
    [
        "adds, not told",
        {
            ...{ changes: [adds], before: "1.0.0", version: "1.0.0", words: "- something" },
            expected: `CHANGELOG.md: nothing below "Unreleased" tells of A: new component`,
        },
    ],
    [
        "adds, at the release",
        {
            ...{ changes: [adds], before: "1.0.0", version: "1.0.1", words: "- `A`: a thing." },
            ...{ heading: "1.0.1", expected: "version: got 1.0.1 after 1.0.0; expected 1.1.0" },
        },
    ],
])(
    "%s",
    (_name, { changes = [breaks], before, version, words, heading = "Unreleased", expected }) => {
        const problems = releaseProblems(
            changes,
            before,
            { version, changelog: log(heading, words) },
            heading,
        );
        expect(problems.map((problem) => problem.slice(0, expected?.length))).toEqual(
            expected === undefined ? [] : [expected],
        );
    },
);

const was: RecordedResource = {
    component: "HostFile",
    path: "notes/notes-file",
    type: "command:local:Command",
    deletedFirst: true,
    triggers: [{ path: "/a", incarnation: 1 }],
};
const is = (other: Partial<PresentResource> = {}): PresentResource => ({
    ...was,
    aliases: [],
    ...other,
});

test.each<[string, Partial<PresentResource>, string[]]>([
    ["the same", { triggers: [{ incarnation: 1, path: "/a" }] }, []],
    [
        "another trigger",
        { triggers: [{ path: "/a", incarnation: 1, mode: "0644" }] },
        [
            'breaking HostFile.notes/notes-file: (command:local:Command) is replaced: triggers were [{"incarnation":1,"path":"/a"}], are [{"incarnation":1,"mode":"0644","path":"/a"}]',
        ],
    ],
    [
        "another name",
        { path: "notes/notes-text" },
        [
            "breaking HostFile.notes/notes-file: (command:local:Command) is gone, or has another name or type and no alias",
            "additive HostFile.notes/notes-text: (command:local:Command) is declared beside what was there",
        ],
    ],
    [
        "another name, with an alias",
        { path: "notes/notes-text", aliases: [{ name: "notes-file" }] },
        [],
    ],
    [
        "another type, with an alias",
        { type: "command:remote:Command", aliases: [{ type: was.type }] },
        [],
    ],
    [
        "made before the old one is removed",
        { deletedFirst: false },
        [
            "breaking HostFile.notes/notes-file: (command:local:Command) is not removed any more before it is made anew",
        ],
    ],
])("a resource of a release: %s", (_name, other, expected) => {
    expect(shown(declaredChanges([was], [is(other)]))).toEqual(expected);
});

test("a trigger of which nothing is known is one, whether as a whole or field by field", () => {
    const unknown = { __pulumiUnknown: true };
    const before = { ...was, triggers: [{ cpus: unknown, incarnation: 1 }, { parents: unknown }] };
    const shownOf = (triggers: unknown) => shown(declaredChanges([before], [is({ triggers })]));
    expect(shownOf([unknown, { parents: unknown }])).toEqual([]);
    expect(shownOf([{ cpus: 2, incarnation: 1 }, { parents: unknown }])).toHaveLength(1);
    expect(shownOf([unknown, { parents: [] }])).toHaveLength(1);
    expect(shownOf([unknown])).toHaveLength(1);
});

test("inputs that no trigger holds are additions, by name", () => {
    const object = {
        ...was,
        type: "kubernetes:core/v1:ConfigMap",
        inputs: { data: "1", spec: "2" },
    };
    const changed = { ...object, aliases: [], inputs: { data: "3", spec: "2", kind: "4" } };
    expect(shown(declaredChanges([object], [changed])).map((line) => line.split(") ")[1])).toEqual([
        "its data is another",
        "its kind is another",
    ]);
});

test("what a page says of changes: only what costs more breaks", () => {
    const page =
        "# A\n\n## What a change does\n\n| change | effect |\n| --- | --- |\n| `x` | in place |\n| `y` | replaced: all is gone |\n\n## Errors\n\n| `z` | in place |\n";
    expect(diffTable(page)).toEqual({ "`x`": "in place", "`y`": "replaced: all is gone" });
    const before = { A: diffTable(page) };
    const after = { A: { "`x`": "restart", "`y`": "in place, at last", "`w`": "replaced" } };
    expect(shown(diffTableChanges(before, after))).toEqual([
        'breaking A.What a change does: "`x`" was "in place", is "restart"',
    ]);
    expect(shown(diffTableChanges(before, { A: {} })).map((line) => line.split(" ")[0])).toEqual([
        "additive",
        "additive",
    ]);
});

test.each([
    ["nothing of the agent", 0],
    ["refused", 0],
    ["in place, by rename", 1],
    ["shut down", 1],
    ["restart", 2],
    ["replaced or in place", 3],
    ["disk replaced", 3],
    ["provisioned anew on a new disk", 3],
    ["new machine", 3],
])("what %j costs", (effect, cost) => {
    expect(costOf(effect)).toBe(cost);
});
