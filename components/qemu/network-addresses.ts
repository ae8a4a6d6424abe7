import { createHash } from "node:crypto";
import { addressAt, AddressRange, contains, overlap, parseRange } from "../internal/address-range";
import { runError } from "../internal/errors";
import { identityDigest, type MachineIdentity } from "../internal/machine-identity";
import { macFromName } from "./mac-address";

/** A machine as a network has it. */
export interface NetworkMember {
    name: string;
    address: string;
    mac: string;
    /** Tap device of its card, in a network on a bridge. */
    tap?: string;
}

/** What is wrong with an argument. */
interface Problem {
    propertyPath: string;
    reason: string;
}

/** Where default networks are: set aside for benchmarks (RFC 2544), so that neither offices nor VPNs route it. */
const defaultPool = "198.18.0.0/15";
const defaultPrefix = 20;
/** QEMU's user networking, which every guest has for its way out. */
const userNetwork = "10.0.2.0/24";

/** Range of a network, from its identity: 32 of 4096 addresses each. */
export function defaultNetworkCidr(identity: MachineIdentity): string {
    const pool = rangeOf(defaultPool);
    const count = 2 ** (defaultPrefix - pool.prefix);
    const place = identityDigest(identity, "network").readUInt32BE(0) % count;
    const base = addressAt(pool, place * 2 ** (32 - defaultPrefix)) ?? "";
    return `${base}/${String(defaultPrefix)}`;
}

/** A range that was checked before. */
export function rangeOf(cidr: string): AddressRange {
    const range = parseRange(cidr);
    if (range === undefined) {
        throw runError(`got ${cidr}; expected a range of addresses, as ${defaultPool}`);
    }
    return range;
}

/** Why a text is no range for a network; undefined if it is one. */
export function cidrProblem(cidr: string): string | undefined {
    const range = parseRange(cidr);
    if (range?.family !== 4 || range.prefix < 8 || range.prefix > 29) {
        return "expected an IPv4 range of 8 to 29 bits that begins with its first address, as 198.18.0.0/20";
    }
    const taken = [userNetwork, "127.0.0.0/8", "224.0.0.0/3", "0.0.0.0/8"].find((other) =>
        overlap(range, rangeOf(other)),
    );
    return taken === undefined
        ? undefined
        : `expected a range without addresses of ${taken}, which every guest has already`;
}

/** The machines with their addresses. What is not given comes from the name alone: it stays when others come or go. */
export function networkMembers(
    network: string,
    cidr: string,
    machines: readonly { name: string; address?: string }[],
): NetworkMember[] {
    const range = rangeOf(cidr);
    return machines.map(({ name, address }) => ({
        name,
        address: address ?? derivedAddress(range, name),
        mac: macFromName(`${network}/${name}`),
    }));
}

/** What is wrong with the machines of a network. */
export function memberProblems(
    cidr: string,
    machines: readonly { name: string; address?: string }[],
): Problem[] {
    const range = rangeOf(cidr);
    const members = networkMembers("", cidr, machines);
    return members.flatMap(({ name, address }, at): Problem[] => {
        const propertyPath = `machines.${String(at)}`;
        if (members.findIndex((other) => other.name === name) !== at) {
            return [{ propertyPath, reason: `got "${name}" again; expected each machine once` }];
        }
        if (!isHostAddress(range, address)) {
            return [
                {
                    propertyPath: `${propertyPath}.address`,
                    reason: `got "${address}"; expected an address within ${cidr}, and neither its first nor its last one`,
                },
            ];
        }
        const first = members.findIndex((other) => other.address === address);
        const how = machines[at]?.address === undefined ? ", which is derived from its name" : "";
        return first === at
            ? []
            : [
                  {
                      propertyPath: `${propertyPath}.address`,
                      reason: `got ${address} for "${name}"${how}; expected another than that of "${members[first]?.name ?? ""}": give it one, as "${freeAddress(range, members)}"`,
                  },
              ];
    });
}

function derivedAddress(range: AddressRange, name: string): string {
    const digest = createHash("sha256")
        .update(JSON.stringify(["network-address", name]))
        .digest();
    // Neither the range itself, nor its broadcast address, nor its first one, which people expect to be a router's.
    const count = 2 ** (32 - range.prefix) - 3;
    return addressAt(range, 2 + (digest.readUInt32BE(0) % count)) ?? "";
}

function freeAddress(range: AddressRange, members: readonly NetworkMember[]): string {
    const taken = new Set(members.map(({ address }) => address));
    for (let at = 2; at < 2 ** (32 - range.prefix) - 1; at++) {
        const address = addressAt(range, at) ?? "";
        if (!taken.has(address)) {
            return address;
        }
    }
    return "none is free; give the network a larger cidr";
}

function isHostAddress(range: AddressRange, address: string): boolean {
    const one = parseRange(`${address}/32`);
    const last = addressAt(range, 2 ** (32 - range.prefix) - 1);
    return (
        one?.family === 4 &&
        contains(range, one) &&
        one.base !== range.base &&
        address !== last &&
        // As it is compared: without leading zeros.
        addressAt(one, 0) === address
    );
}
