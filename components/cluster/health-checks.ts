import { shellLine } from "../internal/quote";
import { endpointOf, Layout, usualControllers } from "./control-plane-flags";
import { ControlPlaneProgram } from "./control-plane-programs";

/** Whether the health of a program is asked for by kubectl, too. */
export function needsKubectl(program: ControlPlaneProgram): boolean {
    return program === ControlPlaneProgram.KubeControllerManager;
}

/** Shell text that succeeds when a program of a control plane is ready, in the directory of its service. */
export function healthText(
    program: ControlPlaneProgram,
    layout: Layout,
    flags: Readonly<Record<string, string>>,
    kubectlPath: string,
): string {
    const { loopback, ports, stateDir } = layout;
    const at = (port: number, path: string) => `https://${loopback}:${String(port)}${path}`;
    switch (program) {
        case ControlPlaneProgram.Etcd: {
            const pki = `${stateDir}/pki/etcd`;
            return curl(
                ...["--cacert", `${pki}/ca.crt`, "--cert", `${pki}/healthcheck-client.crt`],
                ...["--key", `${pki}/healthcheck-client.key`],
                at(ports.etcdClients, "/readyz"),
            );
        }
        case ControlPlaneProgram.KubeApiserver:
            return curl("--cacert", `${stateDir}/pki/ca.crt`, `${endpointOf(layout)}/readyz`);
        // Both serve by a certificate that they sign themselves, as in kubeadm's clusters.
        case ControlPlaneProgram.KubeControllerManager:
            return [
                curl("-k", at(ports.kubeControllerManager, "/healthz")),
                // Without it no pod can be created, some seconds longer than all say that they are ready.
                ...(flags["controllers"] === usualControllers
                    ? [`${defaultAccount(kubectlPath, stateDir)} >/dev/null`]
                    : []),
            ].join(" && ");
        case ControlPlaneProgram.KubeScheduler:
            return curl("-k", at(ports.kubeScheduler, "/readyz"));
    }
}

function curl(...args: string[]): string {
    return shellLine([
        ...["curl", "-fsS", "--noproxy", "*", "--max-time", "5", "-o", "/dev/null"],
        ...args,
    ]);
}

function defaultAccount(kubectlPath: string, stateDir: string): string {
    return shellLine([
        ...[kubectlPath, "--kubeconfig", `${stateDir}/kubeconfig`, "--request-timeout=5s"],
        ...["get", "serviceaccount", "default", "--namespace=default", "--output=name"],
    ]);
}
