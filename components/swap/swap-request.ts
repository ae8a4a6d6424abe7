import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { healthCheckRule } from "../host/health-check";
import { anyHostRule, HostOs } from "../host/host";
import { absoluteFilePathOn, notOn } from "../host/os-rules";
import {
    absolutePath,
    parentIds,
    sha256Digest,
    shellText,
    whole,
    yesOrNo,
} from "../internal/rules";
import { type SwapRequest } from "./swap-args";
import { architectures } from "./swap-program";

const serviceName = z
    .string({ error: "expected the name of a systemd unit or of a Windows service" })
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@: -]{0,200}$/, {
        error: "expected the name of a systemd unit or of a Windows service",
    });

/** What the arguments of a BinarySwap must look like on a host with this system. @internal */
export const swapRulesOn = (os: HostOs | undefined) => ({
    host: anyHostRule,
    service: serviceName,
    staticPod: notOn(HostOs.Windows, os, yesOrNo.optional(), "the kubelet there has none"),
    path: absoluteFilePathOn(os).optional(),
    dependents: z.array(serviceName, { error: "expected names of services" }).optional(),
    healthCheck: healthCheckRule,
    nodeCheckCommand: shellText("a shell command").optional(),
    drainCommand: shellText("a shell command").optional(),
    undrainCommand: shellText("a shell command").optional(),
    versionArguments: z
        .array(z.string({ error: "expected a string" }), { error: "expected arguments" })
        .optional(),
    parentIds: parentIds.optional(),
    stopTimeoutSec: whole(1, 3600, "seconds").optional(),
    settleSec: whole(1, 3600, "seconds").optional(),
    architecture: notOn(
        HostOs.Windows,
        os,
        z.enum(architectures, { error: 'expected "amd64" or "arm64"' }).optional(),
        "the program there is for amd64",
    ),
});

/** What a new program must look like. @internal */
export const swapBinaryRules = {
    path: absolutePath,
    fingerprint: z
        .string({ error: "expected the fingerprint of a binary, or its SHA-256" })
        .regex(/^[A-Za-z0-9._:-]+$/, {
            error: "expected the fingerprint of a binary, or its SHA-256",
        }),
    sha256: sha256Digest.optional(),
};

/** What agents/swap/request.go reads. @internal */
export function requestText(args: pulumi.Unwrap<SwapRequest>): string {
    const { httpUrl, tcpAddress, command } = args.healthCheck ?? {};
    return JSON.stringify({
        service: args.service,
        path: args.path ?? "",
        // Not there for what is none: the request of a service stays the text that it is.
        staticPod: args.staticPod === true ? true : undefined,
        dependents: args.dependents ?? [],
        health: { httpUrl, tcpAddress, command },
        nodeCheck: args.nodeCheckCommand ?? "",
        drain: args.drainCommand ?? "",
        undrain: args.undrainCommand ?? "",
        versionArguments: args.versionArguments ?? [],
        stopSec: args.stopTimeoutSec ?? 30,
        healthSec: args.healthCheck?.timeoutSec ?? 60,
        settleSec: args.settleSec ?? 5,
    });
}

/** Each phase of a swap that is taken back, at its longest, with three services. Must be known when the resource is declared. @internal */
export function limitSec(args: SwapRequest): number {
    const check = args.healthCheck;
    if (pulumi.Output.isInstance(check) || check instanceof Promise) {
        return 86400;
    }
    const drains = args.drainCommand === undefined ? 0 : 2;
    return (
        6 * ((args.stopTimeoutSec ?? 30) + 15) +
        (4 + drains) * (check?.timeoutSec ?? 60) +
        2 * (args.settleSec ?? 5) +
        300
    );
}
