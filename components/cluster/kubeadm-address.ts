import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { guarded } from "../internal/errors";
import { inputError } from "../internal/validate";
import { isNetworkAddress, networkAddressWords, openProblem } from "./cluster-address";

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
