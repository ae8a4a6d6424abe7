import { type AddressRange, contains, overlap, parseRange } from "../internal/address-range";

/** What Azure keeps for itself (Azure Virtual Network FAQ: address ranges that cannot be used). */
const kept = [
    "224.0.0.0/4",
    "255.255.255.255/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "168.63.129.16/32",
];

/** The smallest IPv4 subnet: Azure takes five addresses of each (same source). */
const longestPrefix = 29;

interface Problem {
    propertyPath: string;
    reason: string;
}

/** Why a virtual network cannot be divided so; nothing if it can. Subnets are ranges by name. */
export function subnetProblems(
    addressSpace: string,
    subnets: Readonly<Record<string, string>>,
): Problem[] {
    const space = usableRange(addressSpace);
    if (typeof space === "string") {
        return [{ propertyPath: "addressSpace", reason: space }];
    }
    const taken = new Map<string, AddressRange>();
    return Object.entries(subnets).flatMap(([name, text]) => {
        const problem = (reason: string) => [{ propertyPath: `subnets.${name}`, reason }];
        const range = usableRange(text);
        if (typeof range === "string") {
            return problem(range);
        }
        if (!contains(space, range)) {
            return problem(`got ${text}; expected a range within the addressSpace ${addressSpace}`);
        }
        const [other] = [...taken].find(([, before]) => overlap(before, range)) ?? [];
        taken.set(name, range);
        return other === undefined
            ? []
            : problem(
                  `got ${text}; expected a range apart from that of ${other}, ${subnets[other] ?? ""}`,
              );
    });
}

/** The range, or why Azure takes no network of it. */
function usableRange(text: string): AddressRange | string {
    const range = parseRange(text);
    if (range?.family !== 4) {
        return `got ${text}; expected a range of IPv4 addresses that begins at its first one, as 10.60.0.0/16`;
    }
    if (range.prefix > longestPrefix) {
        return `got ${text}; expected /${String(longestPrefix)} or wider, since Azure takes five addresses of each network`;
    }
    const own = kept.find((each) => overlap(parseRange(each) as AddressRange, range));
    return own === undefined
        ? range
        : `got ${text}; expected no address of ${own}, which Azure keeps`;
}
