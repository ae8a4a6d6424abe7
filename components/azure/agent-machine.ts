import * as pulumi from "@pulumi/pulumi";
import { type Host, HostOs } from "../host/host";
import { after } from "../host/host-resource";
import { sshCommand } from "../host/ssh-argv";
import { type SshKeyFiles, type SshKeyPair } from "../host/ssh-key-pair";
import { guarded, runError } from "../internal/errors";
import { AgentOs } from "./agent-account";
import { type AgentArgs, type AgentValues, type PaidFor } from "./agent-args";
import { azureNative } from "./azure-native";
import { AzureDiskSku } from "./disk-sku";
import { longestName, resourceName } from "./resource-name";

/** What differs between the systems. */
export interface SystemParts {
    os: AgentOs;
    /** Its part of osProfile. */
    osProfile: pulumi.Inputs;
    /** Paths of further properties whose change Azure refuses. */
    replaceOnChanges: string[];
    /** Paths of properties that count only when the machine is made. */
    ignoreChanges: string[];
}

/** The subnet's id, or an error that names those that there are. */
function subnetId(ids: Readonly<Record<string, string>>, name: string): string {
    const id = ids[name];
    if (id === undefined) {
        throw runError(
            `subnet: got ${name}; expected one of the network's: ${Object.keys(ids).join(", ")}`,
        );
    }
    return id;
}

/**
 * The resources of an agent. Address, interface and data disks are resources of their own, so that they outlive a machine that
 * is replaced; what was run in a machine goes with it.
 */
export class AgentMachine {
    /** The virtual machine. */
    public readonly machine: pulumi.CustomResource & { timeCreated: pulumi.Output<string> };
    /** Its name in Azure. */
    public readonly machineName: pulumi.Output<string>;
    /** Static public address; undefined if it has none. */
    public readonly publicAddress: pulumi.Output<string> | undefined;
    /** Address in its network. */
    public readonly privateAddress: pulumi.Output<string>;

    private readonly inGroup: {
        resourceGroupName: pulumi.Output<string>;
        location: pulumi.Output<string>;
        tags: pulumi.Output<Record<string, string>>;
    };

    public constructor(
        private readonly name: string,
        private readonly parent: pulumi.ComponentResource,
        private readonly args: AgentArgs,
        private readonly values: AgentValues,
        private readonly system: SystemParts,
    ) {
        const { resourceGroupName, location } = pulumi.output(args.network);
        this.inGroup = { resourceGroupName, location, tags: values.tags };
        const address = args.publicAddress === false ? undefined : this.declareAddress();
        const nic = this.declareInterface(address?.id);
        const vmName = resourceName([name], longestName.virtualMachine);
        this.machine = this.declareMachine(vmName, nic.id);
        this.machineName = after(this.machine, vmName);
        this.publicAddress = address?.ipAddress.apply((known) => known ?? "");
        this.privateAddress = nic.ipConfigurations.apply((all) => all?.[0]?.privateIPAddress ?? "");
        if (args.autoShutdown !== false) {
            this.declareShutdown(vmName);
        }
    }

    private named(part: string): string {
        return resourceName([this.name, part], longestName.network);
    }

    private declareAddress() {
        const { PublicIPAddress } = azureNative("network/publicIPAddress");
        return new PublicIPAddress(
            `${this.name}-address`,
            {
                ...this.inGroup,
                publicIpAddressName: this.named("address"),
                sku: { name: "Standard" },
                publicIPAllocationMethod: "Static",
            },
            { parent: this.parent },
        );
    }

    private declareInterface(addressId: pulumi.Output<string> | undefined) {
        const { NetworkInterface } = azureNative("network/networkInterface");
        const subnet = pulumi
            .all([pulumi.output(this.args.network).subnetIds, this.values.subnet])
            .apply(([ids, wanted]) => guarded(() => subnetId(ids, wanted)));
        return new NetworkInterface(
            `${this.name}-interface`,
            {
                ...this.inGroup,
                networkInterfaceName: this.named("interface"),
                ipConfigurations: [
                    {
                        name: "main",
                        subnet: { id: subnet },
                        ...(addressId === undefined ? {} : { publicIPAddress: { id: addressId } }),
                    },
                ],
            },
            { parent: this.parent },
        );
    }

    private declareMachine(vmName: string, nicId: pulumi.Output<string>) {
        const { values, system } = this;
        const { VirtualMachine } = azureNative("compute/virtualMachine");
        return new VirtualMachine(
            `${this.name}-machine`,
            {
                ...this.inGroup,
                vmName,
                hardwareProfile: { vmSize: values.size },
                networkProfile: { networkInterfaces: [{ id: nicId, primary: true }] },
                osProfile: { ...system.osProfile, computerName: values.computerName },
                storageProfile: {
                    imageReference: values.image,
                    osDisk: {
                        createOption: "FromImage",
                        caching: "ReadWrite",
                        // Else it would stay, and cost, when the machine goes.
                        deleteOption: "Delete",
                        diskSizeGB: values.osDiskGib,
                        managedDisk: { storageAccountType: osDiskSku(this.args) },
                    },
                    dataDisks: values.disks.apply((disks) =>
                        disks.map(({ lun, disk }) => ({
                            lun,
                            createOption: "Attach",
                            deleteOption: "Detach",
                            managedDisk: { id: disk.id },
                        })),
                    ),
                },
                diagnosticsProfile: { bootDiagnostics: { enabled: true } },
            },
            {
                parent: this.parent,
                deleteBeforeReplace: true,
                // The plugin would plan an update of these, which Azure refuses (PropertyChangeNotAllowed).
                replaceOnChanges: [
                    "storageProfile.imageReference",
                    "osProfile.computerName",
                    "osProfile.adminUsername",
                    ...system.replaceOnChanges,
                ],
                ignoreChanges: system.ignoreChanges,
            },
        );
    }

    private declareShutdown(vmName: string): void {
        const { GlobalSchedule } = azureNative("devtestlab/globalSchedule");
        new GlobalSchedule(
            `${this.name}-shutdown`,
            {
                ...this.inGroup,
                // Azure knows a machine's own schedule by this name.
                name: `shutdown-computevm-${vmName}`,
                status: "Enabled",
                taskType: "ComputeVmShutdownTask",
                dailyRecurrence: {
                    time: this.values.shutdownTime.apply((time) => time.replace(":", "")),
                },
                timeZoneId: this.values.shutdownTimeZone,
                notificationSettings: { status: "Disabled", timeInMinutes: 30 },
                targetResourceId: this.machine.id,
            },
            { parent: this.parent },
        );
    }

    /** Runs a script in the machine as root or SYSTEM, once, and again when script or values change. */
    public run(
        verb: string,
        script: GuestScript,
        ...waitFor: pulumi.Resource[]
    ): pulumi.CustomResource {
        const { VirtualMachineRunCommandByVirtualMachine } = azureNative(
            "compute/virtualMachineRunCommandByVirtualMachine",
        );
        const listed = (values: Record<string, pulumi.Input<string>> | undefined) =>
            Object.entries(values ?? {}).map(([name, value]) => ({ name, value }));
        return new VirtualMachineRunCommandByVirtualMachine(
            `${this.name}-${verb}`,
            {
                resourceGroupName: this.inGroup.resourceGroupName,
                location: this.inGroup.location,
                // Unknown while the machine is being replaced: then this is, too.
                vmName: this.machine.id.apply((id) => id.slice(id.lastIndexOf("/") + 1)),
                runCommandName: verb,
                source: { script: textOf(script) },
                parameters: listed(script.values),
                protectedParameters: pulumi.secret(listed(script.secrets)),
                timeoutInSeconds: script.timeoutSec ?? 600,
                treatFailureAsDeploymentFailure: true,
            },
            {
                parent: this.parent,
                deletedWith: this.machine,
                dependsOn: waitFor,
                // Azure never tells them again.
                additionalSecretOutputs: ["protectedParameters"],
            },
        );
    }

    /** What every agent tells; it is a host once a script is through. */
    public outputs(
        loginKey: pulumi.Output<pulumi.Unwrap<SshKeyFiles>>,
        hostKey: SshKeyPair,
        ready: pulumi.Resource & { id: pulumi.Output<string> },
    ): AgentOutputs {
        const ssh = pulumi.output({
            address: this.publicAddress ?? this.privateAddress,
            user: this.values.adminUser,
            privateKeyPath: loginKey.privateKeyPath,
            knownHostsPath: hostKey.knownHostsPath,
        });
        return {
            host: pulumi.output({
                ssh,
                os: this.system.os === AgentOs.Windows ? HostOs.Windows : HostOs.Linux,
                parentId: this.machine.id,
                parentUrn: this.machine.urn,
                readyId: ready.id,
            }),
            sshCommand: ssh.apply(sshCommand),
            publicAddress: this.publicAddress ?? pulumi.output(""),
            privateAddress: this.privateAddress,
            machineName: this.machineName,
            paidFor: this.paidFor(),
        };
    }

    private paidFor(): pulumi.Output<PaidFor> {
        const { args, values } = this;
        return pulumi.output({
            size: values.size,
            disks: pulumi
                .all([values.osDiskGib, values.disks])
                .apply(([gib, disks]) => [
                    `system: ${String(gib)} GiB ${osDiskSku(args)}`,
                    ...disks.map(
                        ({ mountPath, disk }) =>
                            `${mountPath}: ${String(disk.sizeGib)} GiB ${disk.sku}`,
                    ),
                ]),
            publicAddresses: this.publicAddress === undefined ? 0 : 1,
            since: this.machine.timeCreated,
            shutdown:
                args.autoShutdown === false
                    ? "never: it runs, and costs, until you stop it"
                    : pulumi.interpolate`daily at ${values.shutdownTime} ${values.shutdownTimeZone}`,
            pricesUrl: `https://azure.microsoft.com/pricing/details/virtual-machines/${this.system.os}/`,
        });
    }
}

function osDiskSku(args: AgentArgs): AzureDiskSku {
    return args.osDiskSku ?? AzureDiskSku.StandardSsdLrs;
}

/** Outputs that agents of both systems have. */
export interface AgentOutputs {
    host: pulumi.Output<Host>;
    sshCommand: pulumi.Output<string>;
    publicAddress: pulumi.Output<string>;
    privateAddress: pulumi.Output<string>;
    machineName: pulumi.Output<string>;
    paidFor: pulumi.Output<PaidFor>;
}

/** A script for a guest; values by name. */
export interface GuestScript {
    text: string;
    values?: Record<string, pulumi.Input<string>>;
    secrets?: Record<string, pulumi.Input<string>>;
    timeoutSec?: number;
    /** Another text runs the script once more. */
    again?: pulumi.Input<string> | undefined;
}

/** What Azure runs again is another script; a comment is enough, in both shells. */
function textOf({ text, again }: GuestScript): pulumi.Input<string> {
    return again === undefined ? text : pulumi.interpolate`${text}# ${again}\n`;
}
