import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { WindowsRelease } from "../../components/azure";
import { sourceFields } from "../source-settings";

const text = (what: string) => z.string({ error: `expected ${what}` });
const flag = z.boolean({ error: "expected true or false" });
const gib = z
    .int({ error: "expected a whole number of GiB" })
    .min(0, { error: "expected a whole number of GiB, 0 or more" });
const size = text('a size, as "Standard_D4s_v5"');

const seconds = z
    .int({ error: "expected a whole number of seconds" })
    .min(1, { error: "expected a whole number of seconds, 1 or more" });

/** The platform of Windows agents. */
export const windowsPlatform = "windows/amd64";
const fields = sourceFields(windowsPlatform);
/** On the Linux agent. Beside `targets` the commands of `swap` are built. */
const source = z.strictObject({ ...fields, dir: fields.dir.default("/data/kubernetes") });

const serviceName = z
    .string({ error: 'expected the name of a Windows service, as "kubelet"' })
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, {
        error: 'expected the name of a Windows service, as "kubelet"',
    });
const swap = z.strictObject({
    /** Command of the tree, as "cmd/kubelet". */
    target: text('a command of the tree, as "cmd/kubelet"'),
    /** Windows service whose program it becomes. */
    service: serviceName,
    /** Windows agents, in the order in which they are swapped. Defaults to all. */
    agents: z.array(z.string(), { error: "expected a list of agents" }).optional(),
    /** Path of the program there. Defaults to what the service manager says. */
    path: text('a path, as "C:\\k\\kubelet.exe"').optional(),
    /** Services that are stopped before it and started after it. */
    dependents: z.array(serviceName, { error: "expected names of services" }).optional(),
    /** How many agents may be in work at the same time. */
    maxUnavailable: z
        .int({ error: "expected a number of agents, 1 or more" })
        .min(1, { error: "expected a number of agents, 1 or more" })
        .default(1),
    /** URL there that answers when it is healthy. Defaults to that of kubelet and kube-proxy; else its process goes on. */
    healthUrl: text('a URL, as "http://127.0.0.1:10248/healthz"').optional(),
    healthTimeoutSec: seconds.default(180),
    stopTimeoutSec: seconds.default(60),
    settleSec: seconds.default(15),
    /** Arguments with which the new program must end well before anything is touched. */
    versionArguments: z
        .array(z.string(), { error: "expected a list of arguments" })
        .default(["--version"]),
});

const kubelet = z.strictObject({
    /** Version of Kubernetes that it is of, until it is swapped. */
    kubernetesVersion: z
        .string({ error: 'expected a version, as "v1.36.1"' })
        .regex(/^v\d+\.\d+\.\d+/, { error: 'expected a version, as "v1.36.1"' })
        .default("v1.36.1"),
});

const nodeName = z
    .string({ error: "expected the name of a node" })
    .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, {
        error: "expected lower-case letters, digits, inner hyphens and dots, at most 63",
    });
const join = z.strictObject({
    /** Absolute path, on this computer, of an administrator's kubeconfig of a cluster that kubeadm made, with flannel. */
    kubeconfigPath: text("the absolute path of a kubeconfig").regex(/^\//, {
        error: "expected the absolute path of a kubeconfig",
    }),
    /** Absolute path of kubectl on this computer. Defaults to that on the PATH. */
    kubectlPath: text("the absolute path of kubectl").optional(),
    /** API server as the agents reach it. Defaults to that of the kubeconfig. */
    endpoint: text('an address and a port, as "10.0.0.4:6443"').optional(),
    /** Ranges of addresses of the cluster's other machines. */
    peerCidrs: z
        .array(text('ranges of addresses, as "10.0.0.0/16"'), {
            error: 'expected the ranges of addresses of the cluster\'s machines, as ["10.0.0.0/16"]',
        })
        .min(1, { error: "expected at least one range: without any nobody would reach the nodes" }),
    /** Version of Kubernetes of the nodes' programs, until they are swapped. */
    kubernetesVersion: kubelet.shape.kubernetesVersion,
    /** Windows agents that are joined. Defaults to all. */
    agents: z.array(z.string(), { error: "expected a list of agents" }).optional(),
    /** By agent: name of its node. Defaults to the agent's. */
    nodeNames: z
        .record(z.string(), nodeName, { error: "expected names of nodes by agent" })
        .default({}),
    /** How long a node may take to be Ready. */
    readyTimeoutSec: seconds.default(600),
});

/** Settings of the environment, as `azure-windows:<name>`. */
export const settings = {
    /** Region. */
    location: text('a region, as "westeurope"').default("westeurope"),
    /** Ranges of addresses from which the agents can be logged in to. There is no default: only you know where you are. */
    allowedCidrs: z
        .array(text('ranges of addresses, as "203.0.113.7/32"'), {
            error: 'expected the ranges of addresses from which you come, as ["203.0.113.7/32"]',
        })
        .min(1, { error: "expected at least one range: without any nobody could log in" }),
    /** true: RDP is open to the same ranges; else it goes through ssh. */
    rdp: flag.default(false),
    /** Names of the Windows agents. */
    windows: z
        .array(text("the name of an agent"), { error: "expected a list of names" })
        .default(["windows-0"]),
    windowsRelease: z
        .enum(WindowsRelease, { error: 'expected "2025" or "2022"' })
        .default(WindowsRelease.Server2025),
    windowsSize: size.default("Standard_D4s_v5"),
    /** true: a Linux agent on which binaries are built. */
    linux: flag.default(true),
    linuxSize: size.default("Standard_D8s_v5"),
    /** GiB of a disk of its own for source and caches, which outlives the agent; 0: none. */
    linuxDiskGib: gib.default(128),
    /** When agents are shut down each day, so that nobody forgets them; "" never. */
    shutdownTime: text('a time, as "19:00"').default("19:00"),
    /** Time zone of that, by Windows' name. */
    shutdownTimeZone: text('a time zone, as "W. Europe Standard Time"').default("UTC"),
    /** Source tree on the Linux agent, and what is built from it there. Defaults to none. */
    source: source.optional(),
    /** A kubelet by itself as a service of each Windows agent, beside containerd. Defaults to none. */
    kubelet: kubelet.optional(),
    /** A cluster whose nodes the Windows agents become, each with kubelet and kube-proxy as services. Defaults to none. */
    join: join.optional(),
    /** Services of the Windows agents whose program is one of the tree. */
    swap: z
        .array(swap, { error: "expected a list of services" })
        .refine((list) => new Set(list.map(({ service }) => service)).size === list.length, {
            error: "expected each service once",
        })
        .default([]),
};

/** All settings, checked one by one. */
export type Settings = z.output<z.ZodObject<typeof settings>>;

/** What the parts of the environment must have of each other. */
export function assertParts(config: Settings): void {
    const { linux, linuxDiskGib, source: tree, swap: swaps, windows, join: cluster } = config;
    const unknownAgents = (at: string, names: readonly string[]) =>
        names
            .filter((name) => !windows.includes(name))
            .map(
                (name) =>
                    `${at}: got "${name}"; expected names of azure-windows:windows: ${windows.join(", ")}`,
            );
    const nodes = (cluster?.agents ?? windows).map((name) => cluster?.nodeNames[name] ?? name);
    const problems = [
        ...(linux
            ? []
            : (["source", "kubelet", "join"] as const)
                  .filter((name) => config[name] !== undefined)
                  .map(
                      (name) =>
                          `${name}: got one without a Linux agent, on which it is built; expected azure-windows:linux. Set it: pulumi config set azure-windows:linux true`,
                  )),
        ...(linuxDiskGib === 0 && tree?.dir.startsWith("/data/") === true
            ? [
                  `source.dir: got ${tree.dir} without a disk at /data; expected azure-windows:linuxDiskGib, or a directory of the agent's own. Set it: pulumi config set --path 'azure-windows:source.dir' VALUE`,
              ]
            : []),
        ...(swaps.length > 0 && tree === undefined
            ? [
                  "swap: got one without a source tree; expected azure-windows:source. Set it: pulumi config set --path 'azure-windows:source.origin' VALUE",
              ]
            : []),
        ...(swaps.length > 0 && tree?.platforms.includes(windowsPlatform) === false
            ? [
                  `source.platforms: got ${tree.platforms.join(", ")}; expected ${windowsPlatform} among them, for azure-windows:swap`,
              ]
            : []),
        ...swaps.flatMap(({ agents = [] }, at) =>
            unknownAgents(`swap[${String(at)}].agents`, agents),
        ),
        ...unknownAgents("join.agents", cluster?.agents ?? []),
        ...unknownAgents("join.nodeNames", Object.keys(cluster?.nodeNames ?? {})),
        ...(cluster !== undefined && new Set(nodes).size < nodes.length
            ? [`join.nodeNames: got ${nodes.join(", ")}; expected another name for each agent`]
            : []),
        ...(cluster !== undefined && config.kubelet !== undefined
            ? [
                  "kubelet: got one beside azure-windows:join, which brings its own; expected one of both. Take it out: pulumi config rm azure-windows:kubelet",
              ]
            : []),
    ];
    if (problems.length > 0) {
        throw new pulumi.RunError(problems.map((line) => `azure-windows:${line}`).join("\n"));
    }
}
