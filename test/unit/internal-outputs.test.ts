/** What stands in for pulumi.all says the same. */
import * as pulumi from "@pulumi/pulumi";
import {
    applied,
    appliedFields,
    asOutput,
    fieldsOf,
    holdsOutput,
    mapped,
} from "../../components/internal/outputs";

interface Inner {
    promise(): Promise<unknown>;
    isKnown: Promise<boolean>;
    isSecret: Promise<boolean>;
}
async function seen(output: unknown) {
    const inner = output as Inner;
    const [value, known, secret] = await Promise.all([
        inner.promise(),
        inner.isKnown,
        inner.isSecret,
    ]);
    return { value, known, secret };
}
const unknown = pulumi.output(pulumi.unknown as unknown as string);

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
