/** From the source tree on the Linux agent to the services of Windows agents. */
import * as pulumi from "@pulumi/pulumi";
import { type Host, HostArtifact } from "../../components/host";
import { type Binary, Build, BuildMode, SourceTree } from "../../components/source";
import { BinaryRollout } from "../../components/swap";
import { type Settings, windowsPlatform } from "./config";

type Source = NonNullable<Settings["source"]>;
type Swap = Settings["swap"][number];

/** Where a kubelet or kube-proxy tells whether it is healthy, unless it is told another place. */
const usualHealthUrls: Readonly<Record<string, string>> = {
    "cmd/kubelet": "http://127.0.0.1:10248/healthz",
    "cmd/kube-proxy": "http://127.0.0.1:10256/healthz",
};

/** What a BuildHost must have for it. */
export const buildNeeds = ({ mode }: Source) => ({ containerEngine: mode === BuildMode.Container });

/** Declares the tree, and what is built from it, on a host that can build. */
export function declareSource(wanted: Source, swaps: readonly Swap[], builder: pulumi.Input<Host>) {
    const { targets, platforms, debug, mode, ...place } = wanted;
    const tree = new SourceTree("source", { ...place, host: builder });
    const all = [...new Set([...targets, ...swaps.map(({ target }) => target)])];
    const build =
        all.length === 0
            ? undefined
            : new Build("build", { source: tree.files, targets: all, platforms, debug, mode });
    return { tree, build };
}

/** A Windows agent, as far as its services go. */
export interface ServiceAgent {
    host: pulumi.Input<Host>;
    /** By service: what installed it, if that is of this stack. */
    installed: ReadonlyMap<string, { instanceId: pulumi.Output<string> }>;
}

/** Declares the swaps of one service; answers by agent what the new program says of its version. */
export function declareSwap(
    { target, service, agents: chosen, healthUrl, healthTimeoutSec, ...how }: Swap,
    build: Build,
    builder: pulumi.Input<Host>,
    agents: ReadonlyMap<string, ServiceAgent>,
): pulumi.Output<Record<string, string>> {
    const { path, sha256, fingerprint } = binaryOf(build, target);
    // It comes through this computer, since nothing but it can log in to both.
    const here = new HostArtifact(`${service}-binary`, {
        sourceHost: builder,
        sourcePath: path,
        sha256,
    });
    const nodes = (chosen ?? [...agents.keys()]).flatMap((name) => {
        const agent = agents.get(name);
        const installed = agent?.installed.get(service);
        return agent === undefined
            ? []
            : [
                  {
                      name,
                      host: agent.host,
                      ...(installed === undefined ? {} : { parentIds: [installed.instanceId] }),
                  },
              ];
    });
    const httpUrl = healthUrl ?? usualHealthUrls[target];
    return new BinaryRollout(service, {
        ...how,
        service,
        binary: { path: here.path, fingerprint, sha256: here.sha256 },
        ...(httpUrl === undefined
            ? {}
            : { healthCheck: { httpUrl, timeoutSec: healthTimeoutSec } }),
        nodes,
    }).versions;
}

/** One of a Build's binaries for Windows. */
export function binaryOf(build: Build, target: string): pulumi.Output<Binary> {
    const name = `${target.slice(target.lastIndexOf("/") + 1)}-${windowsPlatform.replace("/", "-")}`;
    return build.binaries[name] as pulumi.Output<Binary>;
}
