import { z } from "zod";
import * as pulumi from "@pulumi/pulumi";
import { osOf } from "../host/host";
import { whole } from "../internal/rules";
import { assertArgs, problemsAt } from "../internal/validate";
import { type BinaryRolloutArgs } from "./rollout-args";
import { type SwapBinaryArgs } from "./swap-args";
import { swapBinaryRules, swapRulesOn } from "./swap-request";

const nodeName = z
    .string({ error: "expected a name: letters, digits, . and -" })
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, {
        error: "expected a name: letters, digits, . and -",
    });
const limit = whole(1, 1000, "nodes").optional();

/** Refuses what is wrong with any of the nodes before the first is declared. @internal */
export function assertRollout(what: string, args: BinaryRolloutArgs): void {
    const { service, staticPod, dependents, healthCheck, nodeCheckCommand, drainCommand } =
        swapRulesOn(undefined);
    const { undrainCommand, versionArguments, stopTimeoutSec, settleSec } = swapRulesOn(undefined);
    const common = {
        ...{ service, staticPod, dependents, healthCheck, nodeCheckCommand, drainCommand },
        undrainCommand,
        ...{ versionArguments, stopTimeoutSec, settleSec, maxUnavailable: limit },
    };
    // They are declared one by one: their number and names are no outputs.
    const nodes = Array.isArray(args.nodes) ? args.nodes : undefined;
    const problems = nodes?.flatMap(({ ...node }, at) => {
        const rules = swapRulesOn(osOf(node.host));
        return [
            ...problemsAt(
                `nodes.${String(at)}`,
                // A path, or a static pod, must be one of the node's system, whoever gives it.
                { ...node, path: node.path ?? args.path, staticPod: args.staticPod },
                { ...rules, service: rules.service.optional(), name: nodeName },
            ),
            ...binaryProblems(`nodes.${String(at)}.binary`, node.binary ?? args.binary),
        ];
    });
    assertArgs(
        what,
        args,
        common,
        ...(problems ?? [
            { propertyPath: "nodes", reason: "got no list; expected nodes, each with a name" },
        ]),
        ...(nodes ?? []).flatMap(({ name }, at) =>
            nodes?.findIndex((other) => other.name === name) === at
                ? []
                : [
                      {
                          propertyPath: `nodes.${String(at)}.name`,
                          reason: `got ${JSON.stringify(name)}, which another node has; expected different names`,
                      },
                  ],
        ),
    );
}

function binaryProblems(at: string, binary: pulumi.Input<SwapBinaryArgs> | undefined) {
    if (pulumi.Output.isInstance(binary) || binary instanceof Promise) {
        return [];
    }
    return binary === undefined
        ? [
              {
                  propertyPath: at,
                  reason: "got nothing; expected the node's own program, or one for all nodes",
              },
          ]
        : problemsAt(at, binary, swapBinaryRules);
}
