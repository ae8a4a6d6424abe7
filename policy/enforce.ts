import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../components/internal/errors";
import { machinesWithoutExpiry } from "./expiry";
import { unpinnedImages } from "./images";
import { openRanges } from "./open-ranges";
import { type DeclaredResource, knownValues, typesIn, type Violation } from "./resource";

/** The checks that kubedev has. */
export enum Check {
    /** Addresses from which everybody may come in. */
    OpenRanges = "open-ranges",
    /** Machines that cost until somebody remembers them. */
    MachinesWithoutExpiry = "machines-without-expiry",
    /** Images that may be another one tomorrow. */
    UnpinnedImages = "unpinned-images",
}

/** A resource that a check lets through. */
export interface PolicyException {
    check: Check;
    /** Name of the resource in the program. */
    name: string;
    /** Why it is let through: for those who read the program. */
    reason: string;
}

/** What is refused. */
export interface PolicyArgs {
    /** Checks that are made. Defaults to all. */
    checks?: readonly Check[];
    /** What they let through. Defaults to nothing. */
    exceptions?: readonly PolicyException[];
    /** A check of your own, beside them. Defaults to none. */
    also?: (resource: DeclaredResource) => readonly Violation[];
}

const checkOf: Record<Check, (resource: DeclaredResource) => Violation[]> = {
    [Check.OpenRanges]: openRanges,
    [Check.MachinesWithoutExpiry]: (resource) => machinesWithoutExpiry(resource, new Date()),
    [Check.UnpinnedImages]: unpinnedImages,
};

/** So that one error tells of what a program declares at once; more of it comes with the next preview. */
const gatherMs = 50;

/**
 * Refuses, from here on, every resource of this program that breaks a rule, in previews and runs. Call it before anything is
 * declared. It changes no resource, and a stack does not show that it is there.
 */
export function enforce(args: PolicyArgs = {}): void {
    const refusals: string[] = [];
    // Not registerResourceTransform: language hosts that were built apart from the engine may not know it.
    pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
        const judged = guarded(async () => {
            const parent = opts.parent === undefined ? "" : await promised(opts.parent.urn);
            const unknownPaths: string[] = [];
            const inputs = (await knownValues(props, unknownPaths)) as Record<string, unknown>;
            const parentTypes = typesIn(parent);
            const problems = violations({ type, name, parentTypes, inputs, unknownPaths }, args);
            if (problems.length > 0) {
                refusals.push(refusal(type, name, problems));
                await new Promise((resolve) => setTimeout(resolve, gatherMs));
                throw runError(refusals.join("\n"));
            }
        });
        // The resource is not declared before it was judged; what it depends on is as it was.
        const dependsOn = judged.then(() => listOf(opts.dependsOn));
        return { props, opts: { ...opts, dependsOn } };
    });
}

/** What the checks have against one resource, with the name of the check. For tests, and for policy packs of your own. */
export function violations(
    resource: DeclaredResource,
    { checks = Object.values(Check), exceptions = [], also }: PolicyArgs = {},
): (Violation & { check: string })[] {
    const excepted = (check: Check) =>
        exceptions.some((one) => one.check === check && one.name === resource.name);
    return [
        ...checks
            .filter((check) => !excepted(check))
            .flatMap((check) => checkOf[check](resource).map((found) => ({ ...found, check }))),
        ...(also?.(resource) ?? []).map((found) => ({ ...found, check: "also" })),
    ];
}

function refusal(type: string, name: string, problems: (Violation & { check: string })[]): string {
    const lines = problems.map(({ check, path, reason }) => `  ${path}: ${reason} (${check})`);
    return `the policy of this program refuses ${name} (${type}):\n${lines.join("\n")}`;
}

/** The URN of a parent is known, in a preview too. */
function promised(urn: pulumi.Output<string>): Promise<string> {
    return new Promise((resolve) => urn.apply(resolve));
}

/** What may be one, several, or an output of them: the SDK looks into lists itself. */
function listOf(dependsOn: pulumi.ResourceOptions["dependsOn"]): pulumi.Input<pulumi.Resource>[] {
    return (dependsOn === undefined ? [] : [dependsOn].flat()) as pulumi.Input<pulumi.Resource>[];
}
