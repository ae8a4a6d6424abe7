/** Agents in Azure, their network and disks. */
export { AgentNetwork, type AgentNetworkArgs, type AgentNetworkRef } from "./agent-network";
export { AzureDisk, type AzureDiskArgs, type AzureDiskRef } from "./azure-disk";
export { AzureDiskSku } from "./disk-sku";
export { type AgentDiskArgs } from "./agent-disks";
export { type AgentDownloadArgs } from "./agent-downloads";
export { type AgentImageArgs, type PaidFor } from "./agent-args";
export { LinuxAgent, type LinuxAgentArgs } from "./linux-agent";
export { type RdpAccess } from "./rdp-access";
export { WindowsAgent, type WindowsAgentArgs } from "./windows-agent";
export { WindowsRelease } from "./agent-image";
