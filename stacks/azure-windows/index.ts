import * as pulumi from "@pulumi/pulumi";
import { AgentNetwork, AzureDisk, LinuxAgent, WindowsAgent } from "../../components/azure";
import { SshKeyPair } from "../../components/host";
import { readConfig } from "../config";
import { settings } from "./config";

const config = readConfig("azure-windows", settings);
const shutdown =
    config.shutdownTime === ""
        ? { autoShutdown: false }
        : { shutdownTime: config.shutdownTime, shutdownTimeZone: config.shutdownTimeZone };

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
    }),
]);
const agents = [...(linux === undefined ? [] : [["linux", linux] as const]), ...windows];

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
    /** All that is there, and what it costs, in Azure's portal. */
    portal: network.portalUrl,
};
