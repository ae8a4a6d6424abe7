/** What tests of kind clusters share: why none can run here, waiting, and a workload. */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { imageCache } from "./local-kvm";

export const sh = (command: string): string =>
    execFileSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin; ${command}`], { encoding: "utf8" });

/** Rules of the firewall and links, beside what containers of others may change. */
export const network = (): string =>
    ["filter", "nat"].map((table) => sh(`iptables -t ${table} -S`)).join("") +
    sh("ip -o link show type bridge | cut -d : -f 2");

/** Why no engine of one's own can run here. */
function unfit(): string | undefined {
    if (process.getuid?.() !== 0) return "wants root";
    const pid = fs.existsSync("/var/run/docker.pid")
        ? fs.readFileSync("/var/run/docker.pid", "utf8").trim()
        : "";
    return pid !== "" && fs.existsSync(`/proc/${pid}`)
        ? "this machine's own container engine is running"
        : undefined;
}

const reason = unfit();

/** A test with an engine of its own, where that can run. */
export function kindTest(name: string, run: () => Promise<void>): void {
    if (reason === undefined) test(name, run);
    else test.skip(`${name} [not run: ${reason}]`, run);
}

/** Setting up and cleaning up of such tests. */
export const kindHook = (run: () => Promise<void>): (() => Promise<void>) =>
    reason === undefined ? run : () => Promise.resolve();

/**
 * Waits for this file's turn: engines share the firewall, so files that start one take turns, whoever runs them. Answers
 * what ends the turn; it also ends with this process.
 */
export async function engineTurn(): Promise<() => Promise<void>> {
    const cache = path.join(imageCache()["XDG_CACHE_HOME"] ?? "", "kubedev");
    fs.mkdirSync(cache, { recursive: true });
    const file = path.join(cache, "test-engine.lock");
    const holder = spawn("flock", ["--no-fork", file, "sh", "-c", "echo held; exec cat"], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise<void>((resolve) => {
        holder.once("exit", () => {
            resolve();
        });
    });
    const held = new Promise((resolve) => holder.stdout.once("data", resolve));
    await Promise.race([
        held,
        ended.then(() => {
            throw new Error(`cannot take the lock ${file}`);
        }),
    ]);
    const watches = moreWatches();
    return async () => {
        watches();
        holder.stdin.end();
        await ended;
    };
}

/**
 * A node has about twenty instances of inotify; with the 128 that a user has by default, a fourth node or another control
 * plane beside them fails with "too many open files" (https://kind.sigs.k8s.io/docs/user/known-issues). Answers what gives
 * them back.
 */
function moreWatches(): () => void {
    const file = "/proc/sys/fs/inotify/max_user_instances";
    const before = fs.readFileSync(file, "utf8").trim();
    if (Number(before) >= 512 || process.getuid?.() !== 0) {
        return () => undefined;
    }
    process.stderr.write(`until the end of this file, ${file} is 512\n`);
    fs.writeFileSync(file, "512");
    return () => {
        fs.writeFileSync(file, before);
    };
}

export async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + 300_000;
    for (let last = "nothing yet"; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
        try {
            const found = await probe();
            if (found !== undefined) return found;
        } catch (error) {
            last = String(error);
        }
        if (Date.now() > deadline) throw new Error(`${what}: not within 300 s; ${last}`);
    }
}
export function get(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
        http.get(url, { timeout: 5_000 }, (response) => {
            let text = "";
            response.on("data", (data: Buffer) => (text += data.toString()));
            response.on("end", () => {
                resolve(text);
            });
        }).on("error", reject);
    });
}

/** The home of developers who share an engine of their own. */
export class KindHome {
    constructor(readonly dir: string) {}

    get engineDir(): string {
        return path.join(this.dir, "state/kubedev/engine");
    }

    readonly docker = (...args: string[]): string =>
        execFileSync("docker", ["-H", `unix://${this.engineDir}/docker.sock`, ...args], {
            ...{ encoding: "utf8", stdio: "pipe", timeout: 120_000 },
        }).trim();

    /** Puts an image of busybox alone into the engine. */
    importImage(name: string): void {
        const tree = fs.mkdtempSync(path.join(this.dir, "image-"));
        fs.mkdirSync(path.join(tree, "bin"));
        fs.copyFileSync(sh("command -v busybox").trim(), path.join(tree, "bin/busybox"));
        sh(
            `tar -C '${tree}' -c . | docker -H 'unix://${this.engineDir}/docker.sock' import - ${name}`,
        );
    }

    /** Path of a program that the environment has built: kind, kubectl. */
    built(program: string): string {
        return sh(
            `find '${this.dir}/state/kubedev/kubedev' -type f -name ${program} | head -n 1`,
        ).trim();
    }

    /** A program as a control plane runs it, but another file that behaves the same. */
    another(program: string, more: string): { path: string; fingerprint: string } {
        const planes = this.docker(
            ...["ps", "--format", "{{.Names}}"],
            ...["--filter", "label=io.x-k8s.kind.role=control-plane"],
        );
        // The one that began first, of which no test has taken anything away.
        const node = planes.split("\n").at(-1) ?? "";
        const file = path.join(this.dir, `${program}-${more}`);
        this.docker("exec", node, "sh", "-c", `cp /proc/$(pidof ${program})/exe /kind/${program}`);
        this.docker("cp", `${node}:/kind/${program}`, file);
        this.docker("exec", node, "rm", `/kind/${program}`);
        fs.appendFileSync(file, more);
        fs.chmodSync(file, 0o755);
        return { path: file, fingerprint: more };
    }
}

/** A page with this text that is served on a node's port 30080, by an image of busybox. */
export const web = (text: string) => ({
    apiVersion: "v1",
    kind: "List",
    items: [
        {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" },
            spec: {
                selector: { matchLabels: { app: "web" } },
                template: {
                    metadata: { labels: { app: "web" } },
                    spec: {
                        containers: [
                            {
                                name: "web",
                                image: "test/web:1",
                                command: [
                                    ...["/bin/busybox", "sh", "-c"],
                                    `/bin/busybox echo ${text} >/tmp/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp`,
                                ],
                                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                            },
                        ],
                        volumes: [{ name: "tmp", emptyDir: {} }],
                    },
                },
            },
        },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "web" },
            spec: {
                type: "NodePort",
                selector: { app: "web" },
                ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
            },
        },
    ],
});
