/** The samples and the table of settings of each environment against its rules. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { assertParts, settings as azureWindows } from "../../stacks/azure-windows/config";
import { settings as kind } from "../../stacks/kind/config";
import { settings as localKvm } from "../../stacks/local-kvm/config";
import { root } from "./infer";
import { tableNames } from "./markdown";

const rulesOf = {
    "local-kvm": z.strictObject(localKvm),
    kind: z.strictObject(kind),
    "azure-windows": z.strictObject(azureWindows),
};
type Environment = keyof typeof rulesOf;
const environments = Object.keys(rulesOf) as Environment[];
const folderOf = (environment: Environment) => path.join(root, "stacks", environment);
const samples = environments.flatMap((environment) =>
    fs
        .readdirSync(folderOf(environment))
        .filter((file) => file.endsWith(".sample.yaml"))
        .map((file) => [environment, file] as const),
);

function settingsOf(environment: Environment, sample: string): Record<string, unknown> {
    const file = path.join(folderOf(environment), sample);
    const { config } = parse(fs.readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    expect(config["kubedev:environment"]).toBe(environment);
    const own = Object.entries(config).filter(([key]) => key !== "kubedev:environment");
    return Object.fromEntries(
        own.map(([key, value]) => {
            expect(key.startsWith(`${environment}:`)).toBe(true);
            return [key.slice(environment.length + 1), value];
        }),
    );
}

test("every environment is known here, and has samples", () => {
    const folders = fs.readdirSync(path.join(root, "stacks"), { withFileTypes: true });
    expect(folders.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual(
        [...environments].sort(),
    );
    expect(samples.map(([environment, file]) => `${environment}/${file}`)).toEqual([
        "local-kvm/cluster-in-machines.sample.yaml",
        "local-kvm/cluster.sample.yaml",
        "local-kvm/default.sample.yaml",
        "local-kvm/source.sample.yaml",
        "local-kvm/three-machines.sample.yaml",
        "kind/default.sample.yaml",
        "kind/two-nodes.sample.yaml",
        "azure-windows/default.sample.yaml",
        "azure-windows/join.sample.yaml",
        "azure-windows/swap.sample.yaml",
        "azure-windows/two-nodes.sample.yaml",
    ]);
});

test.each(samples)("%s/%s follows the rules", (environment, sample) => {
    expect(rulesOf[environment].safeParse(settingsOf(environment, sample)).error).toBeUndefined();
});

/** Settings that have no default. */
const requiredOf: Partial<Record<Environment, object>> = {
    "azure-windows": { allowedCidrs: ["203.0.113.7/32"] },
};

test.each(environments)("default.sample.yaml of %s holds the defaults, all of them", (name) => {
    const defaults = rulesOf[name].parse(requiredOf[name] ?? {});
    expect(settingsOf(name, "default.sample.yaml")).toEqual(defaults);
});

test("source.sample.yaml means what it says", () => {
    const { source, machines } = rulesOf["local-kvm"].parse(
        settingsOf("local-kvm", "source.sample.yaml"),
    );
    expect(machines).toHaveLength(1);
    expect(source).toMatchObject({ targets: ["cmd/kubelet", "cmd/kube-scheduler"], debug: false });
});

test("join.sample.yaml means what it says", () => {
    const config = rulesOf["azure-windows"].parse(settingsOf("azure-windows", "join.sample.yaml"));
    expect(() => {
        assertParts(config);
    }).not.toThrow();
    expect(config.join).toMatchObject({ kubernetesVersion: "v1.36.1", readyTimeoutSec: 600 });
    expect(config.swap.map(({ service }) => service)).toEqual(["kubelet", "kube-proxy"]);
});

test("swap.sample.yaml means what it says", () => {
    const config = rulesOf["azure-windows"].parse(settingsOf("azure-windows", "swap.sample.yaml"));
    expect(() => {
        assertParts(config);
    }).not.toThrow();
    expect(config.windows).toEqual(["node-0", "node-1"]);
    expect(config.source).toMatchObject({ dir: "/data/kubernetes", platforms: ["windows/amd64"] });
    expect(config.swap).toMatchObject([
        { target: "cmd/kubelet", service: "kubelet", maxUnavailable: 1 },
    ]);
});

test("cluster.sample.yaml means what it says", () => {
    const { cluster, machines } = rulesOf["local-kvm"].parse(
        settingsOf("local-kvm", "cluster.sample.yaml"),
    );
    expect(machines.map(({ name, memoryMib }) => [name, memoryMib])).toEqual([["node", 2048]]);
    expect(cluster).toEqual({
        ...{ kubernetesVersion: "v1.36.1", etcdVersion: "v3.6.8", fromSource: false },
    });
});

test("cluster-in-machines.sample.yaml means what it says", () => {
    const { cluster, machines, network } = rulesOf["local-kvm"].parse(
        settingsOf("local-kvm", "cluster-in-machines.sample.yaml"),
    );
    expect(machines.map(({ name }) => name)).toEqual(["control", "node-1"]);
    expect(network).toEqual({});
    expect(cluster).toMatchObject({ controlPlane: "control" });
});

test("three-machines.sample.yaml means what it says", () => {
    const { machines } = rulesOf["local-kvm"].parse(
        settingsOf("local-kvm", "three-machines.sample.yaml"),
    );
    expect(machines.map(({ name, running }) => [name, running])).toEqual([
        ["control", true],
        ["node-1", true],
        ["node-2", false],
    ]);
});

test("two-nodes.sample.yaml means what it says", () => {
    const { nodes, kubeProxyMode } = rulesOf.kind.parse(
        settingsOf("kind", "two-nodes.sample.yaml"),
    );
    expect(nodes.map(({ role, ports }) => [role, ports?.length])).toEqual([
        ["control-plane", undefined],
        ["worker", 1],
    ]);
    expect(kubeProxyMode).toBe("nftables");
});

test("two-nodes.sample.yaml of azure-windows means what it says", () => {
    const { windows, rdp, linux } = rulesOf["azure-windows"].parse(
        settingsOf("azure-windows", "two-nodes.sample.yaml"),
    );
    expect([windows, rdp, linux]).toEqual([["node-0", "node-1"], true, false]);
});

test.each(environments)("a wrong sample of %s is refused", (name) => {
    const wrong = { ...settingsOf(name, "default.sample.yaml"), machine: [] };
    expect(rulesOf[name].safeParse(wrong).success).toBe(false);
});

test.each(environments)("the README of %s names every setting", (environment) => {
    const { properties } = z.toJSONSchema(rulesOf[environment], { io: "input" }) as {
        properties: Record<string, { properties?: object; items?: { properties?: object } }>;
    };
    const names = Object.entries(properties).flatMap(([name, { items, properties: inner }]) => [
        `${environment}:${name}`,
        ...Object.keys(inner ?? {}).map((field) => `${environment}:${name}.${field}`),
        ...Object.keys(items?.properties ?? {}).map((field) => `${environment}:${name}[].${field}`),
    ]);
    expect(tableNames(`stacks/${environment}/README.md`, "Settings").sort()).toEqual(names.sort());
});
