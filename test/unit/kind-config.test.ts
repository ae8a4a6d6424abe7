/** kind's configuration, names of nodes, and what a node image is made of. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { z } from "zod";
import {
    kindConfig,
    kindConfigRules,
    kindNodeNames,
    KindRole,
} from "../../components/kind/kind-config";
import { nodeFiles } from "../../components/kind/node-files";
import { knownMinors, nodeVersions } from "../../components/kind/node-programs";

test("without arguments one control plane, whose API server listens on the address alone", () => {
    expect(kindConfig({}, "c1", "127.1.2.3")).toEqual({
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        name: "c1",
        nodes: [{ role: "control-plane" }],
        networking: { apiServerAddress: "127.1.2.3", apiServerPort: 6443 },
    });
});

test("all that there is has its place", () => {
    const config = kindConfig(
        {
            nodes: [
                { labels: { a: "b" }, kubeadmConfigPatches: ["x"] },
                {
                    role: KindRole.Worker,
                    mounts: [{ hostPath: "/src", containerPath: "/src", readOnly: true }],
                    ports: [{ containerPort: 80, hostPort: 8080, protocol: "UDP" }],
                },
            ],
            networking: { podSubnet: "10.1.0.0/16", disableDefaultCNI: true },
            featureGates: { ImageVolume: true },
            runtimeConfig: { "api/alpha": "true" },
            kubeadmConfigPatches: ["y"],
            containerdConfigPatches: ["z"],
        },
        "c1",
        "127.1.2.3",
    );
    expect(config).toMatchObject({
        nodes: [
            { role: "control-plane", labels: { a: "b" }, kubeadmConfigPatches: ["x"] },
            {
                role: "worker",
                extraMounts: [{ hostPath: "/src", containerPath: "/src", readOnly: true }],
                extraPortMappings: [
                    {
                        containerPort: 80,
                        hostPort: 8080,
                        protocol: "UDP",
                        listenAddress: "127.1.2.3",
                    },
                ],
            },
        ],
        networking: { podSubnet: "10.1.0.0/16", disableDefaultCNI: true },
        featureGates: { ImageVolume: true },
        runtimeConfig: { "api/alpha": "true" },
        kubeadmConfigPatches: ["y"],
        containerdConfigPatches: ["z"],
    });
});

test("whatever the nodes, every port listens on the cluster's address, and no two nodes have one name", () => {
    const node = fc.record(
        {
            role: fc.constantFrom(KindRole.ControlPlane, KindRole.Worker),
            ports: fc.array(fc.record({ containerPort: fc.integer({ min: 1, max: 65535 }) })),
        },
        { requiredKeys: [] },
    );
    fc.assert(
        fc.property(fc.array(node, { minLength: 1, maxLength: 8 }), (nodes) => {
            const text = JSON.stringify(kindConfig({ nodes }, "c", "127.9.8.7"));
            const listening = [...text.matchAll(/"(?:listenAddress|apiServerAddress)":"([^"]*)"/g)];
            const ports = nodes.flatMap((one) => one.ports ?? []);
            expect(listening.map(([, address]) => address)).toEqual(
                Array(ports.length + 1).fill("127.9.8.7"),
            );
            expect(new Set(kindNodeNames("c", nodes)).size).toBe(nodes.length);
        }),
    );
});

test("names of nodes are those that kind gives", () => {
    const workers = [{ role: KindRole.Worker }, {}, { role: KindRole.Worker }, {}];
    expect(kindNodeNames("c", workers)).toEqual([
        "c-worker",
        "c-control-plane",
        "c-worker2",
        "c-control-plane2",
    ]);
});

test.each([
    [{ nodes: [] }, "expected at least one node"],
    [{ nodes: [{ role: "worker" }] }, "expected at least one control-plane node"],
    [{ nodes: [{ role: "master" }] }, 'expected "control-plane" or "worker"'],
    [{ nodes: [{ prots: [] }] }, "expected no prots; a node has role, labels"],
    [{ nodes: [{ mounts: [{ hostPath: "src", containerPath: "/s" }] }] }, "an absolute path"],
    [{ nodes: [{ ports: [{ containerPort: 0 }] }] }, "1 to 65535"],
    [{ nodes: [{ labels: { "-a": "b" } }] }, "expected labels by key"],
    [{ networking: { podSubnet: "10.0.0.0" } }, "expected a range of addresses"],
    [{ networking: { kubeProxyMode: "ipvs" } }, "expected one of iptables, nftables, none"],
    [{ featureGates: { A: "true" } }, "expected true or false"],
])("%j is refused", (args, expected) => {
    const result = z.object(kindConfigRules).safeParse(args);
    expect(result.error?.issues.map(({ message }) => message).join("\n")).toContain(expected);
});

test("versions that go together are known for what was tried alone", () => {
    expect(nodeVersions("v1.36.1")).toMatchObject({ kubernetes: "v1.36.1", etcd: "v3.6.8" });
    expect(nodeVersions("v1.30.0")).toBeUndefined();
    expect(nodeVersions("1.36.1")).toBeUndefined();
    expect(knownMinors).toContain("1.36");
});

test("a node's files have their permissions, and tests of programs stay here", () => {
    const files = nodeFiles();
    expect(files["rootfs/usr/local/bin/entrypoint"]).toMatchObject({ mode: "0755" });
    expect(files["rootfs/etc/crictl.yaml"]).toMatchObject({ mode: "0644" });
    expect(Object.keys(files)).toEqual(
        expect.arrayContaining(["go.mod", "go.sum", "pause/main.go", "podroutes/network.go"]),
    );
    expect(Object.keys(files).filter((name) => name.includes("_test"))).toEqual([]);
    // They travel as one text.
    expect(JSON.stringify(files).length).toBeLessThan(100_000);
    const manifest = path.join(__dirname, "../../agents/node/rootfs/kind/manifests");
    expect(fs.readdirSync(manifest)).toEqual(["default-cni.yaml", "default-storage.yaml"]);
});
