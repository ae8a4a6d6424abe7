import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts, loginOf, Ssh } from "../host/host";
import { PerRun } from "../host/scope";
import { hostName } from "../host/ssh-argv";
import { guarded } from "../internal/errors";
import { inputError } from "../internal/validate";
import { KubeadmJoining } from "./kubeadm-args";

interface Problem {
    propertyPath: string;
    reason: string;
}

/** Which node of this run has which host, and which name in its cluster. */
const taken = new PerRun(() => new Map<string, string>());

/** Notes that `what` takes something that one alone can have; answers who else has it. */
function other(owners: Map<string, string>, what: string, ...key: unknown[]): string | undefined {
    const text = JSON.stringify(key);
    const owner = owners.get(text) ?? what;
    owners.set(text, owner);
    return owner === what ? undefined : owner;
}

/** What is wrong with a host of those that are taken. @internal */
export function hostProblem(
    owners: Map<string, string>,
    what: string,
    ssh: Ssh | undefined,
): Problem | undefined {
    const { address = "", port = 22, container } = ssh ?? {};
    const engine = container?.ownEngine ?? false;
    const owner = other(owners, what, "host", address, port, container?.name, engine);
    return owner === undefined
        ? undefined
        : {
              propertyPath: "host",
              reason: `got ${hostName(ssh)}, which is the host of ${owner}; expected a host of its own: each node has the whole of /etc/kubernetes and /var/lib/kubelet`,
          };
}

/** What is wrong with a host that is a plain value. Of all others it is known later. @internal */
export function plainHostProblems(what: string, host: pulumi.Input<Host> | undefined): Problem[] {
    if (pulumi.Output.isInstance(host) || host instanceof Promise) {
        return [];
    }
    const { ssh = { address: "" }, container } = (host ?? {}) as pulumi.Unwrap<Host>;
    if (!isPlain(ssh) || !isPlain(container)) {
        return [];
    }
    const known = container === undefined ? ssh : { ...ssh, container };
    const problem = hostProblem(taken.get(), what, known);
    return problem === undefined ? [] : [problem];
}

/** A host, once it is known that it is no other node's; its parts are known each by itself. */
export function ownHost(what: string, host: pulumi.Input<Host> | undefined): pulumi.Output<Host> {
    const owners = taken.get();
    const { ssh, os, container, parentId, parentUrn, readyId, running } = hostParts(host);
    const own = ssh.apply((known) =>
        guarded(() => {
            const problem = hostProblem(owners, what, known);
            if (problem !== undefined) {
                throw inputError(what, [problem]);
            }
            return loginOf(known);
        }),
    );
    return pulumi.output({ ssh: own, os, container, parentId, parentUrn, readyId, running });
}

/** What is wrong with the name of a node, of those that are taken. @internal */
export function nameProblem(
    owners: Map<string, string>,
    what: string,
    nodeName: string,
    cluster: Record<"clusterName" | "stateDir" | "nodeName", string>,
): Problem | undefined {
    const owner =
        nodeName === cluster.nodeName
            ? `KubeadmControlPlane ${cluster.clusterName}`
            : other(owners, what, "name", cluster.stateDir, nodeName);
    return owner === undefined
        ? undefined
        : {
              propertyPath: "nodeName",
              reason: `got ${nodeName}, which is the node of ${owner}; expected a name that no other node of the cluster has`,
          };
}

/** The parts of what a node joins, once it is known that none of its nodes has this name. */
export function ownNameIn(
    cluster: pulumi.Input<KubeadmJoining>,
    what: string,
    nodeName: string,
): Joined {
    const owners = taken.get();
    const given = pulumi.output(cluster);
    const checked = pulumi
        .all([given.clusterName, given.stateDir, given.nodeName])
        .apply(([clusterName, stateDir, ofControlPlane]) =>
            guarded(() => {
                const known = { clusterName, stateDir, nodeName: ofControlPlane };
                const problem = nameProblem(owners, what, nodeName, known);
                if (problem !== undefined) {
                    throw inputError(what, [problem]);
                }
            }),
        );
    const part = (name: keyof Joined) =>
        pulumi.all([given[name], checked]).apply(([value]) => value);
    return {
        kubernetesVersion: part("kubernetesVersion"),
        endpoint: part("endpoint"),
        podCidr: part("podCidr"),
        stateDir: part("stateDir"),
        kubectlPath: part("kubectlPath"),
        keysId: part("keysId"),
    };
}

type Joined = Record<
    "kubernetesVersion" | "endpoint" | "podCidr" | "stateDir" | "kubectlPath" | "keysId",
    pulumi.Output<string>
>;

/** Whether nothing of a value is still to come. */
function isPlain(value: unknown): boolean {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
        return false;
    }
    return typeof value !== "object" || value === null || Object.values(value).every(isPlain);
}
