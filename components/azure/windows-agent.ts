import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Host } from "../host/host";
import { secretFile } from "../host/secret-file";
import { SshKeyPair } from "../host/ssh-key-pair";
import { script } from "../internal/scripts";
import { assertArgs, checkedEach } from "../internal/validate";
import { adminPassword } from "./admin-password";
import { AgentOs } from "./agent-account";
import { type AgentArgs, type AgentImageArgs, agentValues, type PaidFor } from "./agent-args";
import { type AgentDownloadArgs, AgentTool, downloadOf, downloadRule } from "./agent-downloads";
import { windowsImage, WindowsRelease } from "./agent-image";
import { AgentMachine } from "./agent-machine";
import { directRdp, type RdpAccess, tunnelledRdp } from "./rdp-access";

/** Arguments of a WindowsAgent. */
export interface WindowsAgentArgs extends AgentArgs {
    /** Release of Windows Server, as Server Core with a small disk. Defaults to 2025. A change replaces it; address and disks are kept. */
    release?: WindowsRelease;
    /** Another image, in place of release. A change replaces it; address and disks are kept. */
    image?: pulumi.Input<AgentImageArgs>;
    /** containerd for a node: the feature Containers is installed too, for which it restarts once. {}: 2.3.4. Defaults to none. */
    containerd?: AgentDownloadArgs;
    /** MinGit for a build host: with goDownload, it can build Kubernetes. {}: 2.55.0.5. Defaults to none. */
    gitDownload?: AgentDownloadArgs;
    /** Go for a build host. {}: 1.26.7. Defaults to none. */
    goDownload?: AgentDownloadArgs;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/**
 * A Windows Server in Azure with a public address: OpenSSH with a key that was made here, desktop by RDP, directly where the
 * network opens it and else through ssh.
 */
export class WindowsAgent extends pulumi.ComponentResource {
    /** The agent as a host, with os windows. */
    public readonly host: pulumi.Output<Host>;
    /** How to log in, ready to paste. */
    public readonly sshCommand: pulumi.Output<string>;
    /** How to see its desktop where the network opens RDP. */
    public readonly rdp: pulumi.Output<RdpAccess>;
    /** How to see its desktop through ssh, which is always possible. */
    public readonly rdpThroughSsh: pulumi.Output<RdpAccess>;
    /** Name of the administrator. */
    public readonly adminUser: pulumi.Output<string>;
    /** Password of the administrator, which RDP asks for: a secret. */
    public readonly adminPassword: pulumi.Output<string>;
    /** Static public address; empty if it has none. */
    public readonly publicAddress: pulumi.Output<string>;
    /** Address in its network. */
    public readonly privateAddress: pulumi.Output<string>;
    /** Its name in Azure, for az vm start and the like. */
    public readonly machineName: pulumi.Output<string>;
    /** What Azure bills for it. */
    public readonly paidFor: pulumi.Output<PaidFor>;

    constructor(name: string, args: WindowsAgentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:WindowsAgent", name, args, opts);
        const what = `WindowsAgent ${name}`;
        const rules = {
            release: z
                .enum(WindowsRelease, {
                    error: `expected one of ${Object.values(WindowsRelease).join(", ")}`,
                })
                .optional(),
            containerd: downloadRule,
            gitDownload: downloadRule,
            goDownload: downloadRule,
        };
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const values = agentValues(what, name, AgentOs.Windows, args, {
            image: windowsImage(args.release ?? WindowsRelease.Server2025),
            osDiskGib: 128,
        });
        const own = { parent: this };
        const hostKey = new SshKeyPair(`${name}-host`, { comment: name }, own);
        const loginKey = pulumi.output(
            args.loginKey ?? new SshKeyPair(`${name}-login`, { comment: name }, own).files,
        );
        this.adminPassword = adminPassword(name, this);
        const agent = new AgentMachine(name, this, args, values, {
            os: AgentOs.Windows,
            osProfile: {
                adminUsername: values.adminUser,
                adminPassword: this.adminPassword,
                windowsConfiguration: { provisionVMAgent: true },
            },
            replaceOnChanges: [],
            // Azure refuses another one for a machine that is there.
            ignoreChanges: ["osProfile.adminPassword"],
        });
        const access = agent.run("access", {
            text: script("azure/windows-access.ps1"),
            // In base64, since nobody says how a value with spaces reaches a script.
            values: {
                AuthorizedKeys: loginKey.publicKey.apply(base64),
                HostKeyPublic: hostKey.publicKey.apply(base64),
            },
            secrets: {
                HostKey: secretFile(hostKey.privateKeyPath, hostKey.instanceId).apply(base64),
            },
        });
        const systemDisk = agent.run(
            "system-disk",
            { text: script("azure/windows-system-disk.ps1") },
            access,
        );
        let ready = systemDisk;
        if (args.disks !== undefined) {
            ready = agent.run(
                "disks",
                {
                    text: script("azure/windows-data-disks.ps1"),
                    values: {
                        Disks: values.disks.apply((disks) =>
                            base64(
                                JSON.stringify(
                                    disks.map(({ lun, mounted, mountPath, disk }) => ({
                                        ...{ lun, sizeGib: disk.sizeGib, mounted, mountPath },
                                        label: `kubedev-${String(lun)}`,
                                    })),
                                ),
                            ),
                        ),
                    },
                },
                ready,
            );
        }
        if (args.gitDownload !== undefined || args.goDownload !== undefined) {
            const git = args.gitDownload && downloadOf(AgentTool.Git, known.gitDownload);
            const go = args.goDownload && downloadOf(AgentTool.Go, known.goDownload);
            ready = agent.run(
                "build-tools",
                {
                    text: script("azure/windows-build-tools.ps1"),
                    values: {
                        GitUrl: git?.url ?? "",
                        GitSha256: git?.sha256 ?? "",
                        GoUrl: go?.url ?? "",
                        GoSha256: go?.sha256 ?? "",
                        GoVersion: go?.version ?? "",
                    },
                    timeoutSec: 1800,
                },
                ready,
            );
        }
        if (args.containerd !== undefined) {
            const containerd = downloadOf(AgentTool.Containerd, known.containerd);
            ready = agent.run(
                "containers",
                {
                    text: script("azure/windows-containers.ps1"),
                    values: {
                        ContainerdVersion: containerd.version,
                        ContainerdUrl: containerd.url,
                        ContainerdSha256: containerd.sha256,
                    },
                    timeoutSec: 1800,
                },
                ready,
            );
            // The feature Containers restarts the machine: what is on it waits until it is there again.
            ready = agent.run(
                "containers-started",
                {
                    text: script("azure/windows-containers-started.ps1"),
                    values: {
                        ContainerdVersion: containerd.version,
                    },
                },
                ready,
            );
        }
        if (args.cleanTemp !== undefined) {
            const text = script("azure/windows-clean-temp.ps1");
            const values = { MinAgeHours: "24" };
            agent.run("clean-temp", { text, values, again: args.cleanTemp }, ready);
        }
        const told = agent.outputs(loginKey, hostKey, ready);
        this.host = told.host;
        this.sshCommand = told.sshCommand;
        const login = pulumi.all([
            told.sshCommand,
            values.adminUser,
            agent.publicAddress ?? agent.privateAddress,
        ]);
        this.rdp = login.apply(([, user, at]) => directRdp(at, user));
        this.rdpThroughSsh = login.apply(([command, user]) => tunnelledRdp(command, user));
        this.adminUser = values.adminUser;
        this.publicAddress = told.publicAddress;
        this.privateAddress = told.privateAddress;
        this.machineName = told.machineName;
        this.paidFor = told.paidFor;
        this.registerOutputs({
            ...told,
            rdp: this.rdp,
            rdpThroughSsh: this.rdpThroughSsh,
            adminUser: this.adminUser,
            adminPassword: this.adminPassword,
        });
    }
}
