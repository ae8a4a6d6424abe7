import { isIP } from "node:net";

/** A range of addresses, as 10.96.0.0/12 or fd00::/108. */
export interface AddressRange {
    family: 4 | 6;
    /** First address. */
    base: bigint;
    prefix: number;
}

/** Reads a range; undefined if it is none, or has bits of an address in it beyond its prefix. */
export function parseRange(text: string): AddressRange | undefined {
    const match = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(text);
    const [, address = "", length = ""] = match ?? [];
    const family = isIP(address);
    if (family !== 4 && family !== 6) {
        return undefined;
    }
    const bits = family === 4 ? 32 : 128;
    const prefix = Number(length);
    const base = family === 4 ? numberOf4(address) : numberOf6(address);
    const size = 1n << BigInt(Math.max(bits - prefix, 0));
    return prefix <= bits && base % size === 0n ? { family, base, prefix } : undefined;
}

/** Whether all addresses of a range are in another one. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
    return (
        outer.family === inner.family &&
        outer.base <= inner.base &&
        inner.base + sizeOf(inner) <= outer.base + sizeOf(outer)
    );
}

/** Whether two ranges have an address in common: then one is in the other, since each begins at a multiple of its size. */
export function overlap(one: AddressRange, other: AddressRange): boolean {
    return contains(one, other) || contains(other, one);
}

function sizeOf({ family, prefix }: AddressRange): bigint {
    return 1n << BigInt((family === 4 ? 32 : 128) - prefix);
}

/** The address at a place of a range, in the form that Kubernetes writes; undefined if the range ends before. */
export function addressAt(
    { family, base, prefix }: AddressRange,
    index: number,
): string | undefined {
    const bits = family === 4 ? 32 : 128;
    if (BigInt(index) >= 1n << BigInt(bits - prefix)) {
        return undefined;
    }
    return family === 4 ? text4(base + BigInt(index)) : text6(base + BigInt(index));
}

function numberOf4(address: string): bigint {
    return address.split(".").reduce((all, part) => (all << 8n) | BigInt(part), 0n);
}

function text4(value: bigint): string {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}

function numberOf6(address: string): bigint {
    // The URL parser writes what has an IPv4 address at its end in groups, too.
    const [head = "", tail] = canonical(address).split("::");
    const groups = (part: string) => (part === "" ? [] : part.split(":"));
    const after = groups(tail ?? "");
    const missing = 8 - groups(head).length - after.length;
    return [...groups(head), ...Array<string>(missing).fill("0"), ...after].reduce(
        (all, group) => (all << 16n) | BigInt(`0x${group}`),
        0n,
    );
}

function text6(value: bigint): string {
    const groups = Array.from({ length: 8 }, (_none, index) =>
        ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
    );
    return canonical(groups.join(":"));
}

/** The shortest form, which RFC 5952 has. */
function canonical(address: string): string {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** Address of a cluster's DNS in its range of Service addresses: the tenth, as kubeadm has it. Empty of what is no range. */
export function dnsAddress(serviceCidr: string): string {
    const range = parseRange(serviceCidr);
    return (range && addressAt(range, 10)) ?? "";
}
