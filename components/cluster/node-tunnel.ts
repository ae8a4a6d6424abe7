import { Ssh } from "../host/host";
import { hostName, sshArgv } from "../host/ssh-argv";
import { shellLine } from "../internal/quote";
import { inputError } from "../internal/validate";

/** Where the programs of a node find the API server, as address:port: a tunnel's end on the host's own loopback, or the server itself. */
export function serverFor(
    what: string,
    node: Ssh | undefined,
    control: Ssh | undefined,
    address: string,
    port: number,
): string {
    if (hostName(node) === hostName(control)) {
        return `${address}:${String(port)}`;
    }
    if (control !== undefined) {
        throw inputError(what, [
            {
                propertyPath: "host",
                reason: `got ${hostName(node)} for a control plane on ${hostName(control)}; expected a control plane on this machine, or on the node's own host: the way from here to the node is by ssh`,
            },
        ]);
    }
    // Of kubeadm's certificates of a Cluster.
    return `127.0.0.1:${String(port)}`;
}

/** Whether it takes a tunnel. */
export function needsTunnel(node: Ssh | undefined, control: Ssh | undefined): boolean {
    return hostName(node) !== hostName(control);
}

/** Shell text that becomes the tunnel: what comes to `from` on the node's host goes to `to` from here. */
export function tunnelText(node: Ssh | undefined, from: string, to: string): string {
    // One that need not be there is declared as not running.
    return node === undefined
        ? "exec false"
        : `exec ${shellLine([
              ...[
                  "ssh",
                  "-N",
                  "-T",
                  "-n",
                  "-o",
                  "ExitOnForwardFailure=yes",
                  "-o",
                  "ForwardAgent=no",
              ],
              ...["-R", `${from}:${to}`],
              ...sshArgv(node),
          ])}`;
}

/** Shell text that succeeds when the API server answers at the tunnel's end. */
export function tunnelHealthText(node: Ssh | undefined, from: string): string {
    // Who answers there is not asked: kubelet and kube-proxy do.
    const ask = shellLine([
        ...["curl", "-sSk", "--noproxy", "*", "--max-time", "10", "-o", "/dev/null"],
        `https://${from}/livez`,
    ]);
    return node === undefined ? "false" : shellLine(["ssh", "-n", ...sshArgv(node), ask]);
}
