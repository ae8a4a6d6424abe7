/**
 * What the suites about the `kubernetes` plugin share. They run on the installed plugin, or on the
 * one that KUBEDEV_KUBERNETES_PLUGIN names, against a control plane without nodes.
 */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { ControlPlane, controlPlaneMissing } from "../support/control-plane";
import { repoRoot, ScratchStack } from "../support/engine";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);

/** The version of the npm package, which is the plugin's. */
const version = "4.34.2";
const installed = path.join(
    process.env.PULUMI_HOME ?? path.join(repoRoot, ".toolchain/pulumi"),
    `plugins/resource-kubernetes-v${version}/pulumi-resource-kubernetes`,
);

/** The binary under test. */
export const plugin = process.env.KUBEDEV_KUBERNETES_PLUGIN ?? installed;

const pluginMissing = fs.existsSync(plugin) ? undefined : `no plugin ${plugin}`;
const sdkMissing = fs.existsSync(path.join(repoRoot, "node_modules/@pulumi/kubernetes"))
    ? undefined
    : "no npm package @pulumi/kubernetes";

/** The drop-in says so; the real plugin prints its version alone or knows no such flag. */
export const isDropIn = titleOf(plugin).startsWith("kubedev drop-in for kubernetes ");

export function titleOf(binary: string): string {
    try {
        const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
        return execFileSync(binary, ["--version"], { encoding: "utf8", stdio, timeout: 20_000 });
    } catch {
        return "the real plugin";
    }
}

/** Where the drop-in behaves otherwise than kubernetes 4.34.2 on purpose, and how that one behaves. */
export const knownDifferences = {
    "other kinds": "has them",
    "other settings": "has them",
    "immutable fields": "plans an update, which the API server refuses",
    "replaceOnChanges of a fixed name": "creates the second object first, which fails",
    "partial import": "wants every field in the program that the object has",
    "equal quantities": "takes them for a change where it does not know the type of the field",
    "field manager of a create": "creates by another request, as the manager pulumi-kubernetes",
    "unwanted annotations": "knows pulumi.com/waitFor and pulumi.com/replaceUnready",
    "late cluster": "decides at the start of a run whether there is a cluster",
    "services without endpoints": "waits for pods behind a service with a selector",
    "words of messages": "words them otherwise",
} as const;

/** A test of the drop-in alone; on the real plugin it is skipped, and says what that one does. */
export function differs(what: keyof typeof knownDifferences, name: string, run: () => unknown) {
    const real = `[${what}: the real plugin ${knownDifferences[what]}]`;
    (isDropIn ? test : test.skip)(isDropIn ? name : `${name} ${real}`, async () => {
        await run();
    });
}

/** A suite that needs the plugin; one that cannot run says why in its title. */
export function suite(name: string, body: () => void): void {
    const missing = pluginMissing ?? sdkMissing;
    (missing ? describe.skip : describe)(missing ? `${name} [${missing}]` : name, body);
}

/** A suite that needs a cluster, too; `plane()` is it while tests run. */
export function clusterSuite(name: string, body: (plane: () => ControlPlane) => void): void {
    const title = controlPlaneMissing ? `${name} [${controlPlaneMissing}]` : name;
    let plane: ControlPlane;
    (controlPlaneMissing ? describe.skip : suite)(title, () => {
        beforeAll(async () => {
            plane = await ControlPlane.start();
        });
        body(() => plane);
        // After the suite's own, which still need it. A start that failed has cleaned up.
        afterAll(() => (plane as ControlPlane | undefined)?.stop());
    });
}

/** A program on the cluster that $KUBECONFIG_TEXT or $KUBECONFIG_PATH names. */
export const program = (body: string) => `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
const env = process.env;
const provider = new k8s.Provider("cluster", {
    kubeconfig: env.KUBECONFIG_TEXT ?? env.KUBECONFIG_PATH,
});
const opts = { provider };
const { v1 } = k8s.core;
/** A pod template whose container never starts: there is no node. */
const template = (app: string, image = "registry.k8s.io/pause:3.10") => ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: "main", image }] },
});
const matches = (app: string) => ({ matchLabels: { app } });
${body}
`;

/** Makes a stack of this program on the cluster. */
export function stackOn(
    plane: ControlPlane,
    body: string,
    env: Record<string, string> = {},
): Promise<ScratchStack> {
    return ScratchStack.create({
        program: program(body),
        env: { KUBECONFIG: undefined, KUBECONFIG_PATH: plane.kubeconfig, ...env },
    });
}

/** Runs a test on a stack of its own, which is gone afterwards whatever the outcome. */
export async function withStack<T>(
    plane: ControlPlane,
    body: string,
    run: (stack: ScratchStack) => Promise<T>,
): Promise<T> {
    const stack = await stackOn(plane, body);
    try {
        return await run(stack);
    } finally {
        await stack.dispose();
    }
}
