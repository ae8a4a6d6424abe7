import * as pulumi from "@pulumi/pulumi";
import { BinarySwap } from "./binary-swap";
import { type BinaryRolloutArgs } from "./rollout-args";
import { assertRollout } from "./rollout-rules";

/**
 * A BinarySwap on each of several nodes, one after the other, or as many at a time as may be away. At the first that is not
 * swapped it stops: the nodes behind it are left alone, and `up` fails with its name.
 */
export class BinaryRollout extends pulumi.ComponentResource {
    /** By node: fingerprint of what its service runs once it was swapped, known in preview. */
    public readonly fingerprints: pulumi.Output<Record<string, string>>;
    /** By node: what the new program printed with versionArguments; empty without. Unknown in a preview that swaps one. */
    public readonly versions: pulumi.Output<Record<string, string>>;
    /** By node: changes whenever another service or path is meant, or somebody else has replaced the program. */
    public readonly instanceIds: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: BinaryRolloutArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:BinaryRollout", name, args, opts);
        assertRollout(`BinaryRollout ${name}`, args);
        const { nodes, maxUnavailable = 1, ...common } = args;
        const swaps: [string, BinarySwap][] = [];
        for (const { name: node, ...own } of nodes) {
            const before = awaited(swaps.length, maxUnavailable).map((at) => swaps[at]?.[1]);
            const swap = new BinarySwap(
                `${name}-${node}`,
                { ...common, ...given(own) },
                { parent: this, transformations: [swapsAfter(`${name}-${node}-swap`, before)] },
            );
            swaps.push([node, swap]);
        }
        const byNode = (of: (swap: BinarySwap) => pulumi.Output<string>) =>
            pulumi.output(Object.fromEntries(swaps.map(([node, swap]) => [node, of(swap)])));
        this.fingerprints = byNode((swap) => swap.fingerprint);
        this.versions = byNode((swap) => swap.version);
        this.instanceIds = byNode((swap) => swap.instanceId);
        this.registerOutputs({
            fingerprints: this.fingerprints,
            versions: this.versions,
            instanceIds: this.instanceIds,
        });
    }
}

/**
 * Which nodes must have been swapped before the one at a place in the order: all but those that may be in work beside it. Each
 * waits for all of them by itself: of several that are removed the engine looks only at who waits for whom directly.
 *
 * @internal
 */
export function awaited(at: number, maxUnavailable: number): number[] {
    return Array.from({ length: Math.max(0, at - maxUnavailable + 1) }, (_, index) => index);
}

/**
 * Only the swap itself waits, not what it needs on the host; and only by dependsOn, which is no input: another order changes
 * nothing. Of the component it would be no dependency of its children, which destroy goes by.
 */
function swapsAfter(
    swap: string,
    before: (BinarySwap | undefined)[],
): pulumi.ResourceTransformation {
    const dependsOn = before.filter((swap) => swap !== undefined);
    return ({ name, props, opts }) =>
        name === swap && dependsOn.length > 0
            ? { props, opts: pulumi.mergeOptions(opts, { dependsOn }) }
            : undefined;
}

function given<Values extends object>(values: Values): Partial<Values> {
    return Object.fromEntries(
        Object.entries(values).filter(([, value]) => value !== undefined),
    ) as Partial<Values>;
}
