/** What a HostNetwork is planned as, the texts that it is made of, and which ranges it refuses. */
import * as fc from "fast-check";
import { addressAt, contains, overlap, parseRange } from "../../components/internal/address-range";
import { assertFree, repairsOf } from "../../components/qemu/host-network-look";
import {
    freeRange,
    halves,
    overlapping,
    parseRoutes,
    planOf,
    tapName,
    wishProblems,
} from "../../components/qemu/host-network-plan";
import {
    dnsmasqConfig,
    dockerSettings,
    firewallTable,
    netmask,
    networkdUnits,
    proxyDropIn,
    proxyVariables,
} from "../../components/qemu/host-network-texts";
import { rangeOf } from "../../components/qemu/network-addresses";
import { cardFiles, cardsOf, guestNetworks } from "../../components/qemu/network-cards";

const identity = { user: "alice", project: "kubedev", stack: "dev", machine: "lan" };
const seed = {
    bridge: "qemu0",
    cidr: "172.18.0.0/16",
    machines: [
        { name: "master", address: "172.18.100.187" },
        { name: "node-one", address: "172.18.100.122" },
    ],
};
const plan = planOf("lan", identity, seed);
const isolated = planOf("lan", identity, { ...seed, nat: false, nameServers: ["192.0.2.53"] });

test("what is derived stays what it is: another bridge or address would restart all machines", () => {
    const derived = planOf("lan", identity, { machines: [{ name: "node" }] });
    expect(derived).toEqual({
        name: "lan",
        bridge: "kd57bed1d8",
        mac: expect.stringMatching(/^52:54(:[0-9a-f]{2}){4}$/) as string,
        table: "kubedev-kd57bed1d8",
        cidr: "198.18.16.0/20",
        gateway: "198.18.16.1",
        containerCidr: "198.18.24.0/21",
        domain: "lan",
        nat: true,
        nameServers: [],
        machines: [
            {
                name: "node",
                address: "198.18.18.73",
                mac: "52:54:1a:f3:cc:6a",
                tap: "kt4d6166bcc7",
            },
        ],
    });
    const other = planOf("lan", { ...identity, user: "bob" }, { machines: [] });
    expect([other.bridge, other.mac]).not.toContain(derived.bridge);
    expect(other.mac).not.toBe(derived.mac);
});

test("names of devices fit the kernel, and differ by bridge and machine", () => {
    fc.assert(
        fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string(), (bridge, a, b) => {
            expect(tapName(bridge, a)).toMatch(/^kt[0-9a-f]{10}$/);
            expect(tapName(bridge, a) === tapName(bridge, b)).toBe(a === b);
        }),
    );
});

test("machines have the lower half, containers the upper one; the bridge's own address is nobody's", () => {
    expect(halves("172.18.0.0/16")).toEqual({ lower: "172.18.0.0/17", upper: "172.18.128.0/17" });
    const wish = (address: string, cidr = seed.cidr) =>
        wishProblems(identity, { cidr, machines: [{ name: "a", address }] }).map(
            ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
        );
    expect(wish("172.18.100.187")).toEqual([]);
    expect(wish("172.18.200.1")).toEqual([
        expect.stringContaining(
            'machines.0.address: got "172.18.200.1"; expected an address within 172.18.0.0/17',
        ),
    ]);
    expect(wish("172.18.0.1")).toEqual([expect.stringContaining("that is the bridge's own")]);
    expect(wish("192.0.2.2", "192.0.2.0/29")).toEqual([
        expect.stringContaining("cidr: got 192.0.2.0/29; expected at most 28 bits"),
    ]);
});

test("dnsmasq answers on the bridge alone, with one lease and one name a machine", () => {
    expect(dnsmasqConfig(plan)).toBe(
        [
            ...["interface=qemu0", "except-interface=lo", "bind-dynamic", "pid-file="],
            ...["log-facility=-", "no-hosts", "domain-needed", "bogus-priv", "domain=lan"],
            ...["local=/lan/", "dhcp-authoritative"],
            "dhcp-range=172.18.0.0,static,255.255.0.0,infinite",
            `dhcp-host=${plan.machines[0]?.mac ?? ""},172.18.100.187,master,infinite`,
            "host-record=master.lan,master,172.18.100.187",
            `dhcp-host=${plan.machines[1]?.mac ?? ""},172.18.100.122,node-one,infinite`,
            "host-record=node-one.lan,node-one,172.18.100.122",
            "",
        ].join("\n"),
    );
    const lines = dnsmasqConfig(isolated).split("\n");
    expect(lines).toEqual(
        expect.arrayContaining(["no-resolv", "server=192.0.2.53", "dhcp-option=option:router"]),
    );
});

test("the table lets machines out, and only answers in; without a way out nothing passes", () => {
    expect(firewallTable(plan)).toBe(`table inet kubedev-qemu0 {
    comment "kubedev HostNetwork lan"
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname "qemu0" oifname "qemu0" accept
        iifname "qemu0" ip saddr 172.18.0.0/16 accept
        iifname "qemu0" drop
        oifname "qemu0" ct state established,related accept
        oifname "qemu0" drop
    }
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr 172.18.0.0/16 oifname != "qemu0" masquerade
    }
}
`);
    const closed = firewallTable(isolated);
    expect(closed).not.toContain("masquerade");
    expect(closed.match(/accept$/gm)).toHaveLength(1);
});

test("systemd-networkd makes the same bridge", () => {
    expect(networkdUnits(plan)).toEqual({
        netdev: `[NetDev]\nName=qemu0\nKind=bridge\nMACAddress=${plan.mac}\n\n[Bridge]\nSTP=no\nForwardDelaySec=0\n`,
        network:
            "[Match]\nName=qemu0\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nAddress=172.18.0.1/16\n" +
            "ConfigureWithoutCarrier=yes\nLinkLocalAddressing=no\nIPv6AcceptRA=no\nIPv4Forwarding=yes\n" +
            "DNS=172.18.0.1\nDomains=~lan\nDNSDefaultRoute=no\n",
    });
    expect(networkdUnits(isolated).network).not.toContain("IPv4Forwarding");
});

test("Docker's containers get a range of their own on the same bridge, without bits of an address in it", () => {
    expect(JSON.parse(dockerSettings(plan))).toEqual({
        bridge: "qemu0",
        "fixed-cidr": "172.18.128.0/17",
        dns: ["172.18.0.1"],
        ...{ iptables: false, "ip-forward": false, "ip-masq": false },
    });
});

test("a proxy is for all but what is in the network", () => {
    expect(proxyDropIn(plan, "http://172.18.0.1:9001")).toBe(
        '[Service]\nEnvironment="HTTP_PROXY=http://172.18.0.1:9001"\nEnvironment="HTTPS_PROXY=http://172.18.0.1:9001"\n' +
            'Environment="NO_PROXY=localhost,127.0.0.0/8,172.18.0.0/16,.lan,.svc,.cluster.local"\n',
    );
    expect([proxyVariables(plan, undefined), proxyDropIn(plan, undefined)]).toEqual([{}, ""]);
});

test("a guest asks for its lease by its card, and has a name in the domain", () => {
    const network = { ...plan, domain: "dev.internal" };
    const cards = cardsOf("master", [network]);
    expect(cards).toEqual([
        {
            network: "lan",
            address: "172.18.100.187/16",
            mac: plan.machines[0]?.mac,
            tap: plan.machines[0]?.tap,
        },
    ]);
    const file = Buffer.from(cardFiles(cards).split(" - ")[1] ?? "", "base64").toString();
    expect(file).toContain("[Network]\nDHCP=ipv4\n");
    expect(file).toContain("[DHCPv4]\nClientIdentifier=mac\nUseHostname=no\nRouteMetric=512\n");
    expect(guestNetworks(cards, [network]).hosts).toContain(
        "172.18.100.122 node-one node-one.dev.internal # kubedev network\n",
    );
});

const cidrs = fc
    .tuple(fc.nat({ max: 2 ** 32 - 1 }), fc.integer({ min: 8, max: 29 }))
    .map(([base, prefix]) => {
        const size = 2 ** (32 - prefix);
        return `${dotted(base - (base % size))}/${String(prefix)}`;
    });
const routes = fc.tuple(fc.nat({ max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }));

function dotted(value: number): string {
    return addressAt({ family: 4, base: BigInt(value), prefix: 32 }, 0) ?? "";
}

describe("the rule of overlaps", () => {
    test("finds a route exactly when both have an address in common, with or without bits of an address in it", () => {
        fc.assert(
            fc.property(cidrs, routes, (cidr, [address, prefix]) => {
                const size = 2 ** (32 - prefix);
                const range = parseRange(`${dotted(address - (address % size))}/${String(prefix)}`);
                const expected =
                    prefix >= 8 && range !== undefined && overlap(range, rangeOf(cidr));
                const route = { range: `${dotted(address)}/${String(prefix)}`, device: "eth0" };
                expect(overlapping(cidr, [route], "qemu0")).toEqual(expected ? route : undefined);
                expect(overlapping(cidr, [{ ...route, device: "qemu0" }], "qemu0")).toBe(undefined);
            }),
        );
    });

    test("an address within is found whatever stands before it", () => {
        fc.assert(
            fc.property(cidrs, fc.array(routes), fc.nat(), (cidr, before, at) => {
                const { prefix } = rangeOf(cidr);
                const inside = addressAt(rangeOf(cidr), at % 2 ** (32 - prefix)) ?? "";
                const all = before.map(([address, length]) => ({
                    range: `${dotted(address)}/${String(length)}`,
                    device: "eth1",
                }));
                expect(
                    overlapping(cidr, [...all, { range: inside, device: "eth0" }], ""),
                ).toBeDefined();
            }),
        );
    });

    test("what an error proposes is free", () => {
        fc.assert(
            fc.property(fc.array(routes, { maxLength: 5 }), fc.array(cidrs), (some, taken) => {
                const all = some.map(([address, length]) => ({
                    range: `${dotted(address)}/${String(length)}`,
                    device: "eth0",
                }));
                const free = freeRange(all, taken);
                if (free !== undefined) {
                    expect(overlapping(free, all, "")).toBeUndefined();
                    expect(taken.filter((one) => overlap(rangeOf(one), rangeOf(free)))).toEqual([]);
                    expect(contains(rangeOf("198.18.0.0/15"), rangeOf(free))).toBe(true);
                }
            }),
        );
    });

    test("reads what the host says", () => {
        expect(parseRoutes("127.0.0.1/8 lo;192.0.2.7 wlan0;")).toEqual([
            { range: "127.0.0.1/8", device: "lo" },
            { range: "192.0.2.7", device: "wlan0" },
        ]);
        expect(parseRoutes("")).toEqual([]);
        expect(netmask(20)).toBe("255.255.240.0");
        expect(netmask(8)).toBe("255.0.0.0");
    });
});

describe("what is seen of a host", () => {
    const seen = { root: "true", bridge: "absent", address: "false", routes: "", missing: "" };
    const check =
        (changes: object, others: { what: string; cidr: string }[] = []) =>
        () =>
            assertFree("HostNetwork lan", plan, { ...seen, ...changes }, others);

    test("nothing in the way, or a host that does not answer", () => {
        expect(check({})).not.toThrow();
        expect(() => assertFree("HostNetwork lan", plan, {}, [])).not.toThrow();
    });

    test.each<[string, object, RegExp]>([
        ["no root", { root: "false" }, /not root; expected root.*MachineNetwork/],
        ["another bridge", { bridge: "ether 02:42:00" }, /bridge: got qemu0, .*\(ether 02:42:00\)/],
        [
            "a route",
            { routes: "10.0.0.0/8 tun0;172.16.0.0/12 tun1;" },
            /got 172\.18\.0\.0\/16, which .* reaches by tun1 \(172\.16\.0\.0\/12\).*as "198\.18\.0\.0\/20"/,
        ],
        [
            "its own bridge, for another range",
            { bridge: "own", address: "false", routes: "172.18.5.0/24 eth1;" },
            /by eth1/,
        ],
    ])("%s is refused", (_what, changes, message) => {
        expect(check(changes)).toThrow(message);
    });

    test("two of one program that meet are refused before either is there", () => {
        const other = { what: "HostNetwork other", cidr: "172.16.0.0/12" };
        expect(check({}, [other])).toThrow(/addresses of HostNetwork other with 172\.16\.0\.0\/12/);
    });

    test("a route that came later does not hold up a network that is up", () => {
        const up = {
            bridge: "own",
            address: "true",
            routes: "172.18.0.1/16 qemu0;172.16.0.0/12 tun1;",
        };
        expect(check(up)).not.toThrow();
    });

    test("each repair is another one, and nothing else is", () => {
        expect(repairsOf(seen, undefined)).toBe("0");
        expect(repairsOf(seen, { repairs: "3" })).toBe("3");
        expect(repairsOf({ ...seen, missing: "the bridge qemu0" }, { repairs: "3" })).toBe("4");
    });
});
