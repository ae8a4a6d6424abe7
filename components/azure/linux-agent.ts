import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Host } from "../host/host";
import { secretFile } from "../host/secret-file";
import { SshKeyPair } from "../host/ssh-key-pair";
import { script } from "../internal/scripts";
import { checkedEach } from "../internal/validate";
import { AgentOs } from "./agent-account";
import { type AgentArgs, type AgentImageArgs, agentValues, type PaidFor } from "./agent-args";
import { type AgentDisk } from "./agent-disks";
import { defaultLinuxImage } from "./agent-image";
import { AgentMachine } from "./agent-machine";
import { linuxUserData } from "./linux-user-data";

/** Arguments of a LinuxAgent. */
export interface LinuxAgentArgs extends AgentArgs {
    /** Image that it starts from. Defaults to Debian 12. A change replaces it; address and disks are kept. */
    image?: pulumi.Input<AgentImageArgs>;
    /** cloud-init user data of its first boot. Defaults to what a build host takes: git, make, jq, a C compiler, Docker. A change of your own replaces it; address and disks are kept. */
    userData?: pulumi.Input<string>;
}

/**
 * A Linux machine in Azure with a public address, on which what runs on a VirtualMachine runs, too. Its sshd proves itself
 * with a key that was made here and handed over by Azure, so that no connection is made to an unverified host.
 */
export class LinuxAgent extends pulumi.ComponentResource {
    /** The agent as a host. */
    public readonly host: pulumi.Output<Host>;
    /** How to log in, ready to paste. */
    public readonly sshCommand: pulumi.Output<string>;
    /** Static public address; empty if it has none. */
    public readonly publicAddress: pulumi.Output<string>;
    /** Address in its network. */
    public readonly privateAddress: pulumi.Output<string>;
    /** Its name in Azure, for az vm start and the like. */
    public readonly machineName: pulumi.Output<string>;
    /** What Azure bills for it. */
    public readonly paidFor: pulumi.Output<PaidFor>;

    constructor(name: string, args: LinuxAgentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:LinuxAgent", name, args, opts);
        const what = `LinuxAgent ${name}`;
        const values = agentValues(what, name, AgentOs.Linux, args, {
            image: defaultLinuxImage,
            osDiskGib: 64,
        });
        const known = checkedEach(what, args, {
            userData: z.string({ error: "expected a text" }).optional(),
        });
        const own = { parent: this };
        const hostKey = new SshKeyPair(`${name}-host`, { comment: name }, own);
        const loginKey = pulumi.output(
            args.loginKey ?? new SshKeyPair(`${name}-login`, { comment: name }, own).files,
        );
        const userData = pulumi
            .all([known.userData, values.adminUser])
            .apply(([given, user]) => given ?? linuxUserData({ user }));
        const agent = new AgentMachine(name, this, args, values, {
            os: AgentOs.Linux,
            osProfile: {
                adminUsername: values.adminUser,
                customData: userData.apply((text) => Buffer.from(text).toString("base64")),
                linuxConfiguration: {
                    disablePasswordAuthentication: true,
                    ssh: {
                        publicKeys: [
                            {
                                path: pulumi.interpolate`/home/${values.adminUser}/.ssh/authorized_keys`,
                                keyData: loginKey.publicKey,
                            },
                        ],
                    },
                },
            },
            replaceOnChanges: args.userData === undefined ? [] : ["osProfile.customData"],
            // Keys are put in place by the script below. Our own user data is only for a first boot: a newer kubedev must
            // not replace an agent for it.
            ignoreChanges: [
                "osProfile.linuxConfiguration.ssh.publicKeys[0].keyData",
                ...(args.userData === undefined ? ["osProfile.customData"] : []),
            ],
        });
        const access = agent.run("access", {
            text: script("azure/linux-access.sh"),
            values: {
                KUBEDEV_USER: values.adminUser,
                KUBEDEV_AUTHORIZED_KEYS: loginKey.publicKey,
            },
            secrets: {
                KUBEDEV_HOST_KEY: secretFile(hostKey.privateKeyPath, hostKey.instanceId).apply(
                    (text) => Buffer.from(text).toString("base64"),
                ),
            },
        });
        const ready =
            args.disks === undefined
                ? access
                : agent.run(
                      "disks",
                      {
                          text: script("azure/linux-disks.sh"),
                          values: {
                              KUBEDEV_DISKS: values.disks.apply(diskLines),
                              KUBEDEV_SIZES: values.disks.apply(sizeLines),
                              KUBEDEV_OWNER: values.adminUser,
                          },
                      },
                      access,
                  );
        if (args.cleanTemp !== undefined) {
            const text = script("azure/linux-clean-temp.sh");
            const values = { KUBEDEV_TEMP_AGE_SEC: String(24 * 3600) };
            agent.run("clean-temp", { text, values, again: args.cleanTemp }, ready);
        }
        const told = agent.outputs(loginKey, hostKey, ready);
        this.host = told.host;
        this.sshCommand = told.sshCommand;
        this.publicAddress = told.publicAddress;
        this.privateAddress = told.privateAddress;
        this.machineName = told.machineName;
        this.paidFor = told.paidFor;
        this.registerOutputs({ ...told });
    }
}

/** What scripts/azure/linux-disks.sh takes: a disk a line. */
function diskLines(disks: readonly AgentDisk[]): string {
    return disks
        .filter(({ mounted }) => mounted)
        .map(({ lun, mountPath, bindPath }) =>
            [String(lun), mountPath, "ext4", ...(bindPath === undefined ? [] : [bindPath])].join(
                " ",
            ),
        )
        .join("\n");
}

/** How large they are: another size runs the script again, which then grows the file system. */
function sizeLines(disks: readonly AgentDisk[]): string {
    return disks
        .filter(({ mounted }) => mounted)
        .map(({ lun, disk }) => `${String(lun)} ${String(disk.sizeGib)}`)
        .join("\n");
}
