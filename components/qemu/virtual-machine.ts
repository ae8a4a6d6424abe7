import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host } from "../host/host";
import { after, hostResource } from "../host/host-resource";
import { keyOf, stackDir } from "../host/scope";
import { serviceResource, Supervisor } from "../host/service-resource";
import { SshKeyFiles, SshKeyPair } from "../host/ssh-key-pair";
import { guarded } from "../internal/errors";
import { shellLine } from "../internal/quote";
import { script } from "../internal/scripts";
import { yesOrNo } from "../internal/rules";
import { assertArgs, checked, checkedEach, inputError } from "../internal/validate";
import { BaseImageFiles } from "./base-image";
import { loopbackAddress } from "../internal/loopback-address";
import { macFromName } from "./mac-address";
import { machineHost } from "./machine-host";
import { MachineNetworkMembers } from "./machine-network";
import { cardsOf } from "./network-cards";
import { guestEnvironment, joined } from "./network-join";
import { machineSeed } from "./machine-seed";
import { userDataRule } from "./user-data-rule";
import { machineIdentity, machineUuid } from "../internal/machine-identity";
import {
    healthText,
    MachineValues,
    prepareText,
    runText,
    sshConfigName,
    stopText,
} from "./machine-service";

/** A port of the guest that is reachable on the machine's loopback address. */
export interface ForwardedPortArgs {
    /** TCP port in the guest. */
    guestPort: pulumi.Input<number>;
    /** TCP port on the machine's loopback address. Defaults to the guest's; ports below 1024 need root. */
    hostPort?: pulumi.Input<number>;
}

/** Arguments of a VirtualMachine. */
export interface VirtualMachineArgs {
    /** What it starts from: `files` of a BaseImage. Another image replaces the disk; MAC and address are kept. */
    baseImage: pulumi.Input<BaseImageFiles>;
    /** Memory in MiB. Defaults to 1024. A change restarts it. */
    memoryMib?: pulumi.Input<number>;
    /** Number of virtual CPUs. Defaults to 2. A change restarts it. */
    cpus?: pulumi.Input<number>;
    /** Size of its disk in GiB. Defaults to 8. A larger size restarts it and grows disk and file system; a smaller one is refused. */
    diskGib?: pulumi.Input<number>;
    /** Host name of the guest. Defaults to the component's name. A change restarts it; on an image with cloud-init it is provisioned anew, on a new disk. */
    hostname?: pulumi.Input<string>;
    /** MAC address. Defaults to one derived from the name: 52:54 and the name's CRC-32. A change restarts it; on an image with cloud-init it is provisioned anew, on a new disk. */
    mac?: pulumi.Input<string>;
    /** Address in 127.0.0.0/8 where its ports are. Defaults to one derived from user, project, stack and name. A change restarts it. */
    address?: pulumi.Input<string>;
    /** Port on that address that leads to the guest's sshd. Defaults to 2222. A change restarts it. */
    sshPort?: pulumi.Input<number>;
    /** Further ports of the guest that are reachable on that address. Defaults to none. A change restarts it. */
    ports?: pulumi.Input<pulumi.Input<ForwardedPortArgs>[]>;
    /** Networks that it shares with other machines: `network` of each MachineNetwork. Defaults to none. A change restarts it. */
    networks?: pulumi.Input<pulumi.Input<MachineNetworkMembers>[]>;
    /** False shuts it down gracefully and keeps everything. Defaults to true. */
    running?: pulumi.Input<boolean>;
    /** Key that logs in as root: `files` of a SshKeyPair. Defaults to a pair of its own. */
    loginKey?: pulumi.Input<SshKeyFiles>;
    /** Further kernel parameters, where a kernel is booted directly. Defaults to none. A change restarts it. */
    kernelParameters?: pulumi.Input<pulumi.Input<string>[]>;
    /** User data, in any form that cloud-init takes. Needs an image with cloud-init. A change provisions it anew, on a new disk. */
    userData?: pulumi.Input<string>;
    /** How long it may take from start to ssh, and from there until cloud-init is done, in seconds. Defaults to 180. */
    readyTimeoutSec?: number;
    /** How long it may take to shut down before it is switched off, in seconds. Defaults to 30. */
    stopTimeoutSec?: number;
}

const whole = (min: number, max: number, unit: string) => {
    const error = `expected a whole number of ${unit}, ${String(min)} to ${String(max)}`;
    return z.int({ error }).min(min, { error }).max(max, { error });
};
const port = whole(1, 65535, "a TCP port");
const rules = {
    baseImage: z
        .object(
            { digest: z.string(), directory: z.string() },
            { error: "expected `files` of a BaseImage" },
        )
        .loose(),
    memoryMib: whole(128, 4194304, "MiB").optional(),
    cpus: whole(1, 255, "CPUs").optional(),
    diskGib: whole(1, 65536, "GiB").optional(),
    hostname: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, {
            error: "expected letters, digits and inner hyphens, at most 63",
        })
        .optional(),
    mac: z
        .string()
        .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, {
            error: "expected a unicast address in lower case, as 52:54:00:12:34:56",
        })
        .optional(),
    address: z
        .string()
        .regex(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/, {
            error: "expected an address in 127.0.0.0/8: nothing of a machine is reachable from outside this host",
        })
        .optional(),
    sshPort: port.optional(),
    ports: z.array(z.object({ guestPort: port, hostPort: port.optional() })).optional(),
    networks: z
        .array(
            z.looseObject(
                { name: z.string(), cidr: z.string(), machines: z.array(z.unknown()) },
                { error: "expected `network` of a MachineNetwork" },
            ),
        )
        .optional(),
    running: yesOrNo.optional(),
    kernelParameters: z
        .array(z.string().regex(/^[^"\s]+$/, { error: "expected no white space and no quotes" }))
        .optional(),
    userData: userDataRule,
    readyTimeoutSec: whole(5, 86400, "seconds").optional(),
    stopTimeoutSec: whole(1, 3600, "seconds").optional(),
};

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
        assertArgs(`VirtualMachine ${name}`, args, rules);
        const identity = machineIdentity(name);
        const here = machineHost();
        const image = pulumi.output(args.baseImage);
        const own = { parent: this };

        const hostKey = new SshKeyPair(`${name}-host`, { comment: name }, own);
        const loginKey = pulumi.output(
            args.loginKey ?? new SshKeyPair(`${name}-login`, { comment: name }, own).files,
        );
        // Not with the user data, which may be secret: addresses are not.
        const plain = checked(`VirtualMachine ${name}`, { ...args, userData: undefined }, rules);
        const { hostname, mac, kernelParameters, userData } = rules;
        const seed = machineSeed(
            name,
            checkedEach(`VirtualMachine ${name}`, args, {
                hostname,
                mac,
                kernelParameters,
                userData,
            }),
            image,
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

        const values: pulumi.Output<MachineValues> = pulumi
            .all([plain, disk.facts, image.digest])
            .apply(async ([known, facts, digest]) => ({
                name,
                uuid: machineUuid(identity),
                memoryMib: known.memoryMib ?? 1024,
                cpus: known.cpus ?? 2,
                diskGib: await guarded(() =>
                    checkedDiskGib(
                        name,
                        known.diskGib ?? 8,
                        facts?.["baseImage"] === digest ? facts["sizeMib"] : undefined,
                    ),
                ),
                hostname: known.hostname ?? name,
                mac: known.mac ?? macFromName(name),
                address: known.address ?? loopbackAddress(identity),
                sshPort: known.sshPort ?? 2222,
                ports: (known.ports ?? []).map(({ guestPort, hostPort }) => ({
                    guestPort,
                    hostPort: hostPort ?? guestPort,
                })),
                cards: await guarded(() => cardsOf(name, joined(name, known.networks ?? []))),
                key: keyOf(`${name}-machine`),
                kernelParameters: known.kernelParameters ?? [],
                running: known.running ?? true,
                readyTimeoutSec: args.readyTimeoutSec ?? 180,
            }));
        const ssh = {
            address: values.address,
            port: values.sshPort,
            user: "root",
            privateKeyPath: loginKey.privateKeyPath,
            knownHostsPath: hostKey.knownHostsPath,
        };
        const files = {
            diskDir: disk.dir,
            imageDir: image.directory,
            directBoot: image.directBoot,
            hostKeyPath: hostKey.privateKeyPath,
            loginPublicKeyPath: loginKey.publicKeyPath,
        };
        const machine = serviceResource(
            `${name}-machine`,
            {
                host: here,
                spec: {
                    memoryMib: values.memoryMib,
                    cpus: values.cpus,
                    diskGib: values.diskGib,
                    hostname: values.hostname,
                    mac: values.mac,
                    address: values.address,
                    sshPort: values.sshPort,
                    ports: values.ports,
                    networks: values.cards.apply((cards) =>
                        cards.length === 0 ? undefined : cards,
                    ),
                    kernelParameters: values.kernelParameters,
                    running: values.running,
                },
                parents: [disk.resource.id, hostKey.instanceId, loginKey.instanceId],
                running: values.running,
                run: pulumi
                    .all([values, files.directBoot, seed.wanted])
                    .apply(([v, directBoot, cloudInit]) =>
                        guarded(() => runText(v, { directBoot, cloudInit })),
                    ),
                preStart: pulumi
                    .all([values, files, ssh, seed.text])
                    .apply(([v, f, s, seedText]) => guarded(() => prepareText(v, f, s) + seedText)),
                health: values.apply(healthText),
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

        const ready = hostResource(
            `${name}-ready`,
            {
                host: {
                    ssh,
                    parentId: machine.resource.id,
                    parentUrn: machine.resource.urn,
                    running: values.running,
                },
                create: "qemu/guest-ready.sh",
                first: seed.wanted.apply((is) => (is ? "qemu/cloud-init-done.sh" : undefined)),
                spec: {},
                // Names of machines that come or go are a change in place.
                environment: guestEnvironment(args.networks, values.cards),
                probed: false,
                timeoutSec: args.readyTimeoutSec ?? 180,
            },
            own,
        );

        const dir = path.join(stackDir(), `${name}-machine`);
        this.host = pulumi.output({
            ssh,
            parentId: ready.resource.id,
            parentUrn: ready.resource.urn,
            running: values.running,
        });
        this.sshCommand = after(
            machine.resource,
            shellLine(["ssh", "-F", path.join(dir, sshConfigName), name]),
        );
        this.address = values.address;
        this.sshPort = values.sshPort;
        this.ports = values.apply((v) =>
            Object.fromEntries(
                v.ports.map((p) => [String(p.guestPort), `${v.address}:${String(p.hostPort)}`]),
            ),
        );
        this.networkAddresses = values.cards.apply((cards) =>
            Object.fromEntries(
                cards.map(({ network, address }) => [network, address.replace(/\/.*/, "")]),
            ),
        );
        this.mac = values.mac;
        this.consoleCommand = after(
            machine.resource,
            `(cd ${shellLine([dir])} && socat -,raw,echo=0,escape=0x1d unix-connect:serial.sock)`,
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

/** The wanted size, once it is known that a disk of the same image is not larger. */
function checkedDiskGib(name: string, wanted: number, presentMib: string | undefined): number {
    const present = Number(presentMib ?? "0") / 1024;
    if (wanted < present) {
        throw inputError(`VirtualMachine ${name}`, [
            {
                propertyPath: "diskGib",
                reason: `got ${String(wanted)}; expected at least the present ${String(present)}: a disk does not shrink. To start over on a smaller one: pulumi destroy, or another machine name`,
            },
        ]);
    }
    return wanted;
}
