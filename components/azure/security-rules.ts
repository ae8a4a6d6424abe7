import { z } from "zod";
import { parseRange } from "../internal/address-range";

/** Who may reach the agents of a network from outside of it. */
export interface OpenPorts {
    /** Ranges of addresses, as 203.0.113.7/32. */
    allowedCidrs: readonly string[];
    /** Whether they may also reach RDP, port 3389, beside ssh. */
    rdp: boolean;
}

/** A rule of a network security group, as Azure Resource Manager has it (Microsoft.Network/networkSecurityGroups). */
export interface SecurityRule {
    name: string;
    /** 100 to 4096; the lowest one that fits decides. */
    priority: number;
    direction: "Inbound";
    access: "Allow";
    protocol: "Tcp";
    sourceAddressPrefixes: string[];
    sourcePortRange: "*";
    destinationAddressPrefix: "*";
    destinationPortRange: string;
}

/**
 * The rules that let these ranges in, and nobody else: what no rule allows, Azure's own rule DenyAllInBound refuses. That
 * the agents of a network reach each other is Azure's own rule, too (AllowVnetInBound). Order and repetition of the ranges
 * make no difference, so that they make none in a preview.
 */
export function securityRules({ allowedCidrs, rdp }: OpenPorts): SecurityRule[] {
    const sources = [...new Set(allowedCidrs)].sort();
    const allow = (name: string, priority: number, port: number): SecurityRule => ({
        ...{ name, priority, direction: "Inbound", access: "Allow", protocol: "Tcp" },
        ...{ sourceAddressPrefixes: sources, sourcePortRange: "*" },
        ...{ destinationAddressPrefix: "*", destinationPortRange: String(port) },
    });
    return [allow("ssh", 1000, 22), ...(rdp ? [allow("rdp", 1010, 3389)] : [])];
}

/** Shorter prefixes are wider than any one network that somebody works in: half of the Internet is not meant. */
const shortestPrefix = { 4: 8, 6: 19 };

/** Ranges that may reach the agents. `open` is the developer's word that they may be as wide as the Internet. */
export function allowedCidrsRule(open: boolean): z.ZodType<string[]> {
    const expected =
        'expected ranges of addresses from which you come, as "203.0.113.7/32" (curl https://ifconfig.me tells yours)';
    return z
        .array(
            z
                .string({ error: expected })
                .refine((text) => parseRange(text) !== undefined, { error: expected })
                .refine((text) => open || !isOpen(text), {
                    error: "expected a narrower range: everybody in it may try passwords at the agents; set openToInternet if that is meant",
                }),
            { error: expected },
        )
        .min(1, { error: `${expected}; without any nobody could log in` });
}

function isOpen(text: string): boolean {
    const range = parseRange(text);
    return range !== undefined && range.prefix < shortestPrefix[range.family];
}
