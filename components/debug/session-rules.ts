import { z } from "zod";
import { healthCheckRule } from "../host/health-check";
import { linuxHostRule } from "../host/host";
import { delveAddress } from "../host/under-delve";
import { absoluteFilePath, absolutePath, environment, parentIds, whole } from "../internal/rules";

/** Text that clients read as one line; quotes would end it in theirs. */
const line = (what: string) =>
    z
        .string({ error: `expected ${what}` })
        .regex(/^[^\p{Cc}"\\]+$/u, { error: `expected ${what}, on one line and without quotes` });

/** What the arguments of a DebugSession must look like. */
export const sessionRules = {
    host: linuxHostRule,
    binary: absoluteFilePath.optional(),
    arguments: z
        .array(z.string({ error: "expected a string" }), { error: "expected a list of arguments" })
        .optional(),
    environment: environment.optional(),
    workingDirectory: absolutePath.optional(),
    healthCheck: healthCheckRule,
    processId: whole(1, 4194304, "a process").optional(),
    processName: z
        .string({ error: "expected the name of a program" })
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, { error: "expected the name of a program" })
        .optional(),
    parentIds: parentIds.optional(),
    delvePath: absoluteFilePath.optional(),
    address: delveAddress.optional(),
    port: whole(1, 65535, "a TCP port").optional(),
    breakpoints: z
        .array(line('a preset or a place, as "deployment" or "main.main"'), {
            error: "expected a list of presets and places",
        })
        .optional(),
    sourcePaths: z
        .record(line("a directory of the build"), line("a directory of this machine"), {
            error: (issue) =>
                issue.code === "invalid_key"
                    ? "expected directories of the build on one line and without quotes"
                    : "expected directories by those of the build",
        })
        .optional(),
};

type GivenArgs = Partial<Record<keyof typeof sessionRules, unknown>>;

/** What is wrong with arguments that do not go together. */
export function sessionProblems(args: GivenArgs): { propertyPath: string; reason: string }[] {
    const attaches = args.processId !== undefined || args.processName !== undefined;
    const runs = args.arguments !== undefined;
    const ofRun = ["environment", "workingDirectory"] as const;
    return [
        ...(attaches || args.binary !== undefined
            ? []
            : [
                  {
                      propertyPath: "binary",
                      reason: "got nothing; expected the path of a debug build, or processId or processName of a program that runs",
                  },
              ]),
        ...(attaches && runs
            ? [
                  {
                      propertyPath: "arguments",
                      reason: "expected none beside processId or processName: that program runs already",
                  },
              ]
            : []),
        ...(args.processName === undefined
            ? []
            : (["processId", "binary"] as const)
                  .filter((name) => args[name] !== undefined)
                  .map((propertyPath) => ({
                      propertyPath,
                      reason: "expected nothing beside processName: the program that runs is debugged",
                  }))),
        ...ofRun
            .filter((name) => args[name] !== undefined && !runs)
            .map((propertyPath) => ({
                propertyPath,
                reason: "expected it beside arguments alone: what else runs the program decides",
            })),
        ...(["healthCheck", "parentIds"] as const)
            .filter((name) => args[name] !== undefined && !runs && !attaches)
            .map((propertyPath) => ({
                propertyPath,
                reason: "expected it beside arguments, processId or processName alone: a Cluster has its own",
            })),
    ];
}
