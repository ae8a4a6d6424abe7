import { Ssh } from "../host/host";
import { hostName, sshArgv } from "../host/ssh-argv";
import { isLoopbackAddress } from "../internal/loopback-address";
import { shellLine } from "../internal/quote";
import { inputError } from "../internal/validate";
import { askAt, tunnel } from "./ssh-tunnel";

/** Where the programs of a node find the API server, as address:port: a tunnel's end on the host's own loopback, or the server itself. */
export function serverFor(
    what: string,
    node: Ssh | undefined,
    control: Ssh | undefined,
    address: string,
    port: number,
    own?: string,
): string {
    if (!isLoopbackAddress(address)) {
        if (own === undefined) {
            throw inputError(what, [
                {
                    propertyPath: "address",
                    reason: `got nothing for a control plane at ${address}; expected the host's own address in that network, as machine.networkAddresses.apply((all) => all.lan ?? "")`,
                },
            ]);
        }
        return `${address}:${String(port)}`;
    }
    if (hostName(node) === hostName(control)) {
        return `${address}:${String(port)}`;
    }
    if (control !== undefined) {
        throw inputError(what, [
            {
                propertyPath: "host",
                reason: `got ${hostName(node)} for a control plane on ${hostName(control)}; expected a control plane on this machine, on the node's own host, or with an address in a network of both (the Cluster's argument address): the way from here to the node is by ssh`,
            },
        ]);
    }
    // Of kubeadm's certificates of a Cluster.
    return `127.0.0.1:${String(port)}`;
}

/** Whether it takes a tunnel. */
export function needsTunnel(
    node: Ssh | undefined,
    control: Ssh | undefined,
    address: string,
): boolean {
    return isLoopbackAddress(address) && hostName(node) !== hostName(control);
}

/** Shell text that becomes the tunnel: what comes to `from` on the node's host goes to `to` from here. */
export function tunnelText(node: Ssh | undefined, from: string, to: string): string {
    return tunnel(node, ["-R", `${from}:${to}`]);
}

/** Shell text that succeeds when the API server answers at the tunnel's end. */
export function tunnelHealthText(node: Ssh | undefined, from: string): string {
    return node === undefined
        ? "false"
        : shellLine(["ssh", "-n", ...sshArgv(node), shellLine(askAt(from))]);
}
