import { Layout } from "./control-plane-flags";
import { ControlPlaneProgram } from "./control-plane-programs";

/** Programs that answer kubectl's client certificate by HTTP, for profiles and the like. */
export const kubernetesPrograms = [
    ControlPlaneProgram.KubeApiserver,
    ControlPlaneProgram.KubeControllerManager,
    ControlPlaneProgram.KubeScheduler,
] as const;

export type KubernetesProgram = (typeof kubernetesPrograms)[number];

/** Flags by which kubectl asks a program itself. */
export function serverFlags(
    program: KubernetesProgram,
    { address, ports }: Pick<Layout, "address" | "ports">,
): string[] {
    return program === ControlPlaneProgram.KubeApiserver
        ? []
        : [
              `--server=https://${address}:${String(ports[program])}`,
              // They serve by a certificate that they sign themselves. The client's key proves who asks, and does not leave it.
              "--insecure-skip-tls-verify",
          ];
}
