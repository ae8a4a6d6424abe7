import * as pulumi from "@pulumi/pulumi";
import { HostResource } from "../host/host-resource";
import { Layout, programArgv, programFlags, Wishes } from "./control-plane-flags";
import { ControlPlaneProgram } from "./control-plane-programs";
import { healthText } from "./health-checks";
import { unitTexts } from "./unit-texts";

/** A service, and what its program is asked for. */
export interface ControlPlaneService extends HostResource {
    program: ControlPlaneProgram;
    plain: pulumi.Output<string>;
    wishes: pulumi.Output<Wishes>;
}

/** What is said about services for people, with paths that hold in any directory. */
export function readings(
    services: readonly ControlPlaneService[],
    layout: pulumi.Output<Layout>,
    kubectl: pulumi.Output<string>,
) {
    const all = pulumi.output(
        services.map(({ program, plain, wishes }) =>
            pulumi.all([layout, plain, wishes, kubectl]).apply(([shared, file, wished, client]) => {
                const flags = programFlags(program, shared, wished);
                return {
                    program,
                    argv: programArgv(file, flags),
                    health: healthText(program, shared, flags, client),
                };
            }),
        ),
    );
    return {
        healthCommands: all.apply((each) =>
            Object.fromEntries(each.map(({ program, health }) => [program, health])),
        ),
        unitTexts: all.apply((each) =>
            unitTexts(
                Object.fromEntries(each.map(({ program, argv }) => [program, argv])) as Record<
                    ControlPlaneProgram,
                    string[]
                >,
            ),
        ),
    };
}
