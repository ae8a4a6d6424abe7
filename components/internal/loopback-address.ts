import { identityDigest, type MachineIdentity } from "./machine-identity";

/**
 * IPv4 loopback address of a machine, derived from its identity: the usual ports stay usable on
 * it, and it is known before the machine exists.
 *
 * 16.5 million values from 127.1.0.1 to 127.254.255.254. Left out are 127.0.0.0/16, where local
 * services and resolvers live, 127.255.0.0/16 with the broadcast address, and hosts 0 and 255.
 * Two machines of a host can meet (about 1 in 8,000 with 64 machines), so whoever listens on it
 * checks for a clash, and it can be set by config instead.
 */
export function loopbackAddress(identity: MachineIdentity): string {
    const number = identityDigest(identity, "loopback-address").readUIntBE(0, 6);
    const host = 1 + (number % 254);
    const third = Math.floor(number / 254) % 256;
    const second = 1 + (Math.floor(number / (254 * 256)) % 254);
    return `127.${second}.${third}.${host}`;
}

/** Whether text is an IPv4 address of the loopback network. */
export function isLoopbackAddress(text: string): boolean {
    const parts = text.split(".");
    return (
        parts.length === 4 &&
        parts[0] === "127" &&
        parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
    );
}
