import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { shellLine } from "../internal/quote";
import { fields, shellText, whole } from "../internal/rules";

/** How to tell that a service is healthy. Give at most one of httpUrl, tcpAddress and command. */
export interface HealthCheckArgs {
    /** URL that must answer with a status below 400, as seen from the host. A self-signed certificate is accepted. */
    httpUrl?: pulumi.Input<string>;
    /** `address:port` that must accept a TCP connection, as seen from the host. */
    tcpAddress?: pulumi.Input<string>;
    /** Shell command that must succeed on the host. It runs in the service's directory, with KUBEDEV_PID set. */
    command?: pulumi.Input<string>;
    /** How long it may take to become healthy, in seconds. Defaults to 60. */
    timeoutSec?: number;
}

const tcpAddress = /^(?:\[([A-Za-z0-9:.%-]+)\]|([A-Za-z0-9_.-]+)):(\d{1,5})$/;

/** What a health check must look like. @internal */
export const healthCheckRule = fields("healthCheck", {
    httpUrl: z
        .string({ error: "expected an http or https URL" })
        .regex(/^https?:\/\/\S+$/, { error: "expected an http or https URL" })
        .optional(),
    tcpAddress: z
        .string({ error: 'expected address:port, as "127.0.0.1:6443"' })
        .regex(tcpAddress, {
            error: 'expected address:port, as "127.0.0.1:6443" or "[::1]:6443"',
        })
        .optional(),
    command: shellText("a shell command").optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
})
    .refine(
        (check) =>
            [check.httpUrl, check.tcpAddress, check.command].filter((c) => c !== undefined)
                .length <= 1,
        { error: "expected at most one of httpUrl, tcpAddress and command" },
    )
    .optional();

/** The check as shell text; empty if the service need only go on running. */
export function healthCheckText(check: pulumi.Unwrap<HealthCheckArgs> | undefined): string {
    if (check?.command !== undefined) {
        return check.command;
    }
    if (check?.httpUrl !== undefined) {
        return shellLine([
            "curl",
            "-fsSk",
            "--noproxy",
            "*",
            "--max-time",
            "5",
            "-o",
            "/dev/null",
            check.httpUrl,
        ]);
    }
    const [, bracketed, plain, port] = tcpAddress.exec(check?.tcpAddress ?? "") ?? [];
    const address = bracketed ?? plain;
    if (address !== undefined && port !== undefined) {
        // bash, since no other tool that opens a TCP connection is sure to be there.
        return shellLine(["timeout", "5", "bash", "-c", "exec 3<>/dev/tcp/$0/$1", address, port]);
    }
    return "";
}

/** How long a service may take to be healthy, known or not. */
export function healthTimeoutSec(
    check: pulumi.Input<HealthCheckArgs> | undefined,
    byDefault = 60,
): pulumi.Input<number> {
    return pulumi.Output.isInstance(check) || check instanceof Promise
        ? pulumi.output(check).apply((known) => known.timeoutSec ?? byDefault)
        : (check?.timeoutSec ?? byDefault);
}
