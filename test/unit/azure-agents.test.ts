/** Names, images, sizes and desktop commands of agents in Azure. */
import * as fc from "fast-check";
import {
    defaultLinuxImage,
    imageGeneration,
    sizeGenerations,
    smallestOsDiskGib,
    windowsImage,
    WindowsRelease,
} from "../../components/azure/agent-image";
import { computerNameRule, AgentOs } from "../../components/azure/agent-account";
import {
    agentRules,
    defaultComputerName,
    machineProblems,
} from "../../components/azure/agent-args";
import { type AgentDisk, windowsDiskProblems } from "../../components/azure/agent-disks";
import { directRdp, tunnelledRdp } from "../../components/azure/rdp-access";
import { resourceName } from "../../components/azure/resource-name";

const name = fc.string({ minLength: 1, maxLength: 120 });

test("a name is one that Azure takes, whatever it is made of", () => {
    fc.assert(
        fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (parts) => {
            expect(resourceName(parts, 20)).toMatch(
                /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,18}[A-Za-z0-9])?$/,
            );
        }),
    );
});

test("names that differ stay apart, and one name is always the same", () => {
    fc.assert(
        fc.property(name, name, (one, other) => {
            const same = resourceName([one], 15) === resourceName([other], 15);
            expect(same).toBe(one === other);
        }),
    );
});

test.each([
    [["dev", "alice", "agents"], 90, "dev-alice-agents"],
    [["windows-0"], 15, "windows-0"],
    [["a very long name"], 15, /^a-very-l-[0-9a-f]{6}$/],
    [["ünï"], 15, /^n-[0-9a-f]{6}$/],
])("%j within %i", (parts, longest, expected) => {
    expect(resourceName(parts, longest)).toMatch(expected);
});

test.each(Object.values(AgentOs))("every component's name makes a computer name on %s", (os) => {
    const rule = computerNameRule(os);
    fc.assert(
        fc.property(fc.oneof(name, fc.nat().map(String)), (text) => {
            expect(rule.safeParse(defaultComputerName(text, os)).error).toBeUndefined();
        }),
    );
});

test.each([
    ["2025-datacenter-core-smalldisk-g2", 2],
    ["2022-datacenter-core-smalldisk", 1],
    ["2022-datacenter-azure-edition", 2],
    ["12-gen2", 2],
    ["12", undefined],
    ["server", undefined],
    ["22_04-lts-gen2", 2],
    ["server-gen1", 1],
    ["12-arm64", 2],
])("generation of %s", (sku, generation) => {
    expect(imageGeneration({ sku })).toBe(generation);
});

test.each([
    ["Standard_D4s_v5", [1, 2]],
    ["Standard_D4_v3", [1]],
    ["Standard_D4s_v3", [1, 2]],
    ["Standard_D4_v4", [1, 2]],
    ["Basic_A1", [1]],
    ["Standard_A2m_v2", [1]],
    ["Standard_D4ps_v5", [2]],
    ["Standard_E8s_v6", [2]],
    ["Standard_Something_v9", [1, 2]],
])("generations of %s", (size, generations) => {
    expect(sizeGenerations(size)).toEqual(generations);
});

test("what an agent starts from by default boots on the default size", () => {
    const images = [defaultLinuxImage, ...Object.values(WindowsRelease).map(windowsImage)];
    for (const image of images) {
        expect(machineProblems({ size: "Standard_D4s_v5", image, osDiskGib: 30 })).toEqual([]);
    }
});

test("all that is wrong with a machine is said at once", () => {
    const image = { ...windowsImage(WindowsRelease.Server2022), sku: "2022-datacenter-g2" };
    const problems = machineProblems({ size: "Standard_D4_v3", image, osDiskGib: 126 });
    expect(problems.map(({ propertyPath }) => propertyPath)).toEqual(["size", "osDiskGib"]);
    expect(smallestOsDiskGib(image)).toBe(127);
});

test("RDP through ssh stays on loopback at both ends", () => {
    const { tunnelCommand, ...clients } = tunnelledRdp("ssh a@b", "alice");
    expect(tunnelCommand).toBe("ssh a@b -N -L 127.0.0.1:33389:localhost:3389");
    for (const text of Object.values(clients)) {
        expect(text).toContain("localhost:33389");
    }
});

test("an .rdp file asks for the password and has CRLF, as Windows' client wants", () => {
    const { file, tunnelCommand } = directRdp("192.0.2.1", "alice");
    expect(tunnelCommand).toBe("");
    expect(file.split("\r\n")).toEqual(
        expect.arrayContaining(["full address:s:192.0.2.1:3389", "username:s:.\\alice"]),
    );
    expect(file).not.toMatch(/password/i);
    expect(file.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
});

test.each<[AgentOs, object, boolean]>([
    [AgentOs.Linux, { mountPath: "/data" }, true],
    [AgentOs.Linux, { mountPath: "/data", bindPath: "/srv/tree", lun: 63 }, true],
    [AgentOs.Linux, { mountPath: "data" }, false],
    [AgentOs.Linux, { mountPath: "/" }, false],
    [AgentOs.Linux, { mountPath: "/var/lib/data" }, true],
    [AgentOs.Linux, { mountPath: "/var/lib" }, false],
    [AgentOs.Linux, { mountPath: "/usr/local" }, false],
    [AgentOs.Linux, { mountPath: "/data//x" }, false],
    [AgentOs.Linux, { mountPath: "/data/../etc" }, false],
    [AgentOs.Linux, { mountPath: "/a b" }, false],
    [AgentOs.Linux, { mountPath: "/data", lun: 64 }, false],
    [AgentOs.Windows, { mountPath: "F:" }, true],
    [AgentOs.Windows, { mountPath: "C:\\data\\k" }, true],
    [AgentOs.Windows, { mountPath: "C:" }, false],
    [AgentOs.Windows, { mountPath: "C:\\" }, false],
    [AgentOs.Windows, { mountPath: "/data" }, false],
    [AgentOs.Windows, { mountPath: "F:", bindPath: "C:\\data" }, false],
])("a disk on %s: %j", (os, place, taken) => {
    const rule = agentRules(os).disks;
    expect(rule.safeParse([{ disk: { id: "x", sizeGib: 64 }, ...place }]).success).toBe(taken);
});

test("two disks have two logical unit numbers", () => {
    const disk = (mountPath: string, lun?: number) => ({ disk: { sizeGib: 64 }, mountPath, lun });
    const { disks } = agentRules(AgentOs.Linux);
    expect(disks.safeParse([disk("/a"), disk("/b")]).success).toBe(true);
    expect(disks.safeParse([disk("/a", 1), disk("/b")]).success).toBe(false);
});

test.each([
    ["Standard_D4s_v5", 63, []],
    ["Standard_D4s_v6", 8, []],
    ["Standard_D4ads_v7", 9, ["disks.1.lun"]],
    ["Standard_E4s_v10", 63, ["disks.1.lun"]],
])(
    "a disk of a Windows agent of size %s at LUN %d is found, or refused: %j",
    (size, lun, paths) => {
        const disk = (at: number): AgentDisk => ({
            ...{ lun: at, mountPath: "F:", bindPath: undefined, mounted: true },
            disk: { id: "id", sizeGib: 64, sku: "Premium_LRS" },
        });
        const problems = windowsDiskProblems(size, [disk(0), disk(lun)]);
        expect(problems.map(({ propertyPath }) => propertyPath)).toEqual(paths);
    },
);
