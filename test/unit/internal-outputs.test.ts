/** What stands in for pulumi.all and pulumi.output says the same. */
import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import {
    applied,
    appliedFields,
    asOutput,
    fieldsOf,
    holdsOutput,
    mapped,
    outputOf,
} from "../../components/internal/outputs";

interface Inner {
    promise(withUnknowns?: boolean): Promise<unknown>;
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
    allResources(): Promise<Set<pulumi.Resource>>;
}
async function seen(output: unknown) {
    const inner = output as Inner;
    const [value, known, secret, all] = await Promise.all([
        inner.promise(),
        inner.isKnown,
        inner.isSecret,
        inner.allResources(),
    ]);
    const on = await Promise.all([...all].map((each) => (each.urn as unknown as Inner).promise()));
    return { value, known, secret, on: on.sort() };
}
const unknown = pulumi.output(pulumi.unknown as unknown as string);
const resources = ["one", "two"].map(
    (name) => new pulumi.DependencyResource(`urn:pulumi:s::p::t::${name}`),
);

/** Anything that a component may be given, and outputs that hold it. */
const values = fc.letrec<{ any: unknown; later: unknown }>((tie) => ({
    any: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.constantFrom<unknown>("text", 7, undefined, false, pulumi.unknown),
        tie("later"),
        fc.array(tie("any"), { maxLength: 2 }),
        fc.record({ field: tie("any") }),
    ),
    later: fc.oneof(
        { maxDepth: 3 },
        fc.constant(unknown),
        fc.constantFrom(...resources).map(({ urn }) => urn),
        tie("any").map((value) => pulumi.output(value)),
        tie("any").map((value) => pulumi.secret(value)),
        tie("any").map((value) => Promise.resolve(value)),
        tie("any").map((value) => pulumi.output(1).apply(() => value)),
        tie("any").map((value) => applied([value], ([known]) => known)),
        tie("any").map((value) => outputOf({ value })),
    ),
}));

/** What a function may answer. */
const results = fc.constantFrom<unknown>(
    ...["plain", { plain: [] }, undefined, unknown, ...resources.map(({ urn }) => urn)],
    ...[pulumi.secret("secret"), Promise.resolve("promise"), pulumi.output("output")],
);

test.each<[string, unknown[]]>([
    ["nothing", []],
    ["plain values", [1, "two", { three: [3] }, undefined]],
    ["outputs", [pulumi.output(1), pulumi.output({ two: 2 })]],
    ["outputs within values", [{ one: pulumi.output(1), more: [pulumi.output("2")] }, 3]],
    ["an output that holds one", [pulumi.output(1).apply(() => ({ one: pulumi.output(1) }))]],
    ["promises", [Promise.resolve(1), { two: Promise.resolve(2) }]],
    ["a secret", ["plain", pulumi.secret("secret")]],
    ["what is unknown", ["plain", unknown, pulumi.output(1)]],
])("%s", async (_, values) => {
    const ours = await seen(applied(values, (known) => known));
    expect(ours).toEqual(await seen(pulumi.all(values).apply((known) => known)));
    const named = Object.fromEntries(values.map((value, at) => [String(at), value]));
    expect(await seen(appliedFields(named, (known) => known))).toEqual(
        await seen(pulumi.output(named).apply((known) => known)),
    );
});

test("whatever it is made of, it is as known, as secret and as dependent as pulumi.all's", async () => {
    await fc.assert(
        fc.asyncProperty(fc.array(values.any, { maxLength: 4 }), results, async (given, made) => {
            const ours = await seen(applied(given, () => made));
            expect(ours).toEqual(await seen(pulumi.all(given).apply(() => made)));
            const all = await seen(applied(given, (known) => known));
            expect(all).toEqual(await seen(pulumi.all(given).apply((known) => known)));
        }),
        { numRuns: 500 },
    );
});

test("an object's fields are known or not each by itself, as pulumi.output's", async () => {
    await fc.assert(
        fc.asyncProperty(fc.record({ one: values.any, two: values.any }), async (fields) => {
            const ours = outputOf(fields);
            const theirs = pulumi.output(fields);
            expect(await seen(ours)).toEqual(await seen(theirs));
            for (const name of ["one", "two"] as const) {
                expect(await seen(fieldsOf(ours, name)[name])).toEqual(
                    await seen(fieldsOf(theirs, name)[name]),
                );
            }
        }),
        { numRuns: 500 },
    );
});

test("where something is unknown nothing is made", async () => {
    const make = jest.fn();
    await seen(applied([unknown, pulumi.output(1)], make));
    await seen(applied([{ raw: pulumi.unknown }, pulumi.output(1)], make));
    await seen(applied([pulumi.unknown], make));
    await seen(mapped(pulumi.unknown, make));
    expect(make).not.toHaveBeenCalled();
});

const fails = (...values: unknown[]): pulumi.Output<unknown> =>
    applied([...values, pulumi.output(2)], () => Promise.reject(new Error("no")));

test.each<[string, () => pulumi.Output<unknown>]>([
    ["what is made", () => fails(1)],
    ["what it is made of", () => applied([fails(1)], (known) => known)],
    ["two of what it is made of", () => applied([fails(1), fails(2)], (known) => known)],
    ["a field", () => outputOf({ one: fails(1), two: 2 })],
    ["a promise", () => applied([Promise.reject(new Error("no"))], (known) => known)],
    ["what the SDK makes of it", () => fails(1).apply((known) => known)],
])("who takes an output is told once that %s has failed", async (_, make) => {
    const unhandled: unknown[] = [];
    const heard = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", heard);
    await expect(seen(make())).rejects.toThrow("no");
    for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
    }
    process.off("unhandledRejection", heard);
    expect(unhandled).toEqual([]);
});

test("with an SDK whose outputs are made otherwise, its own functions serve", async () => {
    const Output = { isInstance: (value: unknown) => pulumi.Output.isInstance(value) };
    const other = Object.create(pulumi, { Output: { value: Output } }) as typeof pulumi;
    await jest.isolateModulesAsync(async () => {
        jest.doMock("@pulumi/pulumi", () => other);
        const module = jest.requireActual<typeof import("../../components/internal/outputs")>(
            "../../components/internal/outputs",
        );
        const secret = pulumi.secret("secret");
        expect(await seen(module.applied(["a", secret], (known) => known.join()))).toMatchObject({
            ...{ value: "a,secret", known: true, secret: true },
        });
        expect(await seen(module.outputOf({ secret, none: undefined }))).toMatchObject({
            ...{ value: { secret: "secret" }, secret: true },
        });
    });
});

test("a resource is left as it is, as pulumi.all leaves it", async () => {
    const resource = new pulumi.DependencyResource("urn:pulumi:s::p::t::one");
    const within = { resource };
    expect(holdsOutput(within)).toBe(false);
    const ours = await seen(
        applied([pulumi.output(1), resource], ([, known]) => known === resource),
    );
    expect(ours).toMatchObject({ value: true, known: true });
    expect(mapped(resource as unknown as string, (known) => typeof known)).toBe("object");
});

test("all that it is made of is depended on", async () => {
    const one = new pulumi.DependencyResource("urn:pulumi:s::p::t::one");
    const two = new pulumi.DependencyResource("urn:pulumi:s::p::t::two");
    const made = applied([one.urn, two.urn], (urns) => urns.join());
    const all = made as unknown as { allResources(): Promise<Set<pulumi.Resource>> };
    expect([...(await all.allResources())]).toEqual(expect.arrayContaining([one, two]));
});

test("what is made of a plain value is there at once", async () => {
    expect(mapped(1, String)).toBe("1");
    expect(await seen(mapped(pulumi.output(1), String))).toMatchObject({ value: "1" });
    const output = pulumi.output(1);
    expect(asOutput(output)).toBe(output);
});

test("fields of an output are made once, each known or not by itself", async () => {
    const whole = pulumi.output({ here: "here", there: unknown });
    const first = fieldsOf(whole, "here", "there");
    const again = fieldsOf(whole, "there");
    expect(again.there).toBe(first.there);
    expect(await seen(first.here)).toMatchObject({ value: "here", known: true });
    expect(await seen(first.there)).toMatchObject({ known: false });
    const plain: { one: pulumi.Input<number> } = { one: 1 };
    const before = fieldsOf(plain, "one");
    plain.one = 2;
    expect(await seen(before.one)).toMatchObject({ value: 1 });
    expect(await seen(fieldsOf(plain, "one").one)).toMatchObject({ value: 2 });
});
