import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { CheckSuite } from "../../components/source";
import { sourceFields } from "../source-settings";

const hostname = z.string().regex(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/, {
    error: "expected a host name: lower-case letters, digits and inner hyphens, at most 32",
});
const whole = (min: number, max: number, unit: string) => {
    const error = `expected a whole number of ${unit}, ${String(min)} to ${String(max)}`;
    return z.int({ error }).min(min, { error }).max(max, { error });
};
const port = whole(1, 65535, "TCP ports");

const disk = z.strictObject({
    /** Name of the disk, of which a machine has one. */
    name: hostname,
    sizeGib: whole(1, 65536, "GiB").default(16),
    /** Where it is mounted. Defaults to nowhere: the guest has a bare device. */
    mountPath: z.string({ error: "expected an absolute path, as /data" }).optional(),
});

const machine = z.strictObject({
    /** Name of the machine, and of its guest. */
    name: hostname,
    memoryMib: whole(256, 1048576, "MiB").default(1024),
    cpus: whole(1, 256, "CPUs").default(2),
    diskGib: whole(2, 65536, "GiB").default(8),
    /** Further disks, which stay when the machine is made anew. */
    disks: z
        .array(disk)
        .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
            error: "expected different names",
        })
        .default([]),
    /** Directories of this computer that the guest sees. */
    shares: z
        .array(
            z.strictObject({
                sourcePath: z.string({ error: "expected an absolute path of a directory" }),
                mountPath: z.string({ error: "expected an absolute path, as /src" }),
                /** false: the guest writes to it. */
                readOnly: z.boolean({ error: "expected true or false" }).default(true),
            }),
        )
        .default([]),
    /** false: shut down, everything is kept. */
    running: z.boolean({ error: "expected true or false" }).default(true),
    /** Address on loopback where its forwarded ports are. Derived from user, project, stack and name. */
    address: z
        .string()
        .regex(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/, { error: "expected an address in 127.0.0.0/8" })
        .optional(),
    /** Number by which its console and monitor have ports of 127.0.0.1 for all users of this computer: 7100 and 7000 and it. Defaults to none. */
    index: whole(1, 99, "machines' numbers").optional(),
    /** Address in `network`. Derived from the name. */
    networkAddress: z.string({ error: "expected an IPv4 address" }).optional(),
    /** Ports of the guest that are forwarded beside ssh, under the same number. */
    ports: z.array(port).default([]),
});

const flag = z.boolean({ error: "expected true or false" });
const checks = z.strictObject({
    suite: z.enum(CheckSuite, {
        error: `expected one of ${Object.values(CheckSuite).join(", ")}`,
    }),
    /** Packages, or names of checks. */
    what: z.array(z.string(), { error: "expected a list of packages" }).optional(),
    focus: z.string({ error: "expected a regular expression" }).optional(),
    skip: z.string({ error: "expected a regular expression" }).optional(),
    race: flag.optional(),
    cover: flag.optional(),
    /** false: only the command is said. */
    run: flag.default(false),
});
const source = z.strictObject({
    ...sourceFields("linux/amd64"),
    /** true: the etcd of the integration tests is built. */
    etcd: flag.default(false),
    /** Tests and linters: each suite once. */
    checks: z
        .array(checks)
        .refine((list) => new Set(list.map((c) => c.suite)).size === list.length, {
            error: "expected each suite once",
        })
        .default([]),
});

const release = (example: string) => {
    const error = `expected a version, as "${example}"`;
    return z.string({ error }).regex(/^v\d+\.\d+\.\d+/, { error });
};
const cluster = z.strictObject({
    /** Version of Kubernetes; of the tree, if it is built from that. */
    kubernetesVersion: release("v1.36.1").default("v1.36.1"),
    /** true: its programs are built from the source tree, and not from the released module. */
    fromSource: flag.default(false),
    etcdVersion: release("v3.6.8").default("v3.6.8"),
    /** Name of the machine that its control plane is in, where nodes and pods reach it by `network`. Defaults to this computer. */
    controlPlane: hostname.optional(),
    /** Names of the machines that are its nodes. Defaults to all. */
    nodes: z.array(hostname, { error: "expected a list of names of machines" }).optional(),
});

const network = z.strictObject({
    /** IPv4 range of its addresses. Derived from user, project and stack. */
    cidr: z.string({ error: "expected an IPv4 range, as 198.18.0.0/20" }).optional(),
    /** bridge: on a bridge of this computer, by root. Defaults to switch: without root, and without this computer. */
    mode: z.enum(["switch", "bridge"], { error: 'expected "switch" or "bridge"' }).optional(),
    /** Name of the bridge. Derived from user, project and stack. */
    bridge: z.string({ error: "expected the name of a network device, as qemu0" }).optional(),
    /** false: nothing goes out by the bridge. Defaults to true. */
    nat: flag.optional(),
    /** Where all other names are looked up. Defaults to what this computer does. */
    nameServers: z.array(z.string(), { error: "expected a list of IPv4 addresses" }).optional(),
    /** Proxy of containerd in the cluster's nodes, and in the output `bridge.proxyDropIn`. Defaults to none. */
    proxyUrl: z.string({ error: "expected a URL, as http://198.18.0.1:3128" }).optional(),
});

/** Settings of the environment, as `local-kvm:<name>`. */
export const settings = {
    machines: z
        .array(machine)
        .min(1, { error: "expected at least one machine" })
        .refine((list) => new Set(list.map((m) => m.name)).size === list.length, {
            error: "expected different names",
        })
        .default([machine.parse({ name: "node" })]),
    /** Network that all machines share, where they know each other by name. Defaults to none. */
    network: network.optional(),
    /** Debian release of the guests. */
    suite: z.string({ error: "expected a Debian release" }).default("bookworm"),
    /** Debian packages in the guests beside the basic ones. */
    packages: z.array(z.string(), { error: "expected a list of package names" }).default([]),
    /** true: new machines start from a snapshot of one of their kind. */
    warmStart: flag.optional(),
    /** Source tree to work on, and what is built from it. Defaults to none. */
    source: source.optional(),
    /** Cluster of plain processes, here or in a machine, with machines as its nodes. Defaults to none. */
    cluster: cluster.optional(),
};

/** Refuses what takes a network, or one on a bridge, where there is none. */
export function assertNetwork({
    machines,
    network,
    cluster,
}: Pick<z.output<z.ZodObject<typeof settings>>, "machines" | "network" | "cluster">): void {
    const taken = [
        ...machines.map(({ networkAddress }, at): [string, string | undefined] => [
            `machines[${String(at)}].networkAddress`,
            networkAddress,
        ]),
        ["cluster.controlPlane", cluster?.controlPlane] as const,
    ];
    const withoutBridge = Object.entries(network ?? {}).flatMap(([setting, value]) =>
        network?.mode === "bridge" || ["cidr", "mode"].includes(setting)
            ? []
            : [
                  `local-kvm:network.${setting}: got ${JSON.stringify(value)} without a bridge; expected local-kvm:network.mode. Set it: pulumi config set --path local-kvm:network.mode bridge`,
              ],
    );
    const withoutNetwork = taken.flatMap(([setting, value]) =>
        value === undefined || network !== undefined
            ? []
            : [
                  `local-kvm:${setting}: got ${JSON.stringify(value)} without a network; expected local-kvm:network. Set it: pulumi config set local-kvm:network '{}'`,
              ],
    );
    const lines = [...withoutNetwork, ...withoutBridge];
    if (lines.length > 0) {
        throw new pulumi.RunError(lines.join("\n"));
    }
}
