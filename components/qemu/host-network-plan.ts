import { createHash } from "node:crypto";
import { addressAt, overlap, parseRange } from "../internal/address-range";
import { identityDigest, type MachineIdentity } from "../internal/machine-identity";
import {
    defaultNetworkCidr,
    memberProblems,
    type NetworkMember,
    networkMembers,
    rangeOf,
} from "./network-addresses";

/** A machine with its lease and its place on the bridge. */
export interface BridgeMember extends NetworkMember {
    /** Name of its tap device. */
    tap: string;
}

/** All that is decided about a network on a bridge. */
export interface HostNetworkPlan {
    name: string;
    /** Name of the bridge. */
    bridge: string;
    /** Its MAC address, by which a bridge of ours is told from another one. */
    mac: string;
    /** Name of the nftables table. */
    table: string;
    cidr: string;
    /** Address of the bridge. */
    gateway: string;
    /** Upper half of the range, which containers may have. */
    containerCidr: string;
    domain: string;
    nat: boolean;
    /** Where names of others are looked up; empty: as the host does. */
    nameServers: string[];
    machines: BridgeMember[];
}

/** What may be set of it. */
export interface HostNetworkWishes {
    bridge?: string;
    cidr?: string;
    domain?: string;
    nat?: boolean;
    nameServers?: string[];
    machines: readonly { name: string; address?: string }[];
}

/** Plan of a network. Whatever is not set is derived: the same in each preview, and another for each user, project and stack. */
export function planOf(
    name: string,
    identity: MachineIdentity,
    wishes: HostNetworkWishes,
): HostNetworkPlan {
    const digest = (purpose: string) =>
        identityDigest(identity, purpose).toString("hex").slice(0, 8);
    const bridge = wishes.bridge ?? `kd${digest("bridge")}`;
    const cidr = wishes.cidr ?? defaultNetworkCidr(identity);
    const { lower, upper } = halves(cidr);
    return {
        name,
        bridge,
        mac: ["52", "54", ...(digest("bridge-mac").match(/../g) ?? [])].join(":"),
        table: `kubedev-${bridge}`,
        cidr,
        gateway: addressAt(rangeOf(cidr), 1) ?? "",
        containerCidr: upper,
        domain: wishes.domain ?? name.toLowerCase(),
        nat: wishes.nat ?? true,
        nameServers: wishes.nameServers ?? [],
        machines: networkMembers(name, lower, wishes.machines).map((member) => ({
            ...member,
            tap: tapName(bridge, member.name),
        })),
    };
}

/** What is wrong with the wishes for a network, each of which is well-formed. */
export function wishProblems(
    identity: MachineIdentity,
    { cidr = defaultNetworkCidr(identity), machines }: HostNetworkWishes,
): { propertyPath: string; reason: string }[] {
    if (rangeOf(cidr).prefix > 28) {
        return [
            {
                propertyPath: "cidr",
                reason: `got ${cidr}; expected at most 28 bits: machines get the lower half, containers the upper one`,
            },
        ];
    }
    const { lower } = halves(cidr);
    const gateway = addressAt(rangeOf(cidr), 1);
    return [
        ...memberProblems(lower, machines),
        ...machines.flatMap(({ address }, at) =>
            address === gateway
                ? [
                      {
                          propertyPath: `machines.${String(at)}.address`,
                          reason: `got ${address ?? ""}; expected another one: that is the bridge's own`,
                      },
                  ]
                : [],
        ),
    ];
}

/** Names of network devices have at most 15 bytes. */
export function tapName(bridge: string, machine: string): string {
    const digest = createHash("sha256").update(JSON.stringify(["tap", bridge, machine]));
    return `kt${digest.digest("hex").slice(0, 10)}`;
}

/** Both halves of a range: machines have addresses of the lower one, containers of the upper one. */
export function halves(cidr: string): { lower: string; upper: string } {
    const range = rangeOf(cidr);
    const prefix = String(range.prefix + 1);
    const half = (index: number) => `${addressAt(range, index) ?? ""}/${prefix}`;
    return { lower: half(0), upper: half(2 ** (31 - range.prefix)) };
}

/** A route or an address that a host has: what it leads to, and by which device. */
export interface HostRoute {
    range: string;
    device: string;
}

/** Reads what host-network-look.sh says of a host's routes: "10.0.0.0/8 eth0;192.0.2.7 wlan0". */
export function parseRoutes(text: string): HostRoute[] {
    return text
        .split(";")
        .filter((one) => one.includes(" "))
        .map((one) => {
            const [range = "", device = ""] = one.trim().split(" ");
            return { range, device };
        });
}

/**
 * The first route that leads to addresses of the range, apart from those by the network's own bridge. A default route is
 * none, nor are its parts: a VPN that takes everything has 0.0.0.0/1 and 128.0.0.0/1.
 */
export function overlapping(
    cidr: string,
    routes: readonly HostRoute[],
    bridge: string,
): HostRoute | undefined {
    const wanted = rangeOf(cidr);
    return routes.find(({ range, device }) => {
        const there = rangeAround(range);
        return (
            device !== bridge && there !== undefined && there.prefix >= 8 && overlap(there, wanted)
        );
    });
}

/** The range that an address with the length of its prefix is in. Routes to a single address come without one. */
function rangeAround(text: string) {
    const [address = "", length = "32"] = text.split("/");
    const one = parseRange(`${address}/32`);
    const prefix = Number(length);
    if (one?.family !== 4 || !Number.isInteger(prefix) || prefix < 0 || prefix > 32) {
        return undefined;
    }
    const size = 1n << BigInt(32 - prefix);
    return { ...one, base: one.base - (one.base % size), prefix };
}

/** A range like the wanted one that no route leads to: what an error proposes. Undefined where all of them are taken. */
export function freeRange(
    routes: readonly HostRoute[],
    taken: readonly string[],
): string | undefined {
    const all = Array.from(
        { length: 32 },
        (_none, at) => `${addressAt(rangeOf("198.18.0.0/15"), at * 4096) ?? ""}/20`,
    );
    return all.find(
        (cidr) =>
            overlapping(cidr, routes, "") === undefined &&
            !taken.some((other) => overlap(rangeOf(other), rangeOf(cidr))),
    );
}
