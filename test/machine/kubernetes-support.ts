/**
 * What the suites about the `kubernetes` plugin share. They run on the installed plugin, or on the
 * one that KUBEDEV_KUBERNETES_PLUGIN names, against a control plane without nodes.
 */
import { ControlPlane } from "../support/control-plane";
import { ScratchStack } from "../support/engine";
import { compilesMs } from "../support/kubernetes-binaries";
import { pluginUnderTest } from "../support/plugin-under-test";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);

export const { differs, either } = pluginUnderTest("kubernetes", "4.34.2", {
    "other kinds": "has them",
    "other settings": "has them",
    "immutable fields": "asks for an update, which the API server refuses in the preview",
    "replaceOnChanges of a fixed name": "creates the second object first, which fails",
    "partial import": "takes what the program does not have away from the object",
    "fields of secrets": "shows stringData as the data that the server makes of it",
    "field manager of a create": "creates by another request, as the manager pulumi-kubernetes",
    "unwanted annotations": "knows pulumi.com/waitFor and pulumi.com/replaceUnready",
    "outputs of dry runs": "takes an address that a dry run got for the one that will be",
    "late cluster": "decides at the start of a run whether there is a cluster",
    "suspended jobs": "waits until they have run, which nobody lets them",
    "services with pods": "waits until those that its selector finds are ready",
    "warnings of the server": "does not show them",
    "words of messages": "words them otherwise",
});

/** A suite on a cluster; `plane()` is it while tests run. */
export function clusterSuite(name: string, body: (plane: () => ControlPlane) => void): void {
    let plane: ControlPlane;
    describe(name, () => {
        beforeAll(async () => {
            plane = await ControlPlane.start();
        }, compilesMs);
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
