import * as pulumi from "@pulumi/pulumi";
import { surroundings } from "../host/service-resource";
import {
    delveAttachArgv,
    delveExecArgv,
    delveOnNamed,
    DelveServer,
    underDelve,
} from "../host/under-delve";

/** What of a session says which program it is about, each known by itself. */
interface Subject {
    arguments: pulumi.Output<string[] | undefined>;
    environment: pulumi.Output<Record<string, string> | undefined>;
    workingDirectory: pulumi.Output<string | undefined>;
    processId: pulumi.Output<number>;
    processName: pulumi.Output<string>;
}

/** How delve gets at a program, when it is a service of the session. */
interface Debugged {
    /** What a change restarts it for. */
    spec: pulumi.Inputs;
    /** Text of the service. */
    run: pulumi.Output<string>;
}

type Way = "name" | "process" | "own";

/** By way: the one process with a name, one by its id, or one that the session starts. */
export function debugged(way: Way, known: Subject, server: pulumi.Output<DelveServer>): Debugged {
    const { processId, processName } = known;
    if (way === "name") {
        const run = pulumi.all([server, processName]).apply(([on, it]) => delveOnNamed(on, it));
        return { spec: { processName }, run };
    }
    if (way === "process") {
        const run = pulumi
            .all([server, processId])
            .apply(([on, pid]) => underDelve(delveAttachArgv(on, pid), pid));
        return { spec: { attachedTo: processId }, run };
    }
    const run = pulumi
        .all([server, known.arguments, known.environment, known.workingDirectory] as const)
        .apply(
            ([on, argv, variables, directory]) =>
                surroundings(variables, directory) + underDelve(delveExecArgv(on, argv ?? [])),
        );
    return { spec: { program: server.binaryPath, arguments: known.arguments }, run };
}
