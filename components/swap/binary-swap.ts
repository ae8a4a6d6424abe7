import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { type Host, hostParts, osOf } from "../host/host";
import { artifactDigest } from "../host/host-artifact";
import { after, hostResource, HostResource, recordedFacts, textOf } from "../host/host-resource";
import { checkOn } from "../host/os-rules";
import { keyOf } from "../host/scope";
import { hostName } from "../host/ssh-argv";
import { assertArgs, checked, checkedEach } from "../internal/validate";
import { type BinarySwapArgs, type SwapBinaryArgs, type SwapRequest } from "./swap-args";
import { swapProgram, thisArchitecture } from "./swap-program";
import { limitSec, requestText, swapBinaryRules, swapRulesOn } from "./swap-request";

/**
 * Another program in the place of the one that a running service has: systemd or a static pod on Linux, the service manager
 * on Windows.
 * A preview names the host and both fingerprints. What is not healthy is taken back; destroy puts the original back.
 */
export class BinarySwap extends pulumi.ComponentResource {
    /** Path of the program on the host. Unknown in a preview that swaps. */
    public readonly path: pulumi.Output<string>;
    /** SHA-256 of what the service runs. Unknown in a preview that swaps. */
    public readonly sha256: pulumi.Output<string>;
    /** What the new program printed with versionArguments; empty without. Unknown in a preview that swaps. */
    public readonly version: pulumi.Output<string>;
    /** Fingerprint of what the service runs once it was swapped, known in preview: what depends on the swap takes it as a trigger. */
    public readonly fingerprint: pulumi.Output<string>;
    /** Changes whenever another service or path is meant, or somebody else has replaced the program. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: BinarySwapArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:BinarySwap", name, args, opts);
        const what = `BinarySwap ${name}`;
        const rules = swapRulesOn(osOf(args.host));
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const binary = binaryOf(what, args.binary);
        const architecture = known.architecture.apply((machine) => machine ?? thisArchitecture);

        const program = swapProgram(`${name}-program`, what, args.host, architecture, {
            parent: this,
        });
        const turn = turnOf(recordedFacts(`${name}-swap`, args.host), binary.fingerprint);
        const swap = hostResource(
            `${name}-swap`,
            {
                host: args.host,
                create: "swap/swap.sh",
                delete: "swap/restore.sh",
                spec: {
                    service: known.service,
                    path: args.path === undefined ? undefined : known.path,
                    staticPod: known.staticPod.apply((yes) => (yes === true ? yes : undefined)),
                },
                environment: {
                    KUBEDEV_FINGERPRINT: binary.fingerprint,
                    KUBEDEV_TURN: turn,
                    KUBEDEV_REMEMBER: pulumi.interpolate`fact.fingerprint=${binary.fingerprint}\nfact.turn=${turn}`,
                    KUBEDEV_SHA256: binary.sha256,
                    KUBEDEV_SWAP: checked(what, requestOf(args), rules).apply(requestText),
                    KUBEDEV_PROGRAM: keyOf(`${name}-program`),
                    KUBEDEV_ARCHITECTURE: architecture,
                },
                payloadFile: binary.path,
                parents: args.parentIds,
                check: checkOn(what, args, swapRulesOn),
                timeoutSec: limitSec(args),
            },
            { parent: this, dependsOn: program.resource },
        );
        this.announce(swap, args.host, known.service, binary.fingerprint);
        const told = (field: string) => swap.result().apply((result) => textOf(result, field));
        this.path = told("path");
        this.sha256 = told("runs");
        this.version = told("version");
        this.fingerprint = after(swap.resource, binary.fingerprint);
        this.instanceId = swap.resource.id;
        this.registerOutputs({
            path: this.path,
            sha256: this.sha256,
            version: this.version,
            fingerprint: this.fingerprint,
            instanceId: this.instanceId,
        });
    }

    /** Says in a preview what will be swapped where, which the columns of a preview do not. */
    private announce(
        swap: HostResource,
        host: pulumi.Input<Host> | undefined,
        service: pulumi.Output<string>,
        fingerprint: pulumi.Output<string>,
    ): void {
        if (!pulumi.runtime.isDryRun()) {
            return;
        }
        pulumi
            .all([swap.facts, service, fingerprint, hostParts(host).ssh])
            .apply(([facts, unit, wanted, ssh]) => {
                const present =
                    facts === undefined
                        ? "its own program"
                        : (facts["fingerprint"] ?? "what an earlier run puts there");
                return present === wanted
                    ? undefined
                    : pulumi.log.info(`${unit} on ${hostName(ssh)}: ${present} => ${wanted}`, this);
            });
    }
}

/**
 * Counts the programs that the host has had: a run that was broken off may have put another one there, of which the state of
 * the engine knows nothing. By it, to go back to the input before is a change all the same.
 */
function turnOf(
    recorded: pulumi.Output<Record<string, string> | undefined>,
    fingerprint: pulumi.Output<string>,
): pulumi.Output<string> {
    return pulumi.all([recorded, fingerprint]).apply(([facts, wanted]) => {
        const turn = Number(facts?.["turn"] ?? "0");
        return String(facts?.["fingerprint"] === wanted ? turn : turn + 1);
    });
}

function requestOf(args: BinarySwapArgs): SwapRequest {
    const { service, staticPod, path, dependents, healthCheck, nodeCheckCommand } = args;
    const { drainCommand, undrainCommand, versionArguments, stopTimeoutSec, settleSec } = args;
    return {
        ...{ service, staticPod, path, dependents, healthCheck, nodeCheckCommand },
        ...{ drainCommand, undrainCommand, versionArguments, stopTimeoutSec, settleSec },
    };
}

/** Each is known by itself: a preview knows the fingerprint of what is not built yet. */
function binaryOf(what: string, binary: pulumi.Input<SwapBinaryArgs>) {
    const parts = pulumi.output(binary as pulumi.Input<Required<SwapBinaryArgs>>);
    const { path, fingerprint, sha256 } = checkedEach(
        `${what} binary`,
        { path: parts.path, fingerprint: parts.fingerprint, sha256: parts.sha256 },
        swapBinaryRules,
    );
    const digest = pulumi
        .all([path, sha256])
        .apply(([file, given]: [string, string | undefined]) =>
            given === undefined && pulumi.runtime.isDryRun() && !fs.existsSync(file)
                ? pulumi.output(pulumi.unknown as unknown as string)
                : artifactDigest(`${what} binary`, given, file),
        );
    return { path, fingerprint, sha256: digest };
}
