/**
 * What a control plane of plain processes costs, from the start of our first service's script to `/readyz`, beside the same
 * binaries with the same flags and keys, started by a bare script: `make bench`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultPorts } from "../../components/cluster/cluster-rules";
import {
    endpointOf,
    programArgv,
    programFlags,
} from "../../components/cluster/control-plane-flags";
import { ControlPlaneProgram, programName } from "../../components/cluster/control-plane-programs";
import { library, ScratchStack } from "../support/engine";
import {
    Binaries,
    builtPaths,
    clusterBinaries,
    controlPlaneStack,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { bench, median, rounds, row, seconds } from "./figures";

const address = "127.9.8.6";
const endpoint = endpointOf({ address, ports: defaultPorts });
const limitMs = 120_000;

const program = (binaries: Binaries) => `
import * as kubedev from ${JSON.stringify(library)};
new kubedev.Cluster("c", {
    kubernetesVersion: "${kubernetesVersion}",
    address: "${address}",
    binaries: ${clusterBinaries(binaries)},
});
`;

async function main(scratch: string): Promise<void> {
    const builds = await controlPlaneStack();
    const binaries = forThisMachine(await builtPaths(builds));
    const stack = await ScratchStack.create({ program: program(binaries), project: "bench" });
    try {
        const times = { ours: [] as number[], bare: [] as number[] };
        const keys = path.join(scratch, "keys");
        for (let round = 0; round < rounds; round++) {
            times.ours.push(await ours(stack, keys));
            times.bare.push(await bare(binaries, keys, path.join(scratch, "bare")));
        }
        row("control plane by a bare script, to readyz", seconds(median(times.bare)));
        row("Cluster, from its first service's script to readyz", seconds(median(times.ours)));
        row("  of the bare one", (median(times.ours) / median(times.bare)).toFixed(2), "<= 1.20");
    } finally {
        await stack.dispose();
        await builds.dispose();
    }
}

/** Leaves a copy of the keys in a directory. */
async function ours(stack: ScratchStack, keys: string): Promise<number> {
    const things = path.join(stack.stateHome, "kubedev", stack.project, stack.stack);
    const up = stack.up({ timeoutMs: 300_000 });
    // A failure is shown by the await below, once readyz was waited for in vain.
    up.catch(() => undefined);
    const begun = await until(() => fs.existsSync(path.join(things, "c-etcd")));
    const ready = await until(readyz);
    await up;
    fs.rmSync(keys, { recursive: true, force: true });
    fs.cpSync(path.join(things, "c-state"), keys, {
        recursive: true,
        filter: (file) => path.basename(file) !== "etcd" || file.includes("pki"),
    });
    await stack.destroy();
    return (ready - begun) / 1e3;
}

/** Programs at once, the two clients of the API server once it is ready: they end where it is not. */
async function bare(binaries: Binaries, keys: string, dir: string): Promise<number> {
    fs.mkdirSync(dir);
    const layout = {
        ...{ address, loopback: address, ports: defaultPorts, stateDir: keys, clusterName: "c" },
        ...{ serviceCidr: "10.100.0.0/24", podCidr: "172.19.0.0/16" },
    };
    const children: ChildProcess[] = [];
    const start = (what: ControlPlaneProgram) => {
        const binary = binaries[programName(what)] ?? "";
        const [file = "", ...argv] = programArgv(binary, programFlags(what, layout, {}));
        const log = fs.openSync(path.join(dir, `${what}.log`), "w");
        children.push(spawn(file, argv, { cwd: dir, stdio: ["ignore", log, log] }));
        fs.closeSync(log);
    };
    try {
        const begun = performance.now();
        start(ControlPlaneProgram.Etcd);
        start(ControlPlaneProgram.KubeApiserver);
        const ready = await until(readyz);
        return (ready - begun) / 1e3;
    } finally {
        for (const child of children.reverse()) {
            // One that has ended says so no more.
            if (child.exitCode !== null || child.signalCode !== null) continue;
            const ended = new Promise((resolve) => child.once("exit", resolve));
            child.kill("SIGKILL");
            await ended;
        }
        fs.rmSync(path.join(keys, "etcd"), { recursive: true, force: true });
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

function readyz(): boolean {
    try {
        const asked = ["-sk", "--noproxy", "*", "--max-time", "5", `${endpoint}/readyz`];
        return execFileSync("curl", asked, { encoding: "utf8", stdio: "pipe" }) === "ok";
    } catch {
        return false;
    }
}

/** When it held first. */
async function until(holds: () => boolean): Promise<number> {
    for (const end = performance.now() + limitMs; performance.now() < end;) {
        if (holds()) return performance.now();
        await sleep(20);
    }
    throw new Error(`not within ${String(limitMs)} ms: ${holds.toString()}`);
}

bench("cluster", main);
