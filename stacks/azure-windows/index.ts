import * as pulumi from "@pulumi/pulumi";
import { AgentNetwork, AzureDisk, LinuxAgent, WindowsAgent } from "../../components/azure";
import { SshKeyPair } from "../../components/host";
import { BuildHost } from "../../components/source";
import { readConfig } from "../config";
import { assertParts, settings } from "./config";
import { joinAgent, nodePrograms } from "./join";
import { installKubelet, kubeletService, releasedKubelet } from "./kubelet";
import { buildNeeds, declareSource, declareSwap, type ServiceAgent } from "./programs";

const config = readConfig("azure-windows", settings);
assertParts(config);
const shutdown =
    config.shutdownTime === ""
        ? { autoShutdown: false }
        : { shutdownTime: config.shutdownTime, shutdownTimeZone: config.shutdownTimeZone };

/** Whether an agent becomes a node. */
const joins = (name: string) =>
    config.join !== undefined && (config.join.agents ?? config.windows).includes(name);

const loginKey = new SshKeyPair("login", { comment: `kubedev ${pulumi.getStack()}` });
const network = new AgentNetwork("agents", {
    location: config.location,
    allowedCidrs: config.allowedCidrs,
    rdp: config.rdp,
});
const common = { network: network.network, loginKey: loginKey.files, ...shutdown };

const sources =
    config.linux && config.linuxDiskGib > 0
        ? new AzureDisk("sources", { network: network.network, sizeGib: config.linuxDiskGib })
        : undefined;
const linux = config.linux
    ? new LinuxAgent("linux", {
          ...common,
          size: config.linuxSize,
          ...(sources === undefined ? {} : { disks: [{ disk: sources.disk, mountPath: "/data" }] }),
      })
    : undefined;
const windows = config.windows.map((name): [string, WindowsAgent] => [
    name,
    new WindowsAgent(name, {
        ...common,
        size: config.windowsSize,
        release: config.windowsRelease,
        ...(config.kubelet === undefined && !joins(name) ? {} : { containerd: {} }),
    }),
]);
const agents = [...(linux === undefined ? [] : [["linux", linux] as const]), ...windows];

const builder =
    linux === undefined ||
    (config.source === undefined && config.kubelet === undefined && config.join === undefined)
        ? undefined
        : new BuildHost("builder", {
              host: linux.host,
              ...(config.source === undefined ? {} : buildNeeds(config.source)),
          });
const source = builder && config.source && declareSource(config.source, config.swap, builder.host);
const kubelet = builder && config.kubelet && releasedKubelet(config.kubelet, builder.host);
const { join } = config;
const programs = builder && join && nodePrograms(join, builder.host);
const nodes = new Map(
    windows.flatMap(([name, { host }]) =>
        builder === undefined || join === undefined || programs === undefined || !joins(name)
            ? []
            : [[name, joinAgent(name, host, join, programs, builder.host)] as const],
    ),
);
/** By service: what installed it on an agent. */
function installedOn(name: string, { host }: WindowsAgent): ServiceAgent["installed"] {
    const node = nodes.get(name);
    if (node !== undefined) {
        return new Map([
            [kubeletService, { instanceId: node.kubeletInstanceId }],
            ["kube-proxy", { instanceId: node.kubeProxyInstanceId }],
        ]);
    }
    return new Map(
        builder === undefined || kubelet === undefined
            ? []
            : [[kubeletService, installKubelet(name, host, kubelet, builder.host)]],
    );
}
const serviceAgents = new Map(
    windows.map(([name, agent]) => [
        name,
        { host: agent.host, installed: installedOn(name, agent) },
    ]),
);
const swapped = config.swap.flatMap((swap) =>
    builder === undefined || source?.build === undefined
        ? []
        : [[swap.service, declareSwap(swap, source.build, builder.host, serviceAgents)] as const],
);

/** Outputs of the stack. */
export const outputs = {
    /** By agent: how to log in, ready to paste. */
    ssh: Object.fromEntries(agents.map(([name, agent]) => [name, agent.sshCommand])),
    /** By Windows agent: how to see its desktop. */
    rdp: Object.fromEntries(
        windows.map(([name, agent]) => [name, config.rdp ? agent.rdp : agent.rdpThroughSsh]),
    ),
    /** By Windows agent: who logs in by RDP, and by which password (pulumi stack output --show-secrets). */
    login: Object.fromEntries(
        windows.map(([name, agent]) => [
            name,
            { user: agent.adminUser, password: agent.adminPassword },
        ]),
    ),
    /** By agent: public and private address. */
    addresses: Object.fromEntries(
        agents.map(([name, agent]) => [
            name,
            { public: agent.publicAddress, private: agent.privateAddress },
        ]),
    ),
    /** By agent: what Azure bills for, as long as it is there. */
    paidFor: Object.fromEntries(agents.map(([name, agent]) => [name, agent.paidFor])),
    /** The source tree on the Linux agent: what is checked out, and pages to read. */
    ...(source === undefined
        ? {}
        : {
              source: {
                  dir: source.tree.dir,
                  commit: source.tree.commit,
                  branch: source.tree.branch,
                  version: source.tree.version,
                  compare: source.tree.compareUrl,
                  links: source.tree.links,
              },
          }),
    /** By name and platform: where the binaries are on the Linux agent. */
    ...(source?.build === undefined ? {} : { binaries: source.build.paths }),
    /** By Windows agent: its node in the cluster, with the version and the range of addresses of pods that it reports. */
    ...(nodes.size === 0
        ? {}
        : {
              nodes: Object.fromEntries(
                  [...nodes].map(([name, { nodeName, kubeletVersion, podCidr }]) => [
                      name,
                      { nodeName, kubeletVersion, podCidr },
                  ]),
              ),
          }),
    /** By service and agent: what the program says of its version that was put in place. */
    ...(swapped.length === 0 ? {} : { swapped: Object.fromEntries(swapped) }),
    /** All that is there, and what it costs, in Azure's portal. */
    portal: network.portalUrl,
};
