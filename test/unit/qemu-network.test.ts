import * as fc from "fast-check";
import { contains, parseRange } from "../../components/internal/address-range";
import { guestFilesCredential } from "../../components/qemu/credentials";
import {
    cidrProblem,
    defaultNetworkCidr,
    memberProblems,
    networkMembers,
    rangeOf,
} from "../../components/qemu/network-addresses";
import {
    cablePaths,
    cardFiles,
    cardsOf,
    guestNetworks,
    joinProblems,
} from "../../components/qemu/network-cards";

const identity = { user: "alice", project: "kubedev", stack: "dev", machine: "lan" };
const cidr = "198.18.0.0/20";

describe("defaultNetworkCidr", () => {
    test("stays what it is: another one would restart all machines", () => {
        expect(defaultNetworkCidr(identity)).toBe("198.18.16.0/20");
    });

    test("is a range of 4096 addresses in 198.18.0.0/15, and each of the 32 comes up", () => {
        const all = Array.from({ length: 1000 }, (_none, at) =>
            defaultNetworkCidr({ ...identity, machine: `lan-${String(at)}` }),
        );
        expect(new Set(all).size).toBe(32);
        for (const one of all) {
            expect(cidrProblem(one)).toBeUndefined();
            expect(rangeOf(one).prefix).toBe(20);
            expect(contains(rangeOf("198.18.0.0/15"), rangeOf(one))).toBe(true);
        }
    });
});

test.each([
    ["10.1.0.0/16", undefined],
    ["192.168.7.0/29", undefined],
    ["198.18.0.1/20", /begins with its first address/],
    ["fd00::/64", /IPv4/],
    ["192.168.7.0/30", /8 to 29 bits/],
    ["10.0.0.0/7", /8 to 29 bits/],
    ["lan", /IPv4 range/],
    ["10.0.0.0/8", /addresses of 10\.0\.2\.0\/24, which every guest has/],
    ["127.5.0.0/16", /127\.0\.0\.0\/8/],
    ["239.0.0.0/16", /224\.0\.0\.0\/3/],
])("cidrProblem(%s) is %s", (text, expected) => {
    const problem = cidrProblem(text);
    if (expected === undefined) {
        expect(problem).toBeUndefined();
    } else {
        expect(problem).toMatch(expected);
    }
});

describe("networkMembers", () => {
    test("derives addresses from names alone, so that others may come and go", () => {
        const of = (...names: string[]) =>
            networkMembers(
                "lan",
                cidr,
                names.map((name) => ({ name })),
            );
        expect(of("node-1", "node-2")).toEqual([
            { name: "node-1", address: "198.18.11.178", mac: "52:54:3d:ed:5f:6f" },
            { name: "node-2", address: "198.18.13.54", mac: "52:54:a4:e4:0e:d5" },
        ]);
        expect(of("x", "node-2", "node-1").slice(1).reverse()).toEqual(of("node-1", "node-2"));
    });

    test("takes the address that is given, and gives other networks other cards", () => {
        const machines = [{ name: "a", address: "198.18.0.9" }];
        const [one] = networkMembers("lan", cidr, machines);
        const [other] = networkMembers("storage", cidr, machines);
        expect(one?.address).toBe("198.18.0.9");
        expect(other?.mac).not.toBe(one?.mac);
    });

    test("derived addresses are those of hosts, in networks of any size", () => {
        fc.assert(
            fc.property(fc.string(), fc.integer({ min: 8, max: 29 }), (name, prefix) => {
                const range = `11.0.0.0/${String(prefix)}`;
                expect(memberProblems(range, [{ name }])).toEqual([]);
                const [member] = networkMembers("lan", range, [{ name }]);
                // The first one is what people expect a router at.
                expect(member?.address).not.toBe("11.0.0.1");
            }),
        );
    });
});

describe("memberProblems", () => {
    test.each([
        ["outside", "198.18.16.0"],
        ["the range itself", "198.18.0.0"],
        ["broadcast", "198.18.15.255"],
        ["no address", "198.18.0"],
        ["IPv6", "fd00::1"],
    ])("%s", (_what, address) => {
        expect(memberProblems(cidr, [{ name: "a", address }])).toEqual([
            {
                propertyPath: "machines.0.address",
                reason: `got "${address}"; expected an address within ${cidr}, and neither its first nor its last one`,
            },
        ]);
    });

    test("a machine twice", () => {
        expect(memberProblems(cidr, [{ name: "a" }, { name: "a" }])).toEqual([
            {
                propertyPath: "machines.1",
                reason: 'got "a" again; expected each machine once',
            },
        ]);
    });

    test("two derived addresses that meet, with one that is free", () => {
        // Six machines on five addresses.
        const names = ["a", "b", "c", "d", "e", "f"].map((name) => ({ name }));
        const problems = memberProblems("10.9.0.0/29", names);
        expect(problems.length).toBeGreaterThan(0);
        expect(problems[0]?.propertyPath).toMatch(/^machines\.[1-5]\.address$/);
        expect(problems[0]?.reason).toMatch(
            /^got 10\.9\.0\.\d for "[b-f]", which is derived from its name; expected another than that of "[a-e]": give it one, as "10\.9\.0\.[2-6]"$/,
        );
    });

    test("two given addresses that meet", () => {
        const address = "198.18.0.9";
        const machines = [
            { name: "a", address },
            { name: "b", address },
        ];
        expect(memberProblems(cidr, machines)).toEqual([
            {
                propertyPath: "machines.1.address",
                reason: 'got 198.18.0.9 for "b"; expected another than that of "a": give it one, as "198.18.0.2"',
            },
        ]);
    });
});

const lan = {
    name: "lan",
    cidr,
    machines: networkMembers("lan", cidr, [
        { name: "a", address: "198.18.0.2" },
        { name: "b", address: "198.18.0.3" },
    ]),
};
const storage = {
    name: "storage",
    cidr: "10.9.0.0/24",
    machines: networkMembers("storage", "10.9.0.0/24", [{ name: "b", address: "10.9.0.7" }]),
};

describe("joinProblems", () => {
    test("none in several networks that have the machine", () => {
        expect(joinProblems("b", [lan, storage])).toEqual([]);
    });

    test.each([
        [
            "a network without the machine",
            "c",
            [lan],
            'got lan, which has the machines a, b; expected a network with this one: add { name: "c" } to machines of MachineNetwork lan',
        ],
        ["a network twice", "a", [lan, lan], "got lan again; expected each network once"],
        [
            "ranges that meet",
            "b",
            [storage, { ...lan, cidr: "10.9.0.0/16" }],
            "got lan with 10.9.0.0/16, which has addresses of storage with 10.9.0.0/24; expected ranges without a common address: give one of the two another cidr",
        ],
    ])("%s", (_what, machine, networks, reason) => {
        expect(joinProblems(machine, networks)).toEqual([
            { propertyPath: `networks.${String(networks.length - 1)}`, reason },
        ]);
    });
});

describe("cards", () => {
    const cards = cardsOf("b", [lan, storage]);
    const [onLan, onStorage] = [lan.machines[1]?.mac ?? "", storage.machines[0]?.mac ?? ""];

    test("one for each network, with the length of its prefix", () => {
        expect(cards).toEqual([
            { network: "lan", address: "198.18.0.3/20", mac: onLan },
            { network: "storage", address: "10.9.0.7/24", mac: onStorage },
        ]);
    });

    /** Content of the file that the credential has for a card. */
    const fileOf = (at: number) =>
        cardFiles(cards.slice(at, at + 1))
            .trim()
            .split(" ")
            .at(-1);

    test("the guest finds them by MAC address, and takes no way out from them", () => {
        const content = `[Match]\nMACAddress=${onLan}\nType=ether\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nAddress=198.18.0.3/20\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`;
        expect(cardFiles(cards.slice(0, 1))).toBe(
            guestFilesCredential([
                { path: "/etc/systemd/network/05-kubedev-lan.network", content },
            ]),
        );
    });

    test("the guest knows all machines, by network too, and of its cards what the credential has", () => {
        expect(guestNetworks(cards, [lan, storage])).toEqual({
            cards:
                `lan ${onLan} 198.18.0.3/20 ${String(fileOf(0))}\n` +
                `storage ${onStorage} 10.9.0.7/24 ${String(fileOf(1))}\n`,
            hosts:
                "198.18.0.2 a a.lan # kubedev network\n" +
                "198.18.0.3 b b.lan # kubedev network\n" +
                "10.9.0.7 b b.storage # kubedev network\n",
        });
    });

    test("a cable's ends are the same for machine and switch, which are beside each other", () => {
        expect(cablePaths("b-machine", "lan")).toEqual({
            localPath: "../b-machine/net-lan.sock",
            switchPath: "../lan-switch/switch.sock",
        });
    });
});

test("parseRange is what ranges are read by", () => {
    expect(rangeOf(cidr)).toEqual(parseRange(cidr));
    expect(() => rangeOf("lan")).toThrow("got lan; expected a range of addresses");
});
