import * as fc from "fast-check";
import * as zlib from "node:zlib";
import { isLoopbackAddress, loopbackAddress } from "../../components/internal/loopback-address";
import { crc32, macFromName } from "../../components/qemu/mac-address";
import { identityDigest, machineUuid } from "../../components/internal/machine-identity";

const identity = { user: "alice", project: "kubedev", stack: "dev", machine: "master" };
const identities = fc.record({
    user: fc.string(),
    project: fc.string(),
    stack: fc.string(),
    machine: fc.string(),
});

describe("macFromName", () => {
    test.each([
        ["master", "52:54:2d:09:a3:d6"],
        ["node-one", "52:54:c8:7f:cc:9d"],
        ["node-two", "52:54:a3:d9:c0:0a"],
        // The checksum has a leading zero, which must stay.
        ["node-10", "52:54:0f:1c:61:58"],
    ])("%s is %s", (name, mac) => {
        expect(macFromName(name)).toBe(mac);
    });

    test("is always a unicast, locally administered address", () => {
        fc.assert(
            fc.property(fc.string(), (name) => {
                expect(macFromName(name)).toMatch(/^52:54(:[0-9a-f]{2}){4}$/);
            }),
        );
    });

    test("has the checksum that gzip writes at the end of its output", () => {
        fc.assert(
            fc.property(fc.uint8Array(), (bytes) => {
                const packed = zlib.gzipSync(bytes);
                expect(crc32(bytes)).toBe(packed.readUInt32LE(packed.length - 8));
            }),
        );
    });
});

describe("loopbackAddress", () => {
    test("stays what it is: running machines have it", () => {
        expect(loopbackAddress(identity)).toBe("127.219.149.207");
    });

    test("is a host address outside of the two networks that others use", () => {
        fc.assert(
            fc.property(identities, (some) => {
                const [first, second, , last] = loopbackAddress(some).split(".").map(Number);
                expect(isLoopbackAddress(loopbackAddress(some))).toBe(true);
                expect(first).toBe(127);
                expect(second).not.toBe(0);
                expect(second).not.toBe(255);
                expect(last).not.toBe(0);
                expect(last).not.toBe(255);
            }),
            { numRuns: 2000 },
        );
    });

    test("spreads evenly over all three bytes", () => {
        const count = 20_000;
        const seen = [
            new Map<number, number>(),
            new Map<number, number>(),
            new Map<number, number>(),
        ];
        const all = new Set<string>();
        for (let index = 0; index < count; index++) {
            const address = loopbackAddress({ ...identity, machine: `node-${index}` });
            all.add(address);
            address
                .split(".")
                .slice(1)
                .forEach((part, at) => {
                    const counts = seen[at];
                    counts?.set(Number(part), (counts.get(Number(part)) ?? 0) + 1);
                });
        }
        // By the birthday rule 12 of these meet; 40 is far outside of chance.
        expect(all.size).toBeGreaterThan(count - 40);
        for (const [at, values] of [254, 256, 254].entries()) {
            const counts = [...(seen[at] ?? new Map<number, number>()).values()];
            expect(counts).toHaveLength(values);
            // 79 are expected of each; six standard deviations is 53.
            expect(Math.max(...counts)).toBeLessThan(132);
            expect(Math.min(...counts)).toBeGreaterThan(26);
        }
    });

    test("keeps the parts of an identity apart", () => {
        const one = { ...identity, stack: "ab", machine: "c" };
        const other = { ...identity, stack: "a", machine: "bc" };
        expect(loopbackAddress(one)).not.toBe(loopbackAddress(other));
    });
});

test.each([
    ["127.0.0.1", true],
    ["127.254.0.9", true],
    ["128.0.0.1", false],
    ["127.0.0", false],
    ["127.0.0.256", false],
    ["127.0.0.01", false],
    ["127.0.0.1.1", false],
    ["localhost", false],
    ["::1", false],
])("isLoopbackAddress(%s) is %s", (text, expected) => {
    expect(isLoopbackAddress(text)).toBe(expected);
});

describe("machineUuid", () => {
    test("is of version 8 and the standard variant, and differs between machines", () => {
        fc.assert(
            fc.property(identities, identities, (one, other) => {
                expect(machineUuid(one)).toMatch(
                    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
                );
                expect(machineUuid(one) === machineUuid(other)).toBe(
                    identityDigest(one, "").equals(identityDigest(other, "")),
                );
            }),
        );
    });
});
