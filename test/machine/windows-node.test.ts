/**
 * A Windows node on the real engine: a real control plane lets it in, and a host that is like Windows, by Wine, gets its
 * files and services (see test/support/windows-host.ts). The programs on it are stand-ins that say what they were told
 * (test/support/windows-node); the test itself is the node in the cluster.
 */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { ControlPlane } from "../support/control-plane";
import { library, repoRoot, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow, until } from "../support/host-state";
import { startWindowsHost, windowsMissing, WindowsHost } from "../support/windows-host";

jest.setTimeout(600_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const { host, ...declared } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const { nodeName, podCidr, kubeletVersion } = declared.kubeconfigPath === undefined ? ({} as any)
    // A host that other things make is an output.
    : new kubedev.WindowsNode("win", { ...declared, host: pulumi.output(host as kubedev.Host) });
export const node = { nodeName, podCidr, kubeletVersion };
`;

/** Without the components around them. */
const things = (result: StepsResult) =>
    Object.fromEntries(
        Object.entries(result.ops()).filter(([name]) =>
            /^win-(.*-(artifact|command|file)|flannel-service|admission|registered|ready)$/.test(
                name,
            ),
        ),
    );
const parts = ["kubeadm", "kubelet", "kube-proxy", "flanneld", "win-overlay", "host-local"];

(windowsMissing === undefined ? describe : describe.skip)(
    `a Windows node${windowsMissing === undefined ? "" : ` [not run: ${windowsMissing}]`}`,
    () => {
        let windows: WindowsHost;
        let plane: ControlPlane;
        let stack: ScratchStack;
        let built: string;
        const endpoint = "192.0.2.10:6443";
        const there = (...names: string[]) => windows.here(["C:", ...names].join("\\"));
        const seen = (name: string) =>
            fs.readFileSync(there("seen", name), "utf8").replaceAll("\r", "").trim().split("\n");
        const service = (name: string) => windows.run("sc", "query", name);
        const digestOf = (file: string) =>
            createHash("sha256").update(fs.readFileSync(file)).digest("hex");
        const isProgram = (name: string, sha256: string) =>
            fs.existsSync(there("k", `${name}.exe`)) &&
            digestOf(there("k", `${name}.exe`)) === sha256;
        /** A program of its own content for each part, as the digest tells. */
        const programOf = (part: string, version = 1) => {
            const file = path.join(stack.dir, `${part}-${String(version)}.exe`);
            fs.writeFileSync(
                file,
                `${fs.readFileSync(built, "latin1")}${part} ${String(version)}`,
                {
                    encoding: "latin1",
                },
            );
            return { path: file, sha256: digestOf(file) };
        };
        const declare = (change: object = {}) => {
            const { address, port, user, privateKeyPath, hostKey } = windows.sshd;
            const all = {
                host: { ssh: { address, port, user, privateKeyPath, hostKey }, os: "windows" },
                ...{ kubeconfigPath: plane.kubeconfig, kubectlPath: plane.binary("kubectl") },
                ...{ endpoint, nodeName: "win-a", address: "192.0.2.20" },
                ...{ peerCidrs: ["192.0.2.0/24"], kubernetesVersion: "v1.36.1" },
                readyTimeoutSec: 120,
                programs: {
                    ...{ kubeadm: programOf("kubeadm"), kubelet: programOf("kubelet") },
                    ...{ kubeProxy: programOf("kube-proxy"), flanneld: programOf("flanneld") },
                    ...{ winOverlay: programOf("win-overlay"), hostLocal: programOf("host-local") },
                },
            };
            stack.write("declared.json", JSON.stringify({ ...all, ...change }));
        };
        const apply = (...objects: object[]) => {
            const file = stack.write(
                "objects.json",
                JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
            );
            plane.kubectl("apply", "-f", file);
        };
        const configMap = (namespace: string, name: string, data: Record<string, string>) => ({
            ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data },
        });
        /** What a kubelet says of itself. */
        const report = (kubeletVersion: string) => {
            const lastHeartbeatTime = new Date().toISOString().replace(/\.\d+/, "");
            const ready = { type: "Ready", status: "True", reason: "a", message: "a" };
            const status = {
                conditions: [{ ...ready, lastHeartbeatTime }],
                addresses: [{ type: "InternalIP", address: "192.0.2.20" }],
                nodeInfo: { kubeletVersion },
            };
            plane.kubectl(
                ...["patch", "node", "win-a", "--subresource=status", "--type=merge", "-p"],
                JSON.stringify({ status }),
            );
        };
        /** What a kubelet would do, once the host was joined. */
        const beNode = async () => {
            await until(
                () => fs.existsSync(there("etc", "kubernetes", "kubelet.conf")),
                "kubeadm join",
                200_000,
            );
            apply({
                ...{ apiVersion: "v1", kind: "Node", metadata: { name: "win-a" } },
                spec: { podCIDR: "10.244.3.0/24" },
            });
            report("v1.36.1");
        };

        /** Reports every 2 s, but for a version that is empty. */
        const reportUntil = async (end: Promise<unknown>, version: () => string) => {
            const ended = end.then(
                () => true,
                () => true,
            );
            const pause = () => new Promise<boolean>((resolve) => setTimeout(resolve, 2000, false));
            do {
                if (version() !== "") report(version());
            } while (!(await Promise.race([ended, pause()])));
        };

        beforeAll(async () => {
            [windows, plane] = await Promise.all([startWindowsHost(), ControlPlane.start()]);
            const goCache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
            stack = await ScratchStack.create({ program, env: { GOCACHE: goCache } });
            built = path.join(stack.dir, "node.exe");
            execFileSync("go", ["build", "-trimpath", "-o", built, "."], {
                cwd: path.join(repoRoot, "test/support/windows-node"),
                env: { ...process.env, GOOS: "windows", GOARCH: "amd64", CGO_ENABLED: "0" },
            });
            // Refused without one that runs: see windows-node-service.test.ts.
            fs.copyFileSync(built, there("t", "standin.exe"));
            windows.run("sc", "create", "containerd", "binPath=", "C:\\t\\standin.exe");
            windows.run("net", "start", "containerd");
            apply(
                ...["kube-flannel"].map((name) => ({
                    ...{ apiVersion: "v1", kind: "Namespace", metadata: { name } },
                })),
                configMap("kube-system", "kubeadm-config", {
                    ClusterConfiguration: "networking: { serviceSubnet: 10.100.0.0/24 }\n",
                }),
                configMap("kube-public", "cluster-info", {
                    kubeconfig: `clusters: [{ name: "", cluster: { server: "https://${endpoint}" } }]\n`,
                }),
                configMap("kube-flannel", "kube-flannel-cfg", {
                    "net-conf.json": JSON.stringify({
                        Network: "10.244.0.0/16",
                        Backend: { Type: "vxlan", VNI: 4096, Port: 4789 },
                    }),
                }),
            );
            declare();
        });
        afterAll(async () => {
            await stack.dispose();
            await plane.stop();
            await windows.stop();
        });

        test("joins it: files, services, token and binding", async () => {
            const made = stack.up({ timeoutMs: 280_000 });
            await Promise.all([made, beNode().then(() => reportUntil(made, () => "v1.36.1"))]);
            const result = await made;
            expect(Object.keys(things(result)).sort()).toEqual([
                ...["win-admission", "win-cni-config-file", "win-containerd-command"],
                ...["win-flannel-config-file", "win-flannel-service", "win-flanneld-artifact"],
                ...["win-host-local-artifact", "win-join-command", "win-kube-proxy-artifact"],
                ...["win-kube-proxy-config-file", "win-kube-proxy-service-command"],
                ...["win-kubeadm-artifact", "win-kubelet-artifact", "win-kubelet-patch-file"],
                ...["win-kubelet-service-command", "win-network-command", "win-ready"],
                ...["win-registered", "win-win-overlay-artifact"],
            ]);
            expect((await stack.outputs())["node"]).toEqual({
                ...{ nodeName: "win-a", podCidr: "10.244.3.0/24", kubeletVersion: "v1.36.1" },
            });
            for (const name of ["kubelet", "kube-proxy"]) {
                expect(service(name)).toContain("RUNNING");
                expect(digestOf(there("k", `${name}.exe`))).toBe(programOf(name).sha256);
            }
            expect(seen("kubelet")).toEqual([
                "--windows-service --config=C:\\var\\lib\\kubelet\\config.yaml --bootstrap-kubeconfig=C:\\etc\\kubernetes\\bootstrap-kubelet.conf --kubeconfig=C:\\etc\\kubernetes\\kubelet.conf --cert-dir=C:\\var\\lib\\kubelet\\pki --root-dir=C:\\var\\lib\\kubelet --hostname-override=win-a --node-ip=192.0.2.20",
            ]);
            expect(seen("kube-proxy")).toEqual(["--config=C:\\k\\kube-proxy.yaml"]);
            expect(seen("flanneld")).toEqual([
                expect.stringContaining(
                    "--subnet-file=C:\\run\\flannel\\subnet.env --iface=192.0.2.20",
                ),
            ]);
            expect(fs.readFileSync(there("run", "flannel", "subnet.env"), "utf8")).toBe(
                "FLANNEL_NODE=win-a",
            );
            expect(fs.readFileSync(there("k", "kube-proxy.yaml"), "utf8")).toContain(
                "sourceVip: 10.244.3.2",
            );
            const cni = there("Program Files", "containerd", "cni");
            expect(filesBelow(cni).sort()).toEqual([
                ...["bin", "bin/host-local.exe", "bin/win-overlay.exe", "conf"],
                "conf/10-flannel.conflist",
            ]);
            expect(JSON.stringify((await stack.exportState()).deployment)).not.toContain(
                tokenOf(seen("join.json")[0]),
            );
        });

        const tokenOf = (text = "") =>
            (JSON.parse(text) as { discovery: { bootstrapToken: { token: string } } }).discovery
                .bootstrapToken.token;

        test("what kubeadm and the API server think of it", () => {
            const file = stack.write("join.json", seen("join.json")[0] ?? "");
            const kubeadm = plane.binary("kubeadm");
            execFileSync(kubeadm, ["config", "validate", "--config", file], { stdio: "pipe" });
            const [key = ""] = fs
                .readFileSync(plane.kubeconfig, "utf8")
                .match(/certificate-authority-data: \S+/g) ?? [""];
            const pem = Buffer.from(key.split(" ")[1] ?? "", "base64");
            const der = execFileSync("openssl", ["x509", "-pubkey", "-noout"], { input: pem });
            const spki = execFileSync("openssl", ["pkey", "-pubin", "-outform", "der"], {
                input: der,
            });
            expect(fs.readFileSync(file, "utf8")).toContain(
                `"caCertHashes":["sha256:${createHash("sha256").update(spki).digest("hex")}"]`,
            );
            // Written by kubeadm's own reading of the Secret.
            const tokens = execFileSync(
                kubeadm,
                ["token", "list", "--kubeconfig", plane.kubeconfig, "-o", "json"],
                { encoding: "utf8" },
            );
            expect(tokens).toContain(tokenOf(fs.readFileSync(file, "utf8")));
            // And who it is for the API server.
            const anyone = plane.kubeconfigText.replace(
                /^ *client-(certificate|key)-data: .*\n/gm,
                "",
            );
            const whoami = execFileSync(
                plane.binary("kubectl"),
                [
                    ...["--kubeconfig", stack.write("anyone.conf", anyone), "auth", "whoami"],
                    ...["--token", tokenOf(fs.readFileSync(file, "utf8")), "-o", "json"],
                ],
                { encoding: "utf8" },
            );
            expect(whoami).toContain("system:bootstrappers:kubeadm:default-node-token");
            const can = (what: string, who: string) =>
                plane.kubectl(
                    ...["auth", "can-i", "list", what, "--as", `system:node:${who}`],
                    ...["--as-group", "system:nodes", "-A"],
                );
            expect(can("endpointslices.discovery.k8s.io", "win-a").trim()).toBe("yes");
            expect(() => can("endpointslices.discovery.k8s.io", "win-b")).toThrow();
        });

        test("another kubelet makes its service anew and nothing else; the node stays", async () => {
            const joins = seen("kubeadm").length;
            const uid = plane.get("node", "win-a")?.metadata.uid;
            const { programs } = JSON.parse(
                fs.readFileSync(path.join(stack.dir, "declared.json"), "utf8"),
            ) as { programs: object };
            declare({ programs: { ...programs, kubelet: programOf("kubelet", 2) } });
            const previewed = things(await stack.preview());
            expect(previewed).toEqual({
                ...{ "win-kubelet-artifact": "replace", "win-kubelet-service-command": "replace" },
                "win-ready": "update",
            });
            const { sha256 } = programOf("kubelet", 2);
            // Of the kubelet of before the API server still has that it is Ready; the new one says nothing for a while.
            let startedAt = 0;
            const updated = stack.up();
            const saysNothing = () => {
                if (startedAt === 0 && isProgram("kubelet", sha256)) startedAt = Date.now();
                return startedAt === 0 || Date.now() < startedAt + 15_000 ? "" : "v1.36.2";
            };
            await Promise.all([updated, reportUntil(updated, saysNothing)]);
            expect(things(await updated)).toEqual(previewed);
            const { node } = (await stack.outputs()) as { node: { kubeletVersion: string } };
            expect(node.kubeletVersion).toBe("v1.36.2");
            expect(service("kubelet")).toContain("RUNNING");
            expect(digestOf(there("k", "kubelet.exe"))).toBe(sha256);
            expect(seen("kubeadm").length).toBe(joins);
            expect(plane.get("node", "win-a")?.metadata.uid).toBe(uid);
        });

        test("destroy empties the node, takes it out, and leaves nothing on the host or in the cluster", async () => {
            await stack.destroy();
            expect(plane.get("node", "win-a")).toBeUndefined();
            expect(plane.get("clusterrolebinding", "kubedev:windows-node:win-a")).toBeUndefined();
            expect(plane.kubectl("get", "secrets", "-n", "kube-system", "-o", "name")).toBe("");
            expect(seen("kubeadm").at(-1)).toMatch(/^reset --force/);
            for (const gone of ["k", "run\\flannel", "etc\\kubernetes", "var\\lib\\kubelet"]) {
                expect([gone, fs.existsSync(there(gone))]).toEqual([gone, false]);
            }
            expect(filesBelow(there("Program Files", "containerd"))).toEqual([]);
            for (const name of ["kubelet", "kube-proxy"]) {
                expect(() => service(name)).toThrow();
            }
            expect(filesBelow(path.join(windows.profile, ".kubedev/state"))).toEqual([]);
            expect(
                parts.filter((part) =>
                    windows.processes().some(({ line }) => line.includes(`${part}.exe`)),
                ),
            ).toEqual([]);
        });
    },
);
