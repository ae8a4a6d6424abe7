import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { applied } from "../internal/outputs";
import { look } from "./drift-probe";
import { checkedHere, Host, hostParts, loginOf, Ssh } from "./host";
import { PerRun } from "./scope";
import { hostName } from "./ssh-argv";
import { hostEnvironment } from "./transport";

/** A program that must be there. */
export interface ToolCheck {
    /** Name on the PATH. */
    program: string;
    /** Debian package that has it. */
    package: string;
    /** Lowest version, as "7.0". Defaults to any. */
    minVersion?: string;
    /** Arguments that print the version. Defaults to --version. */
    versionArguments?: string;
}

/** Disk space that must be free. */
export interface SpaceCheck {
    /** Absolute path, or `~/path`; it need not be there yet. */
    path: string;
    /** MiB that must be free there. */
    freeMib: number;
}

/** Anything else: a shell command that must succeed. */
export interface CommandCheck {
    /** What is checked, in words. */
    what: string;
    /** Shell text. The last line that it prints is shown when it fails. */
    command: string;
    /** What was expected, in words. */
    expected: string;
    /** What puts it right: a command, if there is one. */
    fix: string;
}

/** What a host must have before anything is made on it. */
export interface HostChecks {
    tools?: readonly ToolCheck[];
    spaces?: readonly SpaceCheck[];
    commands?: readonly CommandCheck[];
}

/** What scripts/host/preflight.sh found, in the order of the checks. */
export interface HostFindings {
    manager: string | undefined;
    root: boolean;
    /** A version, "present" or "missing". */
    tools: string[];
    freeMib: number[];
    commands: { status: number; said: string }[];
}

const made = new PerRun(() => new Map<string, Promise<Ssh | undefined>>());

/**
 * The host, once it has what is asked for: what is made of this output is not touched before. All that is missing comes
 * in one error, with the commands that put it right. It runs whenever the program does, in a preview too. A host that
 * does not answer, is declared as stopped or is a machine of kubedev's own making passes: there is nothing to look at, or
 * it was made with what it needs.
 */
export function preflight(
    host: pulumi.Input<Host> | undefined,
    checks: HostChecks,
): pulumi.Output<Host> {
    const { here, ssh, container, parentId, parentUrn, readyId, running } = hostParts(host);
    if (here) {
        return checkedHere(
            ssh.apply(async () => {
                await checkOnce(undefined, checks);
                return undefined;
            }),
        );
    }
    const passed = applied([ssh, parentUrn, running], async ([known, urn, runs]) => {
        if (urn === undefined && runs !== false) {
            return checkOnce(known, checks);
        }
        return known;
    });
    return pulumi.output({
        ...{ ssh: passed.apply(loginOf), container, parentId, parentUrn, readyId, running },
    });
}

function checkOnce(ssh: Ssh | undefined, checks: HostChecks): Promise<Ssh | undefined> {
    const key = JSON.stringify([hostEnvironment(ssh), checks]);
    const known = made.get().get(key);
    if (known !== undefined) {
        return known;
    }
    const checking = guarded(async () => {
        await check(ssh, checks);
        return ssh;
    });
    made.get().set(key, checking);
    return checking;
}

async function check(ssh: Ssh | undefined, checks: HostChecks): Promise<void> {
    const printed = await look("host/preflight.sh", ssh, hostEnvironment(ssh), questions(checks));
    if (printed.startsWith("unreachable=")) {
        return;
    }
    const problems = problemsOf(checks, parseFindings(printed));
    if (problems.length > 0) {
        throw runError(
            `${hostName(ssh)} lacks what is needed:\n${problems.map((p) => `  ${p}`).join("\n")}`,
        );
    }
}

/** The checks as scripts/host/preflight.sh takes them. */
export function questions(checks: HostChecks): Record<string, string> {
    const lines = (all: readonly string[] | undefined) => (all ?? []).join("\n");
    return {
        KUBEDEV_TOOLS: lines(
            checks.tools?.map((t) =>
                t.minVersion === undefined
                    ? t.program
                    : `${t.program} ${t.versionArguments ?? "--version"}`,
            ),
        ),
        KUBEDEV_SPACES: lines(checks.spaces?.map((s) => s.path)),
        KUBEDEV_COMMANDS: lines(
            checks.commands?.map((c) => Buffer.from(c.command).toString("base64")),
        ),
    };
}

/** Reads what scripts/host/preflight.sh prints. */
export function parseFindings(text: string): HostFindings {
    const values = (name: string) =>
        text
            .split("\n")
            .filter((line) => line.startsWith(`${name}=`))
            .map((line) => line.slice(name.length + 1));
    return {
        manager: values("manager")[0],
        root: values("root")[0] === "true",
        tools: values("tool"),
        freeMib: values("space").map(Number),
        commands: values("command").map((value) => {
            const [status, ...said] = value.split(" ");
            return { status: Number(status), said: said.join(" ") };
        }),
    };
}

/** What is wrong, each with what was got and what was expected, and at the end how to put it right. */
export function problemsOf(checks: HostChecks, found: HostFindings): string[] {
    const tools = (checks.tools ?? []).flatMap((tool, at) => {
        const got = found.tools[at] ?? "missing";
        const expected =
            tool.minVersion === undefined ? "it to be there" : `${tool.minVersion} or later`;
        return isEnough(got, tool.minVersion)
            ? []
            : [{ text: `${tool.program}: got ${inWords(got)}; expected ${expected}`, tool }];
    });
    const spaces = (checks.spaces ?? []).flatMap(({ path, freeMib }, at) => {
        const got = found.freeMib[at] ?? 0;
        return got >= freeMib
            ? []
            : [
                  `free space at ${path}: got ${String(got)} MiB; expected ${String(freeMib)} MiB; remove what is no longer needed there`,
              ];
    });
    const commands = (checks.commands ?? []).flatMap((command, at) => {
        const got = found.commands[at] ?? { status: -1, said: "" };
        const said = got.said === "" ? `exit status ${String(got.status)}` : got.said;
        return got.status === 0
            ? []
            : [`${command.what}: got ${said}; expected ${command.expected}; ${command.fix}`];
    });
    const install =
        tools.length === 0
            ? []
            : [
                  installHint(
                      tools.map(({ tool }) => tool.package),
                      found,
                  ),
              ];
    return [...tools.map(({ text }) => text), ...install, ...spaces, ...commands];
}

function inWords(got: string): string {
    const words: Record<string, string> = {
        missing: "nothing",
        present: "a version that it does not tell",
    };
    return words[got] ?? got;
}

/** One command for all that is missing. */
function installHint(packages: readonly string[], found: HostFindings): string {
    const names = [...new Set(packages)].sort().join(" ");
    if (found.manager !== "apt-get") {
        return `install what has these Debian packages: ${names}`;
    }
    return `install: ${found.root ? "" : "sudo "}apt-get install ${names}`;
}

function isEnough(got: string, min: string | undefined): boolean {
    if (min === undefined || got === "missing") {
        return got !== "missing";
    }
    return compareVersions(got, min) >= 0;
}

/** Negative, zero or positive, as the first version is older, equal or newer. */
export function compareVersions(a: string, b: string): number {
    const [left, right] = [a, b].map((version) => version.split(".").map(Number));
    for (let at = 0; at < Math.max(left?.length ?? 0, right?.length ?? 0); at++) {
        const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
        if (difference !== 0) {
            return difference;
        }
    }
    return 0;
}
