/** The samples and the table of settings of the environment local-kvm against its rules. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { settings } from "../../stacks/local-kvm/config";
import { root } from "./infer";
import { tableNames } from "./markdown";

const folder = path.join(root, "stacks/local-kvm");
const rules = z.strictObject(settings);
const samples = fs.readdirSync(folder).filter((file) => file.endsWith(".sample.yaml"));

function settingsOf(sample: string): Record<string, unknown> {
    const { config } = parse(fs.readFileSync(path.join(folder, sample), "utf8")) as {
        config: Record<string, unknown>;
    };
    expect(config["kubedev:environment"]).toBe("local-kvm");
    const own = Object.entries(config).filter(([key]) => key !== "kubedev:environment");
    return Object.fromEntries(
        own.map(([key, value]) => {
            expect(key).toMatch(/^local-kvm:/);
            return [key.slice("local-kvm:".length), value];
        }),
    );
}

test("there are samples", () => {
    expect(samples).toEqual([
        "default.sample.yaml",
        "source.sample.yaml",
        "three-machines.sample.yaml",
    ]);
});

test.each(samples)("%s follows the rules", (sample) => {
    expect(rules.safeParse(settingsOf(sample)).error).toBeUndefined();
});

test("default.sample.yaml holds the defaults, all of them", () => {
    expect(settingsOf("default.sample.yaml")).toEqual(rules.parse({}));
});

test("source.sample.yaml means what it says", () => {
    const { source, machines } = rules.parse(settingsOf("source.sample.yaml"));
    expect(machines).toHaveLength(1);
    expect(source).toMatchObject({ targets: ["cmd/kubelet", "cmd/kube-scheduler"], debug: false });
});

test("three-machines.sample.yaml means what it says", () => {
    const { machines } = rules.parse(settingsOf("three-machines.sample.yaml"));
    expect(machines.map(({ name, running }) => [name, running])).toEqual([
        ["control", true],
        ["node-1", true],
        ["node-2", false],
    ]);
});

test("a wrong sample is refused", () => {
    const wrong = { ...settingsOf("default.sample.yaml"), machine: [] };
    expect(rules.safeParse(wrong).success).toBe(false);
});

test("the README names every setting", () => {
    const { properties } = z.toJSONSchema(rules, { io: "input" }) as {
        properties: Record<string, { properties?: object; items?: { properties?: object } }>;
    };
    const names = Object.entries(properties).flatMap(([name, { items, properties: inner }]) => [
        `local-kvm:${name}`,
        ...Object.keys(inner ?? {}).map((field) => `local-kvm:${name}.${field}`),
        ...Object.keys(items?.properties ?? {}).map((field) => `local-kvm:${name}[].${field}`),
    ]);
    expect(tableNames("stacks/local-kvm/README.md", "Settings").sort()).toEqual(names.sort());
});
