import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostParts } from "../host/host";
import { guarded } from "../internal/errors";
import { isLoopbackAddress } from "../internal/loopback-address";
import { inputError } from "../internal/validate";
import { isNetworkAddress, networkAddressWords, openProblem } from "./cluster-address";

/** Rule of the address of a node. */
export const nodeAddress = z
    .string({ error: "expected an IPv4 address, as addresses of a MachineNetwork has it" })
    .refine((text) => isIP(text) === 4 && !isLoopbackAddress(text) && text !== "0.0.0.0", {
        error: "expected an IPv4 address of the host that the other nodes reach, as addresses of a MachineNetwork has it: neither of loopback nor 0.0.0.0",
    });

/** The address of a node, once it is known that none but its cluster is there, or that its user knows who is. */
export function ownAddress(
    what: string,
    host: pulumi.Input<Host> | undefined,
    address: pulumi.Output<string | undefined>,
    sharedNetwork: pulumi.Output<boolean | undefined>,
): pulumi.Output<string> {
    const { parentUrn, container } = hostParts(host);
    return pulumi
        .all([address, sharedNetwork, parentUrn, container])
        .apply(([known = "", shared, urn, inside]) =>
            guarded(() => {
                const reason =
                    shared === true
                        ? undefined
                        : sharedProblem(known, urn !== undefined || inside !== undefined);
                if (reason !== undefined) {
                    throw inputError(what, [{ propertyPath: "address", reason }]);
                }
                return known;
            }),
        );
}

/** Why others may be where a node listens; undefined if they are not. `made` are a machine of kubedev's making, and a container behind its engine's bridge. @internal */
export function sharedProblem(address: string, made: boolean): string | undefined {
    const reason = isNetworkAddress(address)
        ? openProblem(address, made)
        : `got ${address}; expected ${networkAddressWords}`;
    return reason === undefined
        ? undefined
        : `${reason}; or sharedNetwork: true, if all who are in that network may find API server and kubelet there`;
}

/** The same of arguments that are plain values. Of all others it is known later. @internal */
export function plainAddressProblems(
    args: Record<string, unknown>,
): { propertyPath: string; reason: string }[] {
    const { address, host = {}, sharedNetwork = false } = args;
    const later = (value: unknown) => pulumi.Output.isInstance(value) || value instanceof Promise;
    if (!nodeAddress.safeParse(address).success || later(host) || later(sharedNetwork)) {
        return [];
    }
    const { parentUrn, container } = (host ?? {}) as Host;
    const reason =
        sharedNetwork === true
            ? undefined
            : sharedProblem(address as string, parentUrn !== undefined || container !== undefined);
    return reason === undefined ? [] : [{ propertyPath: "address", reason }];
}
