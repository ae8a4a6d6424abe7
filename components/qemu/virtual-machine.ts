import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { after, hostResource } from "../host/host-resource";
import { stackDir } from "../host/scope";
import { serviceResource, Supervisor } from "../host/service-resource";
import { SshKeyPair } from "../host/ssh-key-pair";
import { guarded } from "../internal/errors";
import { applied, appliedFields, fieldsOf, outputOf } from "../internal/outputs";
import { shellLine } from "../internal/quote";
import { script } from "../internal/scripts";
import { assertArgs, checked, checkedInputs } from "../internal/validate";
import { imageFields } from "./base-image";
import { checkedFirmware } from "./firmware";
import { guestShares, hostShares } from "./host-share";
import { attachedDisks, guestDisks } from "./machine-disks";
import { indexProblems, telnetCommand } from "./numbered-ports";
import { machineHost } from "./machine-host";
import { guestEnvironment } from "./network-join";
import { machineSeed } from "./machine-seed";
import { machineRules, VirtualMachineArgs } from "./virtual-machine-args";
import { healthText, prepareText, runText, sshConfigName, stopText } from "./machine-service";
import { machineSpec, machineValues } from "./machine-values";
import { coldTexts, warmTexts } from "./warm-start";

/**
 * A QEMU machine on this machine, without root: a disk over a base image, direct kernel boot, its ports on a loopback
 * address of its own. Its death shows in the next preview, and the next up starts it again on the same disk.
 */
export class VirtualMachine extends pulumi.ComponentResource {
    /** The guest as a host: what runs here runs there. Known in preview, but for the id of the machine behind it. */
    public readonly host: pulumi.Output<Host>;
    /** How to log in, ready to paste. */
    public readonly sshCommand: pulumi.Output<string>;
    /** Its loopback address. */
    public readonly address: pulumi.Output<string>;
    /** Port on that address that leads to the guest's sshd. */
    public readonly sshPort: pulumi.Output<number>;
    /** Further forwarded ports, as address:port by port of the guest. */
    public readonly ports: pulumi.Output<Record<string, string>>;
    /** Its addresses in the networks that it shares with other machines, by name of the network. Known in preview. */
    public readonly networkAddresses: pulumi.Output<Record<string, string>>;
    /** MAC address. */
    public readonly mac: pulumi.Output<string>;
    /** How to attach to the serial console, ready to paste; Ctrl-] leaves it. */
    public readonly consoleCommand: pulumi.Output<string>;
    /** How to start it when it is not running. */
    public readonly startCommand: pulumi.Output<string>;
    /** How to shut it down now; the next up starts it again. */
    public readonly stopCommand: pulumi.Output<string>;
    /** Log of the serial console and of QEMU. */
    public readonly logPath: pulumi.Output<string>;
    /** Unix socket of the QEMU machine protocol. */
    public readonly qmpSocketPath: pulumi.Output<string>;
    /** Changes whenever it was started anew. What depends on it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:VirtualMachine", name, args, opts);
        assertArgs(
            `VirtualMachine ${name}`,
            args,
            machineRules,
            ...indexProblems(name, args.index),
        );
        const here = machineHost();
        const image = imageFields(args.baseImage);
        const own = { parent: this };

        const hostKey = new SshKeyPair(`${name}-host`, { comment: name }, own);
        const loginKey = fieldsOf(
            args.loginKey ?? new SshKeyPair(`${name}-login`, { comment: name }, own).files,
            ...(["instanceId", "privateKeyPath", "publicKeyPath"] as const),
        );
        // Not with the user data, which may be secret: addresses are not.
        const plain = checked(
            `VirtualMachine ${name}`,
            { ...args, userData: undefined },
            machineRules,
        );
        const { hostname, mac, kernelParameters, userData } = machineRules;
        const seed = machineSeed(
            name,
            checkedInputs(`VirtualMachine ${name}`, args, {
                hostname,
                mac,
                kernelParameters,
                userData,
            }),
            image,
        );
        const firmware = checkedFirmware(
            `VirtualMachine ${name}`,
            plain.apply((known) => known.firmware),
            image.directBoot,
        );
        const disk = hostResource(
            `${name}-disk`,
            {
                host: here,
                create: "qemu/disk-create.sh",
                update: "qemu/disk-update.sh",
                delete: "host/forget.sh",
                spec: { baseImage: image.digest, format: "qcow2", ...seed.spec },
                parents: [image.instanceId],
                environment: {
                    KUBEDEV_CREATE_OVERLAY: script("qemu/create-overlay.sh"),
                    KUBEDEV_BASE_FORMAT: image.format,
                    KUBEDEV_IMAGE_DIR: image.directory,
                    KUBEDEV_IMAGE_DIGEST: image.digest,
                },
                timeoutSec: 300,
            },
            own,
        );

        const disks = attachedDisks(args.disks);
        const values = machineValues(name, {
            plain,
            ...{ firmware, facts: disk.facts, imageDigest: image.digest },
            ...{ disks, shares: hostShares(`VirtualMachine ${name}`, args.shares, plain, disks) },
            readyTimeoutSec: args.readyTimeoutSec ?? 180,
        });
        const { address, sshPort, running, cards, mac: usedMac } = values;
        const ssh = outputOf({
            ...{ address, port: sshPort, user: "root" },
            privateKeyPath: loginKey.privateKeyPath,
            knownHostsPath: hostKey.knownHostsPath,
        });
        const files = appliedFields(
            {
                diskDir: disk.dir,
                imageDir: image.directory,
                hostKeyPath: hostKey.privateKeyPath,
                loginPublicKeyPath: loginKey.publicKeyPath,
            },
            (known) => known,
        );
        const { directBoot, format } = image;
        const warm =
            args.warmStart === undefined
                ? coldTexts
                : applied([values, directBoot, seed.wanted, format], ([v, direct, cloudInit, is]) =>
                      guarded(() => warmTexts(v, { directBoot: direct, cloudInit }, is)),
                  );
        const machine = serviceResource(
            `${name}-machine`,
            {
                host: here,
                spec: machineSpec(values, args),
                parents: [
                    ...[disk.resource.id, hostKey.instanceId, loginKey.instanceId],
                    ...(args.disks ?? []).map(({ disk: each }) => pulumi.output(each).instanceId),
                ],
                running,
                run: applied(
                    [values, directBoot, seed.wanted, warm],
                    ([v, direct, cloudInit, { run }]) =>
                        guarded(() => run + runText(v, { directBoot: direct, cloudInit })),
                ),
                preStart: applied(
                    [values, files, ssh, seed.text(cards), warm],
                    ([v, f, s, seedText, { preStart }]) =>
                        guarded(() => prepareText(v, f, s) + seedText + preStart),
                ),
                health: applied([values, warm], ([v, { health }]) => health + healthText(v)),
                healthTimeoutSec: args.readyTimeoutSec ?? 180,
                stop: stopText(args.stopTimeoutSec ?? 30),
                // Past the deadline the machine is switched off by ever harder means, which takes some seconds more.
                stopTimeoutSec: (args.stopTimeoutSec ?? 30) + 15,
                logMaxMib: 16,
                logKeep: 3,
                supervisor: Supervisor.Auto,
            },
            own,
        );

        const guest = ({ id, urn }: pulumi.CustomResource) => ({
            ssh,
            parentId: id,
            parentUrn: urn,
            running,
        });
        // With cloud-init it is done first: it writes to /etc/fstab, too.
        const first = seed.wanted.apply((is) => (is ? "qemu/cloud-init-done.sh" : undefined));
        const timeoutSec = args.readyTimeoutSec ?? 180;
        const mounted =
            (args.disks ?? []).length === 0
                ? []
                : [
                      hostResource(
                          `${name}-disks`,
                          {
                              host: guest(machine.resource),
                              create: "qemu/guest-disks.sh",
                              first,
                              // The machine that has them no more is started anew, and forgets them by itself.
                              delete: "host/forget.sh",
                              spec: {},
                              environment: {
                                  GUEST_DISKS: values.disks.apply(guestDisks),
                                  GUEST_LINUX_DISKS: script("azure/linux-disks.sh"),
                              },
                              timeoutSec,
                          },
                          own,
                      ).resource,
                  ];
        const ready = hostResource(
            `${name}-ready`,
            {
                host: guest(machine.resource),
                create: "qemu/guest-ready.sh",
                first,
                spec: {},
                // Names of machines that come or go are a change in place.
                environment: {
                    ...guestEnvironment(args.networks, cards),
                    ...guestShares(args.shares, values),
                },
                probed: false,
                timeoutSec,
            },
            // What is on the guest waits for its disks by this, and yet is not made anew when one was unmounted.
            mounted.length === 0 ? own : { ...own, dependsOn: mounted },
        );

        const dir = path.join(stackDir(), `${name}-machine`);
        this.host = outputOf(guest(ready.resource));
        this.sshCommand = after(
            machine.resource,
            shellLine(["ssh", "-F", path.join(dir, sshConfigName), name]),
        );
        this.address = address;
        this.sshPort = sshPort;
        this.ports = values.apply((v) =>
            Object.fromEntries(
                v.ports.map((p) => [String(p.guestPort), `${v.address}:${String(p.hostPort)}`]),
            ),
        );
        this.networkAddresses = cards.apply((all) =>
            Object.fromEntries(all.map((card) => [card.network, card.address.replace(/\/.*/, "")])),
        );
        this.mac = usedMac;
        const console = `(cd ${shellLine([dir])} && socat -,raw,echo=0,escape=0x1d unix-connect:serial.sock)`;
        this.consoleCommand = after(
            machine.resource,
            values.apply(({ indexPorts }) =>
                indexPorts === undefined ? console : telnetCommand(indexPorts),
            ),
        );
        this.startCommand = pulumi.output(`pulumi up -s ${pulumi.getStack()}`);
        this.stopCommand = after(
            machine.resource,
            `(cd ${shellLine([dir])} && printf '%s\\n' '{"execute":"qmp_capabilities"}' '{"execute":"system_powerdown"}' | socat -t 2 - unix-connect:qmp.sock)`,
        );
        this.logPath = after(machine.resource, path.join(dir, "log"));
        this.qmpSocketPath = after(machine.resource, path.join(dir, "qmp.sock"));
        this.instanceId = ready.resource.id;
        this.registerOutputs({
            host: this.host,
            sshCommand: this.sshCommand,
            address: this.address,
            sshPort: this.sshPort,
            ports: this.ports,
            networkAddresses: this.networkAddresses,
            mac: this.mac,
            consoleCommand: this.consoleCommand,
            startCommand: this.startCommand,
            stopCommand: this.stopCommand,
            logPath: this.logPath,
            qmpSocketPath: this.qmpSocketPath,
            instanceId: this.instanceId,
        });
    }
}
