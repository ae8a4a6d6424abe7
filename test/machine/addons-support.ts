/** What the suites about add-ons share: programs whose pods nobody waits for, and the API server's own word on objects. */
import { execFileSync } from "node:child_process";
import { ControlPlane } from "../support/control-plane";
import { library, ScratchStack } from "../support/engine";

/** A program of add-ons, on the cluster that $KUBECONFIG_TEXT or $KUBECONFIG_PATH names; of an earlier library if one is given. */
export const program = (body: string, from = library) => `
import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from "${from}";
const env = process.env;
const kubeconfig = env.KUBECONFIG_TEXT ?? fs.readFileSync(env.KUBECONFIG_PATH ?? "", "utf8");
// No node ever runs a pod, so nobody waits for one.
const workload = /:(Deployment|DaemonSet|Pod|APIService|Service|PersistentVolumeClaim)$/;
const noWait = { transforms: [({ type, props, opts }: pulumi.ResourceTransformArgs) => !workload.test(type) ? undefined : ({
    props: { ...props, metadata: pulumi.output(props.metadata).apply((metadata: any) => ({
        ...metadata, annotations: { ...metadata.annotations, "pulumi.com/skipAwait": "true" },
    })) },
    opts,
})] };
${body}
`;
/** Makes a stack of this program on the cluster. */
export const addonStack = (plane: ControlPlane, body: string) =>
    ScratchStack.create({
        program: program(body),
        env: { KUBECONFIG: undefined, KUBECONFIG_PATH: plane.kubeconfig },
    });

/** A ConfigMap. */
export const configMap = (name: string, data: object, metadata: object = {}) => ({
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } },
    data,
});

/** Objects as a stack has declared them. */
export async function objectsOf(stack: ScratchStack): Promise<DeclaredObject[]> {
    const resources = (await stack.exportState()).deployment.resources ?? [];
    return resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ inputs }) => inputs as unknown as DeclaredObject);
}

interface DeclaredObject {
    kind: string;
    metadata: { name: string };
}

/** How many of the objects the API server takes, each with all of its fields, in a dry run. */
export function accepted(plane: ControlPlane, objects: object[]): number {
    const said = execFileSync(
        plane.binary("kubectl"),
        [
            ...["--kubeconfig", plane.kubeconfig, "apply", "--server-side", "-f", "-"],
            ...["--dry-run=server", "--validate=strict", "--force-conflicts"],
            "--field-manager=another",
        ],
        {
            input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
            ...{ encoding: "utf8", timeout: 120_000, stdio: "pipe" },
        },
    );
    return said.split("\n").filter((line) => line.endsWith("(server dry run)")).length;
}
