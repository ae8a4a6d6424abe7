import { runError } from "../internal/errors";
import { type Accelerator } from "./qemu-spec";

/** What goes on the kernel's command line of a machine. */
export interface KernelLineSpec {
    /** Host name of the guest: RFC 1123, at most 64 bytes. */
    hostname: string;
    /** How guest code is run. */
    accelerator: Accelerator;
    /** Further parameters, e.g. "systemd.unified_cgroup_hierarchy=1". */
    extra?: string[];
}

const always = [
    "console=ttyS0",
    // Kernel messages from warnings up, and what systemd starts: wait-ssh-banner.sh looks for it.
    ...["quiet", "systemd.show_status=1"],
    // No auditing of system calls, which nobody reads here; of four serial ports one is there.
    ...["audit=0", "8250.nr_uarts=1"],
];
/** For an emulated CPU: what it takes to run code that it has not translated before. */
const emulated = [
    // The same addresses in all processes: a program's code is translated once, not at each start
    // (half of all translation during a boot).
    "norandmaps",
    // systemd compiles a filter of system calls for each of its services (10 % of a boot).
    "SYSTEMD_SECCOMP=0",
];

/** COMMAND_LINE_SIZE of x86 less the final NUL. */
const maxBytes = 2047;

/** Kernel command line for a machine that boots from the base image. */
export function kernelLine(spec: KernelLineSpec): string {
    const { hostname, accelerator, extra = [] } = spec;
    if (hostname.length > 64 || !hostname.split(".").every(isHostnameLabel)) {
        throw runError(
            `host name ${JSON.stringify(hostname)}: expected letters, digits and inner hyphens, ` +
                "parts of at most 63 joined by dots, at most 64 characters",
        );
    }
    const parameters = [
        ...always,
        ...(accelerator === "tcg" ? emulated : []),
        `systemd.hostname=${hostname}`,
        // The last of several wins, so the user's word stands.
        ...extra,
    ];
    const line = parameters.map(quoteParameter).join(" ");
    const bytes = Buffer.byteLength(line);
    if (bytes > maxBytes) {
        throw runError(
            `kernel command line has ${bytes} bytes, the kernel takes ${maxBytes}; ` +
                "pass less in extra kernel parameters",
        );
    }
    return line;
}

function isHostnameLabel(label: string): boolean {
    return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label);
}

/** The kernel knows double quotes and no escapes, so a quote itself cannot be passed. */
function quoteParameter(parameter: string): string {
    if (parameter === "" || /["\p{Cc}]/u.test(parameter.replaceAll("\t", " "))) {
        throw runError(
            `kernel parameter ${JSON.stringify(parameter)}: expected text without double quotes ` +
                "and control characters",
        );
    }
    if (!/\s/.test(parameter)) {
        return parameter;
    }
    const equals = parameter.indexOf("=");
    return `${parameter.slice(0, equals + 1)}"${parameter.slice(equals + 1)}"`;
}
