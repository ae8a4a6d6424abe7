import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { look } from "./drift-probe";
import { Host, hostParts } from "./host";
import { thingEnvironment } from "./host-resource";
import { hostName } from "./ssh-argv";
import { hostEnvironment } from "./transport";

/** Generous: a host may be a guest without hardware acceleration. */
const timeoutSec = 60;

/**
 * Runs a script that says how one thing is, where its record alone does not tell; answers the `name=value` lines that it
 * printed, none if the host does not answer. Known in preview. A `problem=` ends the run, before anything is touched.
 */
export function lookAt(
    what: string,
    script: string,
    name: string,
    host: pulumi.Input<Host> | undefined,
    values: pulumi.Input<Record<string, pulumi.Input<string>>>,
): pulumi.Output<Record<string, string>> {
    const { ssh, running, parentId, readyId } = hostParts(host);
    return pulumi
        .all([ssh, running, values, thingEnvironment(name, ssh), parentId, readyId])
        .apply(([login, runs, known, thing]) =>
            guarded(async () => {
                const said = await look(
                    script,
                    login,
                    { ...hostEnvironment(login), KUBEDEV_HOST_RUNNING: String(runs ?? true) },
                    { ...thing, ...known },
                    timeoutSec,
                );
                const lines = [...said.matchAll(/^([a-z]+)=(.*)$/gm)];
                const seen = Object.fromEntries(
                    lines.map(([, key, value]) => [key ?? "", value ?? ""]),
                );
                if (seen["problem"] !== undefined) {
                    throw runError(`${what} on ${hostName(login)}: ${seen["problem"]}`);
                }
                return seen;
            }),
        );
}
