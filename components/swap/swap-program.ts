import * as pulumi from "@pulumi/pulumi";
import { agentBuilt, agentDigest } from "../host/agent-program";
import { artifactDigest } from "../host/host-artifact";
import { Host, HostOs, hostParts } from "../host/host";
import { hostResource, HostResource } from "../host/host-resource";

/** Machines that the program can be built for. @internal */
export const architectures = ["amd64", "arm64"] as const;

/** That of the machine that runs Pulumi. @internal */
export const thisArchitecture = process.arch === "arm64" ? "arm64" : "amd64";

const sources = ["swap"];

/** Brings the program that swaps to a host: agents/swap, built here. A Windows host has it in its own program. @internal */
export function swapProgram(
    name: string,
    what: string,
    host: pulumi.Input<Host> | undefined,
    architecture: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
): HostResource {
    const built = pulumi.all([hostParts(host).os, architecture]).apply(([os, machine]) => {
        const program = `swap-agent/${agentDigest(sources)}-${machine}`;
        return os === HostOs.Windows
            ? pulumi.output(undefined as string | undefined)
            : pulumi.output<string | undefined>(
                  agentBuilt({ sources, main: "program", platform: `linux/${machine}`, program }),
              );
    });
    return hostResource(
        name,
        {
            host,
            create: "swap/program.sh",
            delete: "swap/program-remove.sh",
            spec: { program: "swap" },
            environment: {
                KUBEDEV_SHA256: built.apply((file) =>
                    file === undefined ? pulumi.output("") : artifactDigest(what, undefined, file),
                ),
            },
            payloadFile: built,
        },
        opts,
    );
}
