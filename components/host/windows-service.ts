import * as pulumi from "@pulumi/pulumi";
import { HealthCheckArgs } from "./health-check";

/** Shell of scripts on a Windows host. */
export enum WindowsShell {
    /** Windows PowerShell. An error that nobody catches ends the script with status 1. */
    PowerShell = "powershell",
    /** The command prompt: the script is a batch file. */
    Cmd = "cmd",
}

/** What agents/windows/service reads: no shell runs the process there. */
export function windowsRun(
    environment: Record<string, string> | undefined,
    directory: string | undefined,
    argv: readonly string[],
): string {
    return JSON.stringify({ argv, environment: environment ?? {}, directory: directory ?? "" });
}

/** The check for a Windows host, which looks by itself but for a command; empty if the service need only go on running. */
export function windowsHealth(check: pulumi.Unwrap<HealthCheckArgs> | undefined): string {
    const { httpUrl, tcpAddress, command } = check ?? {};
    const given = { httpUrl, tcpAddress, command };
    return Object.values(given).every((value) => value === undefined) ? "" : JSON.stringify(given);
}
