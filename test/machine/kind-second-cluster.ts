/**
 * A second cluster of Bob's, in place of his environment's, as steps of kind.test.ts: one that cannot be made, an up that is
 * interrupted or killed, other programs in its nodes.
 */
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { repoRoot } from "../support/engine";
import { kindTest, sh, until } from "../support/kind";
import { nodesAsHosts } from "./kind-node-hosts";
import type { TwoDevelopers } from "./kind-support";

/** Bob's share of the engine, without a cluster of his environment. */
const engineAlone = `import * as kubedev from ${JSON.stringify(path.join(repoRoot, "index"))};
new kubedev.ContainerEngine("containers", {});
`;

export function secondCluster(they: TwoDevelopers): void {
    /** kind, which goes with the environment that it was built for. */
    function keptKind(): string {
        const file = path.join(they.home.dir, "kind");
        if (!fs.existsSync(file)) {
            fs.copyFileSync(they.home.built("kind"), file);
        }
        return file;
    }
    /** A second cluster of Bob's, at an address of its own, in place of his environment's. */
    function withSecond(args: object = {}): string {
        return `${engineAlone}
new kubedev.KindCluster("second", {
    engine: { own: true }, image: ${JSON.stringify(they.nodeImage())}, address: "127.9.9.9",
    kindPath: ${JSON.stringify(keptKind())},
    nodes: [{ ports: [{ containerPort: 30080 }] }, { role: kubedev.KindRole.Worker }],
    ...${JSON.stringify(args)},
});
`;
    }
    const ofSecond = () => [
        they.docker("ps", "-aq", "--filter", "name=second"),
        they.docker("network", "ls", "-q", "--filter", "name=second"),
        they.docker("volume", "ls", "-q", "--filter", "dangling=true"),
    ];

    kindTest("a cluster that cannot be made says why, and leaves nothing", async () => {
        const failure = async (text: string) => {
            they.bob.program(text);
            const { errors } = await they.bob.up({ timeoutMs: 300_000, expectFailure: true });
            expect(ofSecond()).toEqual(["", "", ""]);
            return errors.join("\n");
        };
        const taken = await new Promise<http.Server>((resolve) => {
            const server = http.createServer().listen(30080, "127.9.9.9", () => {
                resolve(server);
            });
        });
        try {
            expect(await failure(withSecond({ image: "kubedev/node:of-nobody" }))).toContain(
                "the node image kubedev/node:of-nobody is neither in the engine nor kept on this host",
            );
            expect(await failure(withSecond())).toMatch(
                /127\.9\.9\.9:30080.*address already in use/,
            );
        } finally {
            taken.close();
        }
    });

    kindTest("an up that is interrupted takes back what it made", async () => {
        they.bob.program(withSecond());
        const { begun, exited } = await beginSecond();
        begun.kill("SIGINT");
        await exited;
        await until("nothing of it", () =>
            Promise.resolve(ofSecond().join("") === "" ? true : undefined),
        );
    });
    /** An up that has come as far as the first node of the second cluster. */
    async function beginSecond() {
        const begun = they.bob.spawn(["up", "--yes", "--skip-preview"]);
        const exited = new Promise((resolve) => begun.on("exit", resolve));
        await until("a node of the second cluster", () =>
            Promise.resolve(they.docker("ps", "-q", "--filter", "name=second") || undefined),
        );
        return { begun, exited };
    }

    kindTest("after one that is killed, with its script, the next succeeds", async () => {
        const { begun, exited } = await beginSecond();
        begun.kill("SIGKILL");
        sh(
            "grep -lsFxz KUBEDEV_KEY=second-cluster /proc/[0-9]*/environ | cut -d / -f 3 | xargs -r kill -9 || true",
        );
        await exited;
        expect(ofSecond()[0]).not.toBe("");
        await they.bob.cancel();
        await they.bob.up({ timeoutMs: 600_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(they.docker("ps", "-q", "--filter", "name=second").split("\n")).toHaveLength(2);
    });

    const secondNodes = () =>
        they.docker("ps", "--format", "{{.Names}}", "--filter", "name=second").split("\n").sort();
    /** Digest of what a node runs. */
    const running = (node: string, name: string) =>
        they.docker(
            "exec",
            node,
            "sh",
            "-c",
            `sha256sum </proc/$(pidof ${name})/exe | cut -d ' ' -f 1`,
        );
    const kubelets = () => secondNodes().map((node) => running(node, "kubelet"));
    const sha256 = (file: string) => sh(`sha256sum <'${file}' | cut -d ' ' -f 1`).trim();
    function inSecond(...args: string[]): string {
        const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
        return they.docker("exec", secondNodes()[0] ?? "", ...admin, ...args);
    }
    const podUids = () => inSecond("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}");
    const schedulerImage = () =>
        they.docker(
            ...["exec", secondNodes()[0] ?? "", "crictl", "ps", "--name", "^kube-scheduler$"],
            ...["--state", "Running", "-o", "json"],
        );

    kindTest("another kubelet is put into the running nodes, which the preview names", async () => {
        const original = kubelets();
        const before = podUids();
        const kubelet = they.home.another("kubelet", "one");
        they.bob.program(withSecond({ binaries: { kubelet } }));
        expect(await they.touched(they.bob)).toEqual({
            "second-control-plane-binaries": "create",
            "second-worker-binaries": "create",
        });
        await they.bob.up({ timeoutMs: 300_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
        expect(podUids()).toBe(before);

        // A scheduler is on the control plane alone.
        const binaries = { kubelet, "kube-scheduler": they.home.another("kube-scheduler", "two") };
        they.bob.program(withSecond({ binaries }));
        expect(await they.touched(they.bob)).toEqual({ "second-control-plane-binaries": "update" });
        await they.bob.up({ timeoutMs: 300_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(schedulerImage()).toContain("kubedev.invalid/kube-scheduler:");

        // One that ends at once is given back, and so is one that does not run at all.
        const bad = path.join(they.home.dir, "kubelet-bad");
        const failure = async (fingerprint: string) => {
            they.bob.program(
                withSecond({ binaries: { ...binaries, kubelet: { path: bad, fingerprint } } }),
            );
            const { errors } = await they.bob.up({ timeoutMs: 300_000, expectFailure: true });
            expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
            return errors.join("\n");
        };
        fs.writeFileSync(bad, '#!/bin/sh\n[ "$1" = --version ] && echo Kubernetes v0\n');
        expect(await failure("bad")).toMatch(
            /the kubelet of node \S+-second-\S+-worker was not replaced: it ended again and again; the one before it was put back and is healthy/,
        );
        fs.writeFileSync(bad, "no program");
        expect(await failure("worse")).toContain("was not replaced: it does not run in this node");

        // Taken out of the program, the nodes run what their image has.
        they.bob.program(withSecond());
        expect(await they.touched(they.bob)).toEqual({
            "second-control-plane-binaries": "delete",
            "second-worker-binaries": "delete",
        });
        await they.bob.up({ timeoutMs: 300_000 });
        expect(kubelets()).toEqual(original);
        expect(schedulerImage()).not.toContain("kubedev.invalid");
    });

    nodesAsHosts(they, () => ({
        text: withSecond(),
        worker: () => secondNodes().at(-1) ?? "",
        kubectl: inSecond,
        running,
    }));

    kindTest("an image with programs laid over, and a cluster of it", async () => {
        const kubelet = they.home.another("kubelet", "one");
        const binaries = { kubelet, "kube-scheduler": they.home.another("kube-scheduler", "two") };
        they.bob.program(
            withSecond().replace(
                /new kubedev.KindCluster\("second", \{\s*engine: (.*), image: (.*), address/,
                `const over = new kubedev.NodeImage("over", { engine: $1, base: $2, binaries: ${JSON.stringify(binaries)} });
            new kubedev.KindCluster("second", { engine: $1, image: over.tag, address`,
            ),
        );
        expect(await they.touched(they.bob)).toEqual({
            "over-overlay": "create",
            "second-cluster": "replace",
        });
        await they.bob.up({ timeoutMs: 600_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
        expect(running(secondNodes()[0] ?? "", "kube-scheduler")).toBe(
            sha256(binaries["kube-scheduler"].path),
        );
    });

    kindTest(
        "a cluster that is taken out of the program goes, with its network and volumes",
        async () => {
            they.bob.program(engineAlone);
            await they.bob.up({ timeoutMs: 300_000 });
            expect(ofSecond()).toEqual(["", "", ""]);
        },
    );
}
