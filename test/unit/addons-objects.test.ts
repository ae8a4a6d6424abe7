/** What the add-ons are made of: addresses, configuration, arguments. */
import * as fc from "fast-check";
import { CalicoEncapsulation, installation, ipPool } from "../../components/addons/calico-network";
import { corefile } from "../../components/addons/cluster-dns";
import { metricsArguments } from "../../components/addons/cluster-metrics";
import { addressAt, dnsAddress, parseRange } from "../../components/internal/address-range";

describe("ranges of addresses", () => {
    test.each([
        ["10.96.0.0/12", "10.96.0.10"],
        ["10.100.0.0/24", "10.100.0.10"],
        ["10.100.0.240/28", "10.100.0.250"],
        ["0.0.0.0/0", "0.0.0.10"],
        ["fd00:10:96::/112", "fd00:10:96::a"],
        ["2001:db8:0:0:1::/80", "2001:db8::1:0:0:a"],
        ["::/0", "::a"],
        // An IPv4 address at the end of one.
        ["::ffff:10.0.0.0/112", "::ffff:a00:a"],
    ])("the tenth address of %s is %s", (range, address) => {
        expect(dnsAddress(range)).toBe(address);
    });

    test.each([
        "10.96.0.1/12",
        "10.96.0.0",
        "10.96.0.0/33",
        "10.96.0/12",
        "fd00::1/64",
        "::/129",
        "",
        "a/8",
    ])("%j is none", (text) => {
        expect(parseRange(text)).toBeUndefined();
    });

    test("a range that ends before has no such address", () => {
        const range = parseRange("10.0.0.0/29");
        expect(range && addressAt(range, 7)).toBe("10.0.0.7");
        expect(range && addressAt(range, 8)).toBeUndefined();
    });

    test("the first address of a range is that which it was read from", () => {
        const ranges = fc
            .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128), fc.boolean())
            .map(([value, length, isSix]) => {
                const bits = isSix ? 128 : 32;
                const prefix = Math.min(length, bits);
                const rest = BigInt(bits - prefix);
                const base = ((value & ((1n << BigInt(bits)) - 1n)) >> rest) << rest;
                return { family: isSix ? (6 as const) : (4 as const), base, prefix };
            });
        fc.assert(
            fc.property(ranges, (range) => {
                const written = `${addressAt(range, 0) ?? ""}/${String(range.prefix)}`;
                expect(parseRange(written)).toEqual(range);
            }),
        );
    });
});

test("CoreDNS serves the cluster's domain and asks the others for the rest", () => {
    expect(corefile("cluster.local", ["192.0.2.1", "192.0.2.2"])).toBe(`.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . 192.0.2.1 192.0.2.2 {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`);
});

test("kubelets are verified unless it is asked not to", () => {
    expect(metricsArguments(false)).not.toContain("--kubelet-insecure-tls");
    expect(metricsArguments(true)).toEqual([...metricsArguments(false), "--kubelet-insecure-tls"]);
});

test("what Calico's operator is told", () => {
    expect(ipPool("10.244.0.0/16", undefined, undefined, undefined)).toEqual({
        ...{ name: "default-ipv4-ippool", cidr: "10.244.0.0/16", nodeSelector: "all()" },
        ...{ encapsulation: "VXLANCrossSubnet", blockSize: 26, natOutgoing: "Enabled" },
    });
    expect(ipPool("fd00::/64", CalicoEncapsulation.None, 120, false)).toEqual({
        ...{ name: "default-ipv6-ippool", cidr: "fd00::/64", nodeSelector: "all()" },
        ...{ encapsulation: "None", blockSize: 120, natOutgoing: "Disabled" },
    });
    expect(ipPool("fd00::/64", undefined, undefined, undefined)["blockSize"]).toBe(122);
    const told = installation({ pool: {}, registry: "mirror.example/", imagePath: undefined });
    expect(told.metadata).toEqual({ name: "default" });
    expect(told["spec"]).toMatchObject({ variant: "Calico", registry: "mirror.example/" });
});
