import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { after, hostResource, recordedFacts } from "../host/host-resource";
import { preflight } from "../host/preflight";
import { serviceResource, Supervisor } from "../host/service-resource";
import { lookAt } from "../host/thing-look";
import { guarded } from "../internal/errors";
import { machineIdentity } from "../internal/machine-identity";
import { orEmpty } from "../internal/outputs";
import { shellExports, shellLine } from "../internal/quote";
import { assertArgs, checked, inputError } from "../internal/validate";
import { HostNetworkArgs, hostNetworkRules } from "./host-network-args";
import { assertFree, dropsWarning, notedRange, repairsOf } from "./host-network-look";
import { HostNetworkPlan, planOf, wishProblems } from "./host-network-plan";
import {
    dnsmasqConfig,
    dockerSettings,
    firewallTable,
    networkdUnits,
    proxyDropIn,
    proxyVariables,
} from "./host-network-texts";
import { MachineNetworkMembers, nameProblems } from "./machine-network";
import { rangeOf } from "./network-addresses";

/**
 * A network on a bridge of a host, by root: its machines have a lease and a name each, reach the host, containers on the
 * same bridge and, under the host's addresses, the outside. Nobody outside reaches them. What somebody removes of it shows
 * in the next preview, and is put back without a restart of its machines.
 */
export class HostNetwork extends pulumi.ComponentResource {
    /** What a VirtualMachine takes in its networks. Known in preview. */
    public readonly network: pulumi.Output<MachineNetworkMembers>;
    /** IPv4 range of its addresses. Known in preview. */
    public readonly cidr: pulumi.Output<string>;
    /** Addresses by name of the machine. Known in preview. */
    public readonly addresses: pulumi.Output<Record<string, string>>;
    /** Name of the bridge. */
    public readonly bridge: pulumi.Output<string>;
    /** Address of the host on it: router and name server of its machines. */
    public readonly gateway: pulumi.Output<string>;
    /** Name of its table of nftables, of the family inet. */
    public readonly table: pulumi.Output<string>;
    /** Settings (daemon.json) of a Docker engine on the host whose containers are to be on the same bridge. */
    public readonly dockerSettings: pulumi.Output<string>;
    /** Environment variables of programs that are to use `proxyUrl`, with all that they are not to use it for. Empty without one. */
    public readonly proxyVariables: pulumi.Output<Record<string, string>>;
    /** The same as a drop-in of a systemd service, as Docker's on the host or containerd's in a guest. Empty without a proxy. */
    public readonly proxyDropIn: pulumi.Output<string>;

    constructor(name: string, args: HostNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostNetwork", name, args, opts);
        const what = `HostNetwork ${name}`;
        assertArgs(what, args, hostNetworkRules, ...nameProblems(name));
        const identity = machineIdentity(name);
        const known = checked(what, { ...args, host: undefined }, hostNetworkRules);
        const wanted = known.apply((wishes) =>
            guarded(() => {
                const problems = wishProblems(identity, wishes);
                if (problems.length > 0) {
                    throw inputError(what, problems);
                }
                return planOf(name, identity, wishes);
            }),
        );

        const child = `${name}-bridge`;
        const host = networkHost(args.host);
        const seen = lookAt(
            what,
            "qemu/host-network-look.sh",
            child,
            host,
            wanted.apply(bridgeValues),
        );
        const plan = pulumi.all([wanted, seen, hostParts(host).ssh]).apply(([planned, is, ssh]) =>
            guarded(async () => {
                assertFree(what, planned, is, notedRange(what, planned, ssh));
                await dropsWarning(what, planned, is);
                return planned;
            }),
        );
        const repairs = pulumi
            .all([seen, recordedFacts(child, host)])
            .apply(([is, facts]) => repairsOf(is, facts));

        const bridge = hostResource(
            child,
            {
                host,
                create: "qemu/host-network.sh",
                delete: "qemu/host-network-delete.sh",
                spec: {
                    bridge: plan.bridge,
                    cidr: plan.cidr,
                    user: known.apply(({ user }) => user),
                },
                environment: {
                    ...bridgeEnvironment(plan),
                    NETWORK_USER: orEmpty(known.apply(({ user }) => user)),
                    NETWORK_REPAIRS: repairs,
                },
                timeoutSec: 60,
            },
            { parent: this },
        );
        serviceResource(
            `${name}-names`,
            {
                host,
                spec: {
                    machines: plan.machines.apply((machines) =>
                        machines.map((one) => ({
                            name: one.name,
                            address: one.address,
                            mac: one.mac,
                        })),
                    ),
                    domain: plan.domain,
                    nat: plan.nat,
                    nameServers: plan.nameServers,
                    // Its sockets are the bridge's, and go with that.
                    repairs,
                },
                parents: [bridge.resource.id],
                preStart: plan.apply(preparation),
                run: 'PATH=$PATH:/usr/sbin:/sbin\nexec dnsmasq --keep-in-foreground --conf-file="$PWD/dnsmasq.conf" --dhcp-leasefile="$PWD/leases"',
                health: plan.gateway.apply(
                    (address) =>
                        `PATH=$PATH:/usr/sbin:/sbin\n${shellLine(["ss", "-Hlun", `src ${address} and sport = :53`])} | grep -q .`,
                ),
                healthTimeoutSec: 30,
                stopTimeoutSec: 5,
                logMaxMib: 4,
                logKeep: 1,
                // Root's processes outlive a login without a unit, and it is where the bridge is: in the network namespace of this run.
                supervisor: Supervisor.Detached,
            },
            { parent: this },
        );

        // Known in preview, and yet whoever takes it waits until there is a bridge. Nothing of the name server's own: it is
        // started again for each new name, and machines are not.
        const made = after(bridge.resource, plan);
        this.network = made.apply(membersOf);
        this.cidr = made.cidr;
        this.addresses = made.machines.apply((machines) =>
            Object.fromEntries(machines.map((one) => [one.name, one.address])),
        );
        this.bridge = made.bridge;
        this.gateway = made.gateway;
        this.table = made.table;
        this.dockerSettings = made.apply(dockerSettings);
        const proxied = pulumi.all([made, known.apply(({ proxyUrl }) => proxyUrl)]);
        this.proxyVariables = proxied.apply(([planned, url]) => proxyVariables(planned, url));
        this.proxyDropIn = proxied.apply(([planned, url]) => proxyDropIn(planned, url));
        this.registerOutputs({
            network: this.network,
            cidr: this.cidr,
            addresses: this.addresses,
            bridge: this.bridge,
            gateway: this.gateway,
            table: this.table,
            dockerSettings: this.dockerSettings,
            proxyVariables: this.proxyVariables,
            proxyDropIn: this.proxyDropIn,
        });
    }
}

function membersOf({ name, cidr, domain, machines }: HostNetworkPlan): MachineNetworkMembers {
    return { name, cidr, domain, machines };
}

/** The host, once it has what such a network takes. */
function networkHost(host: pulumi.Input<Host> | undefined): pulumi.Output<Host> {
    return preflight(host ?? {}, {
        tools: [
            { program: "ip", package: "iproute2" },
            { program: "nft", package: "nftables" },
            { program: "dnsmasq", package: "dnsmasq-base" },
            { program: "flock", package: "util-linux" },
        ],
        commands: [
            {
                what: "tap devices",
                command: "[ -c /dev/net/tun ] || { echo 'no /dev/net/tun'; exit 1; }",
                expected: "that device",
                fix: "load the module: modprobe tun",
            },
        ],
    });
}

/** What all scripts about a network take. */
function bridgeValues(plan: HostNetworkPlan): Record<string, string> {
    return {
        NETWORK_BRIDGE: plan.bridge,
        NETWORK_MAC: plan.mac,
        NETWORK_ADDRESS: `${plan.gateway}/${String(rangeOf(plan.cidr).prefix)}`,
        NETWORK_TABLE: plan.table,
    };
}

/** What host-network.sh takes beside them. */
function bridgeEnvironment(
    plan: pulumi.Output<HostNetworkPlan>,
): Record<string, pulumi.Output<string>> {
    const of = (text: (planned: HostNetworkPlan) => string | undefined) =>
        plan.apply((planned) => text(planned) ?? "");
    return {
        NETWORK_BRIDGE: of((planned) => bridgeValues(planned)["NETWORK_BRIDGE"]),
        NETWORK_MAC: of((planned) => bridgeValues(planned)["NETWORK_MAC"]),
        NETWORK_ADDRESS: of((planned) => bridgeValues(planned)["NETWORK_ADDRESS"]),
        NETWORK_TABLE: of((planned) => bridgeValues(planned)["NETWORK_TABLE"]),
        NETWORK_TAPS: of(({ machines }) => machines.map(({ tap }) => `${tap}\n`).join("")),
        NETWORK_RULES: of(firewallTable),
        NETWORK_NAT: of(({ nat }) => String(nat)),
        NETWORK_NETDEV: of((planned) => networkdUnits(planned).netdev),
        NETWORK_UNIT: of((planned) => networkdUnits(planned).network),
    };
}

function preparation(plan: HostNetworkPlan): string {
    return (
        shellExports({ NETWORK_NAMES: dnsmasqConfig(plan) }) +
        `printf '%s' "$NETWORK_NAMES" >dnsmasq.conf\n`
    );
}
