import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { WindowsRelease } from "../../components/azure";
import { BuildMode, TreeRemoval } from "../../components/source";

const text = (what: string) => z.string({ error: `expected ${what}` });
const flag = z.boolean({ error: "expected true or false" });
const gib = z
    .int({ error: "expected a whole number of GiB" })
    .min(0, { error: "expected a whole number of GiB, 0 or more" });
const size = text('a size, as "Standard_D4s_v5"');

const seconds = z
    .int({ error: "expected a whole number of seconds" })
    .min(1, { error: "expected a whole number of seconds, 1 or more" });
const absolute = z
    .string({ error: "expected an absolute path" })
    .regex(/^\//, { error: "expected an absolute path" });

/** The platform of Windows agents. */
export const windowsPlatform = "windows/amd64";
const source = z.strictObject({
    /** Absolute path of the source tree on the Linux agent: one that is there is adopted. */
    dir: absolute.default("/data/kubernetes"),
    /** What is cloned when there is no tree yet: the URL of a fork. */
    origin: text("the URL of a repository").optional(),
    branch: text("a branch name").optional(),
    /** Another tree on the Linux agent whose objects a clone shares. */
    reference: absolute.optional(),
    hooks: flag.default(false),
    onDelete: z
        .enum(TreeRemoval, { error: 'expected "refuse", "retain" or "force"' })
        .default(TreeRemoval.Refuse),
    /** Commands that are built beside those of `swap`, as "cmd/kubectl". */
    targets: z.array(z.string(), { error: "expected a list of commands" }).default([]),
    platforms: z
        .array(z.string(), { error: "expected a list of platforms" })
        .min(1, { error: "expected at least one platform" })
        .default([windowsPlatform]),
    debug: flag.default(false),
    mode: z
        .enum([BuildMode.Go, BuildMode.Make, BuildMode.Container], {
            error: 'expected "go", "make" or "container"',
        })
        .default(BuildMode.Go),
});

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
    const { linux, linuxDiskGib, source: tree, swap: swaps, windows } = config;
    const problems = [
        ...(linux
            ? []
            : (["source", "kubelet"] as const)
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
            agents
                .filter((name) => !windows.includes(name))
                .map(
                    (name) =>
                        `swap[${String(at)}].agents: got "${name}"; expected names of azure-windows:windows: ${windows.join(", ")}`,
                ),
        ),
    ];
    if (problems.length > 0) {
        throw new pulumi.RunError(problems.map((line) => `azure-windows:${line}`).join("\n"));
    }
}
