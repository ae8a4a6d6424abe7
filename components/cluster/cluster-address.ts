import * as pulumi from "@pulumi/pulumi";
import { Ssh } from "../host/host";
import { contains, parseRange } from "../internal/address-range";
import { isLoopbackAddress } from "../internal/loopback-address";
import { inputError } from "../internal/validate";

/** Where machines have addresses that the internet does not lead to: RFC 1918, and RFC 2544 for those of a MachineNetwork. */
const privateRanges = ["198.18.0.0/15", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Which they are, in words. @internal */
export const networkAddressWords = `an address of a MachineNetwork (in ${privateRanges.join(", ")})`;

/** Whether text is the IPv4 address of a machine in a network of its own. @internal */
export function isNetworkAddress(text: string): boolean {
    return isIn(privateRanges, text);
}

function isIn(ranges: readonly string[], address: string): boolean {
    const one = parseRange(`${address}/32`);
    return (
        one?.family === 4 &&
        ranges.some((text) => {
            const range = parseRange(text);
            return range !== undefined && contains(range, one);
        })
    );
}

/**
 * Why a control plane cannot have its address; undefined if it can. This computer is not in the network of its machines, and
 * what it would open there would be open for others.
 */
export function addressProblem(address: string, remote: boolean): string | undefined {
    return isLoopbackAddress(address) || remote
        ? undefined
        : `got ${JSON.stringify(address)} on this computer; expected an address in 127.0.0.0/8 here, or beside it the machine that has this one, as host: machine.host`;
}

/**
 * Why a machine must not listen there; undefined if it may: in a network of machines that kubedev made nobody else is, which
 * of the office that another machine is in nobody knows.
 */
export function openProblem(address: string, made: boolean): string | undefined {
    return made || isIn(privateRanges.slice(0, 1), address)
        ? undefined
        : `got ${address} on a machine that is not made by kubedev, where others may reach it; expected the host of a VirtualMachine or of an agent beside such an address, or one in ${privateRanges[0] ?? ""}`;
}

/** Whether it is to be in a network of machines: of an address that is an output nothing else makes sense. */
export function isNetworked(address: pulumi.Input<string> | undefined): boolean {
    return address !== undefined && !(typeof address === "string" && isLoopbackAddress(address));
}

/** The address, once it is known that a control plane can have it. */
export function knownAddress(
    what: string,
    address: string | undefined,
    networked: boolean,
    login: Ssh | undefined,
    made: boolean,
): string | undefined {
    const reason = !networked
        ? undefined
        : address === undefined || isLoopbackAddress(address)
          ? `got ${address ?? "nothing"} from an output; expected ${networkAddressWords}, or one in 127.0.0.0/8 as plain text`
          : (addressProblem(address, login !== undefined) ?? openProblem(address, made));
    if (reason !== undefined) {
        throw inputError(what, [{ propertyPath: "address", reason }]);
    }
    return address;
}

/** Refuses an address at which a machine would be reached by others than its cluster. */
export function assertOwnNetwork(what: string, address: string | undefined, made: boolean): void {
    const reason = address === undefined ? undefined : openProblem(address, made);
    if (reason !== undefined) {
        throw inputError(what, [{ propertyPath: "address", reason }]);
    }
}
