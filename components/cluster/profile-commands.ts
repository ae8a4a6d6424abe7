import { Layout } from "./control-plane-flags";
import { programName } from "./control-plane-programs";
import { ProfileCommands, profilesOf } from "./profile-paths";
import { kubernetesPrograms, serverFlags } from "./program-servers";

/** By program that serves profiles, with the credentials that kubectl has. @internal */
export function profileCommands(
    kubectlCommand: string,
    { address, ports }: Pick<Layout, "address" | "ports">,
): Record<string, ProfileCommands> {
    return Object.fromEntries(
        kubernetesPrograms.map((program) => [
            program,
            profilesOf(kubectlCommand, {
                flags: serverFlags(program, { address, ports }),
                name: programName(program),
            }),
        ]),
    );
}
