/**
 * Nodes of Bob's second cluster as hosts, as steps of kind-second-cluster.ts: another kubelet and another scheduler by
 * BinarySwap, delve in it, its profiles, and the nodes as they were.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { kindTest, sh, until } from "../support/kind";
import type { TwoDevelopers } from "./kind-support";

/** The cluster as the steps before left it. */
interface Second {
    /** Program that has it alone. */
    text: string;
    /** Name of its worker. */
    worker: () => string;
    /** kubectl in its control plane. */
    kubectl: (...args: string[]) => string;
    /** Digest of what a node runs. */
    running: (node: string, program: string) => string;
}

/** True once somebody listens there. */
function accepts(host: string, port: number): Promise<true | undefined> {
    return new Promise((resolve) => {
        const socket = net.connect(port, host);
        socket.once("connect", () => {
            socket.destroy();
            resolve(true);
        });
        socket.once("error", () => {
            resolve(undefined);
        });
    });
}

interface Outputs {
    connect: string;
    tunnel: string;
    init: string;
    profiles: { worker: { goroutine: string } };
}

export function nodesAsHosts(they: TwoDevelopers, second: () => Second): void {
    /** The program with a kubelet for the worker, a scheduler for the control plane, and what else is on them. */
    const withSwap = (binary: string, scheduler: string, more = "") => `
${second().text.replace("new kubedev.KindCluster(", "const cluster = new kubedev.KindCluster(")}
const host = cluster.nodeHosts["worker"]!;
new kubedev.HostFile("motd", { host, path: "/etc/kubedev/motd", content: "a node\\n" });
const swap = new kubedev.BinarySwap("kubelet", {
    host, service: "kubelet", binary: ${binary}, versionArguments: ["--version"],
    healthCheck: { httpUrl: "http://127.0.0.1:10248/healthz" }, settleSec: 2,
});
new kubedev.BinarySwap("scheduler", {
    host: cluster.nodeHosts["control-plane"]!, service: "kube-scheduler", staticPod: true, binary: ${scheduler},
    versionArguments: ["--version"], healthCheck: { httpUrl: "https://127.0.0.1:10259/healthz" }, settleSec: 2,
});
export const profiles = cluster.profileCommands;
${more}`;
    const given = (file: string, fingerprint: string) =>
        JSON.stringify({ path: file, fingerprint });
    const sha256 = (file: string) => sh(`sha256sum <'${file}' | cut -d ' ' -f 1`).trim();
    const inWorker = (...args: string[]) => they.docker("exec", second().worker(), ...args);
    const kubelet = () => second().running(second().worker(), "kubelet");
    const version = () =>
        second().kubectl("get", "nodes", "--no-headers").split("\n").at(-1)?.split(/ +/).at(-1);
    /** One of these programs that says another version. As long as the one before, so that it stays a program. */
    const otherVersion = (program: string) => {
        const { path: copy } = they.home.another(program, "three");
        const other = path.join(they.home.dir, `${program}-other`);
        sh(`LC_ALL=C sed 's/v1\\.36\\.1/v1.36.9/g' '${copy}' >'${other}' && chmod 755 '${other}'`);
        return other;
    };
    const inControlPlane = (command: string) =>
        they.docker(
            "exec",
            second()
                .worker()
                .replace(/worker$/, "control-plane"),
            "sh",
            "-c",
            command,
        );
    /** Digest of the scheduler that runs. */
    const scheduler = () =>
        inControlPlane("sha256sum </proc/$(pidof kube-scheduler)/exe | cut -d ' ' -f 1");
    const manifest = () => inControlPlane("cat /etc/kubernetes/manifests/kube-scheduler.yaml");
    const schedules = (pod: string) => {
        second().kubectl("run", pod, "--image=registry.k8s.io/pause:3.10");
        second().kubectl("wait", "--for=condition=PodScheduled", `pod/${pod}`, "--timeout=90s");
        second().kubectl("delete", "pod", pod, "--now");
    };
    let original: string;
    let other: string;
    let originalScheduler: string;
    let otherScheduler: string;
    let originalManifest: string;

    kindTest("a swap in a node: another version, which the cluster tells", async () => {
        original = kubelet();
        other = otherVersion("kubelet");
        originalScheduler = scheduler();
        originalManifest = manifest();
        otherScheduler = otherVersion("kube-scheduler");
        they.bob.program(withSwap(given(other, "other"), given(otherScheduler, "other")));
        expect(await they.touched(they.bob)).toEqual({
            ...{ "motd-file": "create", "kubelet-program": "create", "kubelet-swap": "create" },
            ...{ "scheduler-program": "create", "scheduler-swap": "create" },
        });
        await they.bob.up({ timeoutMs: 300_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(kubelet()).toBe(sha256(other));
        await until("the version", () =>
            Promise.resolve(version() === "v1.36.9" ? true : undefined),
        );
        expect(inWorker("cat", "/etc/kubedev/motd")).toBe("a node");

        // A static pod runs it, in the image that it had.
        expect(scheduler()).toBe(sha256(otherScheduler));
        expect(manifest()).toContain(sha256(otherScheduler));
        schedules("by-the-other");

        // What was changed by hand in a node shows.
        inWorker("rm", "/etc/kubedev/motd");
        expect(await they.touched(they.bob)).toEqual({ "motd-file": "replace" });
    });

    kindTest("the commands for profiles of a kubelet get them", async () => {
        const { profiles } = (await they.bob.outputs()) as unknown as Outputs;
        const client = path.dirname(they.home.built("kubectl"));
        sh(`cd '${they.home.dir}' && PATH=$PATH:'${client}' && ${profiles.worker.goroutine}`);
        const file = path.join(they.home.dir, `kubelet-${second().worker()}-goroutine.pprof`);
        expect(sh(`go tool pprof -top '${file}' 2>&1`)).toContain("Type: goroutine");
    });

    kindTest("one that is not healthy there is taken back", async () => {
        // A program that says a version, and ends.
        const ends = given(fs.realpathSync("/bin/true"), "true");
        they.bob.program(withSwap(ends, ends));
        const { errors } = await they.bob.up({ timeoutMs: 300_000, expectFailure: true });
        expect(errors.join("\n")).toContain("was taken back, and the one before it runs again");
        expect(kubelet()).toBe(sha256(other));
        expect(scheduler()).toBe(sha256(otherScheduler));
        expect(await they.touched(they.bob)).toMatchObject({
            ...{ "kubelet-swap": "update", "scheduler-swap": "update" },
        });
    });

    kindTest("delve stops the kubelet of a node, which goes on when the client goes", async () => {
        // Of the kubelet the package that is looked at alone is compiled without optimization.
        const debugged = `new kubedev.Build("debugged", {
            module: "k8s.io/kubernetes@v1.36.1", targets: ["k8s.io/kubernetes/cmd/kubelet"],
            gcflags: "k8s.io/kubernetes/pkg/kubelet=-N -l", ldflags: "-s=false -w=false",
        }).binaries["kubelet-linux-" + (process.arch === "arm64" ? "arm64" : "amd64")]!`;
        const session = `
const session = new kubedev.DebugSession("session", {
    host, processName: "kubelet", breakpoints: ["podAdded"], parentIds: [swap.instanceId, swap.fingerprint],
});
export const connect = session.connectCommand;
export const tunnel = session.tunnelCommand;
export const init = session.initScript;
`;
        they.bob.program(withSwap(debugged, given(otherScheduler, "other"), session));
        await they.bob.up({ timeoutMs: 1_800_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        expect(inWorker("sh", "-c", "ss -ltnH 2>/dev/null || netstat -ltn")).not.toMatch(
            /(0\.0\.0\.0|\*):38697/,
        );

        const { connect, tunnel, init } = (await they.bob.outputs()) as unknown as Outputs;
        const leading = spawn("sh", ["-c", tunnel], { detached: true, stdio: "ignore" });
        try {
            const commands = path.join(they.home.dir, "commands");
            fs.writeFileSync(commands, `${init}continue\nargs\nclearall\nexit -c\n`);
            // The client dials once.
            const [, host = "", port = ""] = /connect (\S+):(\d+)/.exec(connect) ?? [];
            await until("the tunnel", () => accepts(host, Number(port)));
            const client = spawn(
                "sh",
                [
                    "-c",
                    `exec ${connect} --allow-non-terminal-interactive=true --init '${commands}'`,
                ],
                { env: { ...process.env, HOME: they.home.dir, TERM: "dumb" }, timeout: 120_000 },
            );
            let said = "";
            client.stdout.on("data", (text: Buffer) => (said += text.toString()));
            client.stderr.on("data", (text: Buffer) => (said += text.toString()));
            client.stdin.on("error", () => undefined);
            client.stdin.end("n\n");
            const ended = new Promise((resolve) => client.on("close", resolve));
            await until("a breakpoint", () =>
                Promise.resolve(said.includes("Breakpoint 1 set at") ? true : undefined),
            );
            second().kubectl(
                "run",
                "stopped-at",
                "--image=registry.k8s.io/pause:3.10",
                ...[`--overrides={"spec":{"nodeName":"${second().worker()}"}}`],
            );
            await ended;
            expect(said).toContain("pkg/kubelet.(*Kubelet).HandlePodAdditions(");
            expect(said).toMatch(/pods = \[\]\*k8s\.io\/api\/core\/v1\.Pod len: 1/);
            // It goes on, and takes the pod, whose image need not be there. The client does not wait for its last word to arrive.
            second().kubectl(
                ...["wait", "--for=condition=Initialized", "pod/stopped-at", "--timeout=90s"],
            );
        } finally {
            process.kill(-(leading.pid ?? 0), "SIGTERM");
        }
        expect((await they.bob.preview()).changed).toEqual([]);
    });

    kindTest("without all that, the node is as it was", async () => {
        they.bob.program(second().text);
        await they.bob.up({ timeoutMs: 300_000 });
        expect(kubelet()).toBe(original);
        expect(scheduler()).toBe(originalScheduler);
        expect(manifest()).toBe(originalManifest);
        expect(inControlPlane("ls /var/lib | grep kubedev || true")).toBe("");
        schedules("by-the-original");
        await until("the version", () =>
            Promise.resolve(version() === "v1.36.1" ? true : undefined),
        );
        const left =
            "pidof dlv; find /etc/kubedev /root/.local/state -mindepth 1 2>/dev/null || true";
        expect(inWorker("sh", "-c", left)).toBe("");
        second().kubectl("delete", "pod", "stopped-at", "--now");
    });
}
