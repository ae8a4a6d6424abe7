/** Agents in Azure made by earlier versions, on the stand-in for Azure, brought up to date by the present one. */
import { testReleased, upgradesWithoutLoss } from "../support/upgrade/without-loss";

/** All that an agent can have. */
const program = (library: string) => `
import * as kubedev from ${JSON.stringify(library)};
const network = new kubedev.AgentNetwork("net", {
    location: "westeurope",
    allowedCidrs: ["203.0.113.7/32"],
    rdp: true,
    tags: { owner: "me" },
});
const agentNetwork = network.network;
const data = new kubedev.AzureDisk("data", { network: agentNetwork, sizeGib: 64 });
const more = new kubedev.AzureDisk("more", { network: agentNetwork });
const download = (name: string, version: string) => ({
    ...{ version, url: "https://example.com/" + name + "-" + version + ".zip", sha256: "a".repeat(64) },
});
const linux = new kubedev.LinuxAgent("linux", {
    network: agentNetwork,
    disks: [{ disk: data.disk, mountPath: "/data", bindPath: "/srv" }],
    cleanTemp: "daily",
    shutdownTime: "20:00",
});
const windows = new kubedev.WindowsAgent("windows", {
    network: agentNetwork,
    disks: [{ disk: more.disk, mountPath: "F:" }],
    containerd: download("containerd", "2.1.4"),
    gitDownload: download("git", "2.50.1"),
    goDownload: download("go", "1.26.8"),
    autoShutdown: false,
});
export const addresses = { linux: linux.publicAddress, windows: windows.publicAddress };
export const hosts = { linux: linux.host, windows: windows.host };
export const password = windows.adminPassword;
export const machine = windows.machineName;
`;

testReleased("agents of an earlier version are upgraded with zero replacements", (stack, version) =>
    upgradesWithoutLoss(stack, version, program),
);
