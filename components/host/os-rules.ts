import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { absoluteFilePath, absolutePath } from "../internal/rules";
import { ArgRules, checked } from "../internal/validate";
import { HostOs } from "./host";
import { WindowsShell } from "./windows-service";

/** Rules that differ by the system of a host. Undefined is a system that is not known yet: either will do until it is. */

const windowsPathText = 'expected an absolute path with a drive, as "C:\\k\\kubelet.exe"';
const windowsPath = z
    .string({ error: windowsPathText })
    // The names as Windows has them: it would take other endings away without a word.
    .regex(/^[A-Za-z]:[\\/](?:[^<>:"|?*\p{Cc}\\/]*[^<>:"|?*\p{Cc}\\/. ](?:[\\/]|$))*$/u, {
        error: windowsPathText,
    });
const windowsFilePath = windowsPath.regex(/[^\\/]$/, { error: `${windowsPathText}, of a file` });

/** Absolute path on a host. */
export function absolutePathOn(os: HostOs | undefined): z.ZodType<string> {
    return bySystem(os, absolutePath, windowsPath);
}

/** Absolute path of something on a host that is no directory. */
export function absoluteFilePathOn(os: HostOs | undefined): z.ZodType<string> {
    return bySystem(os, absoluteFilePath, windowsFilePath);
}

function bySystem(
    os: HostOs | undefined,
    linux: z.ZodType<string>,
    windows: z.ZodType<string>,
): z.ZodType<string> {
    return os === undefined
        ? z.union([linux, windows], { error: "expected an absolute path" })
        : os === HostOs.Windows
          ? windows
          : linux;
}

/** An argument that a host with the given system does not have; elsewhere, what the rule says. */
export function notOn<Rule extends z.ZodType>(
    without: HostOs,
    os: HostOs | undefined,
    rule: Rule,
    why: string,
): Rule | z.ZodUndefined {
    const name = without === HostOs.Windows ? "Windows" : "Linux";
    return os === without
        ? z.undefined({ error: `expected nothing on a ${name} host: ${why}` })
        : rule;
}

/** Shell of scripts on a Windows host. */
export function shellOn(os: HostOs | undefined): z.ZodType {
    return notOn(
        HostOs.Linux,
        os,
        z.enum(WindowsShell, { error: 'expected "powershell" or "cmd"' }).optional(),
        "its shell is sh; leave it out, or set host.os to windows",
    );
}

/** Checks arguments again where an output tells that the host has Windows, or where Linux lacks something: see `HostResourceArgs.check`. */
export function checkOn<Args extends object>(
    what: string,
    args: Args,
    rulesOn: (os: HostOs) => ArgRules<Args>,
    onLinux = false,
): (os: HostOs) => pulumi.Output<unknown> | undefined {
    return (os) =>
        os === HostOs.Windows || onLinux ? checked(what, args, rulesOn(os)) : undefined;
}
