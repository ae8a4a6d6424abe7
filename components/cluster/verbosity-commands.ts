import { shellWords } from "../internal/quote";
import { Layout } from "./control-plane-flags";
import { ControlPlaneProgram } from "./control-plane-programs";
import { kubernetesPrograms, serverFlags } from "./program-servers";

/** Commands that change how much a program says while it runs, without a restart. */
export interface VerbosityCommands {
    /** To level 6: requests, and what it decides. */
    raise: string;
    /** Back to what the cluster was declared with. */
    restore: string;
}

/** What is worth reading of most programs: from 8 on, contents of requests bury it. */
const raisedLevel = 6;

/** By program; `levels` are what its flags say. @internal */
export function verbosityCommands(
    kubectlCommand: string,
    layout: Pick<Layout, "address" | "ports">,
    levels: Partial<Record<ControlPlaneProgram, number>>,
): Record<string, VerbosityCommands> {
    return Object.fromEntries(
        kubernetesPrograms.map((program) => {
            // The only verb of kubectl that sends what it is given by PUT.
            const words = ["replace", "--raw", "/debug/flags/v", "-f", "-"];
            const set = (level: number) =>
                `printf ${String(level)} | ${kubectlCommand} ${shellWords([...serverFlags(program, layout), ...words])}`;
            return [program, { raise: set(raisedLevel), restore: set(levels[program] ?? 0) }];
        }),
    );
}
