/** What may reach agents in Azure, how their network is divided, and how they and their users may be called. */
import * as fc from "fast-check";
import { adminUserRule, AgentOs, computerNameRule } from "../../components/azure/agent-account";
import { allowedCidrsRule, securityRules } from "../../components/azure/security-rules";
import { subnetProblems } from "../../components/azure/subnet-plan";
import { contains, overlap, parseRange } from "../../components/internal/address-range";

/** IPv4 ranges that begin at their first address. */
const range4 = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
    .map(([address, prefix]) => {
        const base = Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
        const parts = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
        return `${parts.join(".")}/${String(prefix)}`;
    });
const known = (text: string) => {
    const range = parseRange(text);
    if (range === undefined) throw new Error(text);
    return range;
};

describe("security rules", () => {
    test("ssh from the given ranges, RDP only when asked for", () => {
        const [ssh, ...rest] = securityRules({ allowedCidrs: ["203.0.113.7/32"], rdp: false });
        expect(rest).toEqual([]);
        expect(ssh).toEqual({
            name: "ssh",
            priority: 1000,
            direction: "Inbound",
            access: "Allow",
            protocol: "Tcp",
            sourceAddressPrefixes: ["203.0.113.7/32"],
            sourcePortRange: "*",
            destinationAddressPrefix: "*",
            destinationPortRange: "22",
        });
    });

    test("no rule ever allows more than was asked", () => {
        fc.assert(
            fc.property(fc.array(range4, { minLength: 1 }), fc.boolean(), (allowedCidrs, rdp) => {
                const rules = securityRules({ allowedCidrs, rdp });
                const ports = rules.map(({ destinationPortRange }) => destinationPortRange);
                expect(ports).toEqual(rdp ? ["22", "3389"] : ["22"]);
                for (const rule of rules) {
                    expect(new Set(rule.sourceAddressPrefixes)).toEqual(new Set(allowedCidrs));
                    expect([rule.direction, rule.access, rule.protocol]).toEqual([
                        ...["Inbound", "Allow", "Tcp"],
                    ]);
                }
                expect(new Set(rules.map(({ priority }) => priority)).size).toBe(rules.length);
            }),
        );
    });

    test("order and repetition make no difference; RDP is one rule more", () => {
        fc.assert(
            fc.property(fc.array(range4, { minLength: 1 }), (allowedCidrs) => {
                const turned = [...allowedCidrs, ...allowedCidrs].reverse();
                const rules = securityRules({ allowedCidrs, rdp: false });
                expect(securityRules({ allowedCidrs: turned, rdp: false })).toEqual(rules);
                expect(securityRules({ allowedCidrs, rdp: true }).slice(0, -1)).toEqual(rules);
            }),
        );
    });
});

describe("ranges that are let in", () => {
    const accepts = (cidrs: unknown, open = false) =>
        allowedCidrsRule(open).safeParse(cidrs).success;

    test.each([
        [["203.0.113.7/32"], true],
        [["10.0.0.0/8", "2001:db8::/32"], true],
        [["203.0.113.7"], false],
        [["203.0.113.7/24"], false],
        [["*"], false],
        [["Internet"], false],
        [["0.0.0.0/0"], false],
        [["::/0"], false],
        [["128.0.0.0/1"], false],
        [[], false],
        [undefined, false],
    ])("%j: %s", (cidrs, accepted) => {
        expect(accepts(cidrs)).toBe(accepted);
    });

    test("the whole Internet only by one's word", () => {
        expect(accepts(["0.0.0.0/0"], true)).toBe(true);
        expect(accepts(["*"], true)).toBe(false);
    });

    test("the message says what is expected and how to go on", () => {
        const said = JSON.stringify(allowedCidrsRule(false).safeParse(["0.0.0.0/0"]).error?.issues);
        expect(said).toContain("set openToInternet if that is meant");
    });
});

describe("ranges of addresses", () => {
    test("a range contains itself, and its halves, which do not overlap", () => {
        fc.assert(
            fc.property(range4, (text) => {
                const range = known(text);
                fc.pre(range.prefix < 32);
                const half = { ...range, prefix: range.prefix + 1 };
                const size = 1n << BigInt(32 - half.prefix);
                const other = { ...half, base: half.base + size };
                expect([range, half, other].map((each) => contains(range, each))).toEqual([
                    ...[true, true, true],
                ]);
                expect(contains(half, range)).toBe(false);
                expect(overlap(half, other)).toBe(false);
                expect(overlap(half, range) && overlap(range, other)).toBe(true);
            }),
        );
    });

    test("those of other families have nothing in common", () => {
        expect(overlap(known("0.0.0.0/0"), known("::/0"))).toBe(false);
    });
});

describe("subnets", () => {
    const problems = (space: string, subnets: Record<string, string>) =>
        subnetProblems(space, subnets).map(
            ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
        );

    test("apart and within the network they are accepted", () => {
        expect(problems("10.60.0.0/16", { agents: "10.60.0.0/24", disks: "10.60.1.0/24" })).toEqual(
            [],
        );
    });

    test.each([
        ["addressSpace", "10.60.0.1/16", {}],
        ["addressSpace", "fd00::/48", {}],
        ["addressSpace", "169.254.0.0/16", {}],
        ["addressSpace", "10.0.0.0/30", {}],
        ["subnets.b", "10.60.0.0/16", { a: "10.60.0.0/24", b: "10.60.0.128/25" }],
        ["subnets.b", "10.60.0.0/16", { a: "10.60.0.128/25", b: "10.60.0.0/24" }],
        ["subnets.a", "10.60.0.0/16", { a: "10.61.0.0/24" }],
        ["subnets.a", "10.60.0.0/16", { a: "10.60.0.0/15" }],
        ["subnets.a", "10.60.0.0/16", { a: "10.60.0.0/30" }],
    ])("%s of %s %j is refused", (path, space, subnets) => {
        expect(problems(space, subnets)).toEqual([expect.stringContaining(`${path}: got `)]);
    });

    test("two are refused if and only if they overlap", () => {
        const subnet = fc
            .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 17, max: 29 }))
            .map(([high, low, prefix]) => {
                const step = 2 ** (32 - prefix);
                const offset = Math.floor((high * 256 + low) / step) * step;
                return `10.60.${String(offset >> 8)}.${String(offset & 255)}/${String(prefix)}`;
            });
        fc.assert(
            fc.property(subnet, subnet, (a, b) => {
                expect(subnetProblems("10.60.0.0/16", { a, b }).length > 0).toBe(
                    overlap(known(a), known(b)),
                );
            }),
        );
    });
});

describe("names", () => {
    test.each([
        [AgentOs.Windows, "azureuser", true],
        [AgentOs.Windows, "Administrator", false],
        [AgentOs.Windows, "a".repeat(21), false],
        [AgentOs.Windows, "dev.", false],
        [AgentOs.Windows, "de v", false],
        [AgentOs.Linux, "dev", true],
        [AgentOs.Linux, "root", false],
        [AgentOs.Linux, "Dev", false],
        [AgentOs.Linux, "1dev", false],
    ])("the user of %s %s: %s", (os, name, accepted) => {
        expect(adminUserRule(os).safeParse(name).success).toBe(accepted);
    });

    test.each([
        [AgentOs.Windows, "win-1", true],
        [AgentOs.Windows, "a".repeat(15), true],
        [AgentOs.Windows, "a".repeat(16), false],
        [AgentOs.Windows, "12345", false],
        [AgentOs.Windows, "-win", false],
        [AgentOs.Windows, "win-", false],
        [AgentOs.Windows, "win_1", false],
        [AgentOs.Linux, "a".repeat(64), true],
        [AgentOs.Linux, "a".repeat(65), false],
    ])("the computer of %s %s: %s", (os, name, accepted) => {
        expect(computerNameRule(os).safeParse(name).success).toBe(accepted);
    });
});
