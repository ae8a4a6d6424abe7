/**
 * A Kubernetes control plane as processes on loopback: etcd, the API server and the controller
 * manager. There are no nodes, so no pod ever runs; a test writes the status of one itself.
 */
import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { ScratchStack } from "./engine";
import {
    Binaries,
    builtPaths,
    controlPlaneStack,
    forThisMachine,
    kubernetesVersion,
} from "./kubernetes-binaries";
import { freePort } from "./sshd";
import { scratchDir } from "./scratch";

/** Generous: compilers may run beside the tests. */
const startsMs = 180_000;
/** Nobody listens here: kubeadm takes no loopback address, so it gets one and the files are mended. */
const standIn = "192.0.2.10";

interface Options {
    /** Name to file; default: compiled by `kubedev.Build`, or what it keeps for this user. */
    binaries?: Binaries;
    /** Starts the scheduler as well; without it a pod stays as a test wrote it. */
    scheduler?: boolean;
}

export class ControlPlane {
    private readonly children: ChildProcess[] = [];
    /** Where its binaries are, if it had them made. */
    private builds?: ScratchStack;

    private constructor(
        private readonly dir: string,
        private readonly port: number,
        private readonly binaries: Binaries,
        private readonly scheduler: boolean,
    ) {}

    /** The administrator's kubeconfig. */
    get kubeconfig(): string {
        return this.file("super-admin.conf");
    }

    get kubeconfigText(): string {
        return fs.readFileSync(this.kubeconfig, "utf8");
    }

    static async start({ binaries, scheduler = false }: Options = {}): Promise<ControlPlane> {
        if (binaries !== undefined) {
            return ControlPlane.startWith(binaries, scheduler);
        }
        const builds = await controlPlaneStack();
        try {
            const built = forThisMachine(await builtPaths(builds));
            const plane = await ControlPlane.startWith(built, scheduler);
            plane.builds = builds;
            return plane;
        } catch (e) {
            await builds.dispose();
            throw e;
        }
    }

    private static async startWith(programs: Binaries, scheduler: boolean): Promise<ControlPlane> {
        const dir = scratchDir("kubedev-control-plane-");
        const plane = new ControlPlane(dir, await freePort(), programs, scheduler);
        try {
            plane.credentials();
            await plane.run();
        } catch (e) {
            const logs = plane.logs();
            await plane.stop();
            throw new Error(`the control plane did not start: ${String(e)}\n${logs}`, { cause: e });
        }
        return plane;
    }

    kubectl(...args: string[]): string {
        return this.exec("kubectl", "--kubeconfig", this.kubeconfig, ...args);
    }

    /** One object, or undefined where there is none. */
    get(kind: string, name: string, namespace = "default"): KubernetesObject | undefined {
        const text = this.kubectl(
            ...["get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "json"],
            "--show-managed-fields",
        );
        return text.trim() === "" ? undefined : (JSON.parse(text) as KubernetesObject);
    }

    list(kind: string, selector: string, namespace = "default"): KubernetesObject[] {
        const text = this.kubectl("get", kind, "-n", namespace, "-l", selector, "-o", "json");
        return (JSON.parse(text) as { items: KubernetesObject[] }).items;
    }

    /** Writes the status of a pod, as the kubelet of its node would. */
    setPodStatus(name: string, status: unknown, namespace = "default"): void {
        this.kubectl(
            ...["patch", "pod", name, "-n", namespace, "--subresource=status", "--type=merge"],
            ...["-p", JSON.stringify({ status })],
        );
    }

    /** Last started, first ended. */
    async stop(): Promise<void> {
        for (const child of this.children.splice(0).reverse()) {
            if (child.exitCode === null && child.signalCode === null) {
                const ended = new Promise((resolve) => child.once("exit", resolve));
                child.kill("SIGTERM");
                // The API server waits for open connections.
                const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
                await ended;
                clearTimeout(hard);
            }
        }
        fs.rmSync(this.dir, { recursive: true, force: true });
        await this.builds?.dispose();
    }

    private file(name: string): string {
        return path.join(this.dir, name);
    }

    /** Path of one of its programs. */
    binary(name: string): string {
        const file = this.binaries[name];
        if (file === undefined) {
            throw new Error(`no ${name} among ${Object.keys(this.binaries).join(", ")}`);
        }
        return file;
    }

    private exec(name: string, ...args: string[]): string {
        const options = { encoding: "utf8", timeout: 60_000, stdio: "pipe" } as const;
        return execFileSync(this.binary(name), args, options);
    }

    private credentials(): void {
        const config = this.file("kubeadm.yaml");
        fs.writeFileSync(
            config,
            `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${standIn}, bindPort: ${this.port} }
nodeRegistration: { name: test, criSocket: "unix:///none" }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: ${kubernetesVersion}
certificatesDir: ${this.file("pki")}
controlPlaneEndpoint: 127.0.0.1:${this.port}
networking: { serviceSubnet: 10.100.0.0/24 }
`,
        );
        this.exec("kubeadm", "init", "phase", "certs", "all", "--config", config);
        for (const kind of ["super-admin", "controller-manager", "scheduler"]) {
            const phase = ["init", "phase", "kubeconfig", kind, "--config", config];
            this.exec("kubeadm", ...phase, "--kubeconfig-dir", this.dir);
            const file = this.file(`${kind}.conf`);
            const text = fs.readFileSync(file, "utf8");
            fs.writeFileSync(file, text.replace(`https://${standIn}:`, "https://127.0.0.1:"));
        }
    }

    private async run(): Promise<void> {
        const [clients, peers, manager, scheduler] = await Promise.all(
            [1, 2, 3, 4].map(() => freePort()),
        );
        const etcdUrl = `http://127.0.0.1:${clients}`;
        const peerUrl = `http://127.0.0.1:${peers}`;
        const pki = (name: string) => this.file(`pki/${name}`);
        this.spawn(
            "etcd",
            ...["--data-dir", this.file("etcd"), "--listen-client-urls", etcdUrl],
            ...["--advertise-client-urls", etcdUrl, "--listen-peer-urls", peerUrl],
            ...[
                "--initial-advertise-peer-urls",
                peerUrl,
                "--initial-cluster",
                `default=${peerUrl}`,
            ],
            // What a test writes need not outlive the machine.
            "--unsafe-no-fsync",
        );
        this.spawn(
            "kube-apiserver",
            ...["--etcd-servers", etcdUrl, "--bind-address=127.0.0.1"],
            ...[`--secure-port=${this.port}`, "--authorization-mode=Node,RBAC"],
            "--service-cluster-ip-range=10.100.0.0/24",
            // By which nodes are let in.
            "--enable-bootstrap-token-auth",
            // Add-ons of the network and of storage need it.
            "--allow-privileged",
            `--client-ca-file=${pki("ca.crt")}`,
            `--tls-cert-file=${pki("apiserver.crt")}`,
            `--tls-private-key-file=${pki("apiserver.key")}`,
            "--service-account-issuer=https://kubernetes.default.svc",
            `--service-account-key-file=${pki("sa.pub")}`,
            `--service-account-signing-key-file=${pki("sa.key")}`,
        );
        // The controller manager ends when the server is not ready within ten seconds.
        await this.until("readyz", () => this.kubectl("get", "--raw", "/readyz") === "ok");
        this.spawn(
            "kube-controller-manager",
            ...["--leader-elect=false", "--bind-address=127.0.0.1", `--secure-port=${manager}`],
            `--kubeconfig=${this.file("controller-manager.conf")}`,
            `--service-account-private-key-file=${pki("sa.key")}`,
            `--root-ca-file=${pki("ca.crt")}`,
            "--use-service-account-credentials=true",
        );
        if (this.scheduler) {
            this.spawn(
                "kube-scheduler",
                ...["--leader-elect=false", "--bind-address=127.0.0.1"],
                ...[`--secure-port=${scheduler}`, `--kubeconfig=${this.file("scheduler.conf")}`],
            );
        }
        // Which takes the controller manager.
        await this.until(
            "the default service account",
            () => this.get("sa", "default") !== undefined,
        );
    }

    private spawn(name: string, ...args: string[]): void {
        const log = fs.openSync(this.file(`${name}.log`), "w");
        this.children.push(spawn(this.binary(name), args, { stdio: ["ignore", log, log] }));
        fs.closeSync(log);
    }

    /** Waits until the probe holds; it may throw while the control plane does not answer. */
    async until(what: string, probe: () => boolean): Promise<void> {
        for (const deadline = Date.now() + startsMs; Date.now() < deadline;) {
            const dead = this.children.find((child) => child.exitCode !== null);
            if (dead) {
                throw new Error(`${dead.spawnfile} ended with ${String(dead.exitCode)}`);
            }
            try {
                if (probe()) return;
            } catch {
                // It does not answer yet.
            }
            await new Promise((resolve) => setTimeout(resolve, 300));
        }
        throw new Error(`not within ${startsMs} ms: ${what}`);
    }

    private logs(): string {
        return ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
            .map((name) => this.file(`${name}.log`))
            .filter((file) => fs.existsSync(file))
            .map((file) => `${file}:\n${fs.readFileSync(file, "utf8").slice(-1500)}`)
            .join("\n");
    }
}

export interface KubernetesObject {
    metadata: {
        name: string;
        uid: string;
        annotations?: Record<string, string>;
        managedFields?: { manager: string; operation: string }[];
    };
    data?: Record<string, string>;
    spec?: Record<string, unknown>;
    status?: Record<string, unknown>;
}
