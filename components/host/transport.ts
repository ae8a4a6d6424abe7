import * as path from "node:path";
import { shellWords } from "../internal/quote";
import { script } from "../internal/scripts";
import { assertLinux, Container, HostOs, Ssh } from "./host";
import { hostName, sshArgv } from "./ssh-argv";
import { windowsAgentDigest } from "./windows-agent-program";

/** Scripts of a thing, by what they are run for: names below scripts/. */
export interface VerbScripts {
    create: string;
    update: string;
    delete: string | undefined;
}

/** Where a thing's scripts are to run, as far as their texts go. */
export interface TextPlace {
    /** False: on the machine that runs Pulumi itself, where nothing is sent anywhere. */
    away: boolean;
    os?: HostOs | undefined;
    container?: Container | undefined;
}

/**
 * Commands that run a thing's scripts on the host that the environment names. The texts come with the environment: a
 * command that fails is quoted whole in the error message, and ten kilobytes of shell would bury what went wrong.
 */
export function verbCommands(scripts: VerbScripts): Record<keyof VerbScripts, string | undefined> {
    const begin = shareBegin(scripts) ? `$${beginName}` : "";
    const command = (verb: keyof VerbScripts) =>
        scripts[verb] === undefined
            ? undefined
            : `kubedev_verb=${verb} kubedev_script=${begin}$${textOf(verb, scripts)}; eval "$KUBEDEV_TRANSPORT" # ${scripts[verb]}`;
    return { create: command("create"), update: command("update"), delete: command("delete") };
}

/** Variable that holds the text of a script: the same one twice counts in every preview, since the engine handles it ten times. */
const textOf = (verb: keyof VerbScripts, scripts: VerbScripts) =>
    `KUBEDEV_SCRIPT_${(verb === "update" && scripts.update === scripts.create ? "create" : verb).toUpperCase()}`;

/** Variable that holds what all of a thing's scripts begin with, for the same reason: prelude.sh, as a rule. */
const beginName = "KUBEDEV_SCRIPT_BEGIN";

const shareBegin = ({ create, update, delete: remove }: VerbScripts) =>
    update !== create || remove !== undefined;

/** Environment that holds the texts for `verbCommands`. `first` is a script that `create` begins with. */
export function scriptTexts(
    scripts: VerbScripts,
    { away, os, container }: TextPlace,
    first?: string,
): Record<string, string> {
    const texts = {
        [textOf("create", scripts)]:
            `${first === undefined ? "" : scriptFor(first, os)}${scriptFor(scripts.create, os)}`,
        ...(scripts.update === scripts.create
            ? {}
            : { [textOf("update", scripts)]: scriptFor(scripts.update, os) }),
        [textOf("delete", scripts)]:
            scripts.delete === undefined ? "" : scriptFor(scripts.delete, os),
    };
    const transport = { KUBEDEV_TRANSPORT: transportText({ away, os, container }) };
    if (!shareBegin(scripts)) {
        return { ...transport, ...texts };
    }
    const begin = commonBegin(Object.values(texts).filter((text) => text !== ""));
    const rests = Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [name, text.slice(begin.length)]),
    );
    return { ...transport, [beginName]: begin, ...rests };
}

/** The whole lines that all the texts begin with. */
export function commonBegin(texts: readonly string[]): string {
    const [one = [], ...others] = texts.map((text) => text.split(/(?<=\n)/));
    const differs = one.findIndex(
        (line, at) => !line.endsWith("\n") || others.some((other) => other[at] !== line),
    );
    return (differs === -1 ? one : one.slice(0, differs)).join("");
}

/** Names of the variables of `scriptTexts`. */
export function textNames(scripts: VerbScripts): string[] {
    const verbs = ["create", "update", "delete"] as const;
    const begin = shareBegin(scripts) ? [beginName] : [];
    return ["KUBEDEV_TRANSPORT", ...begin, ...new Set(verbs.map((verb) => textOf(verb, scripts)))];
}

/** Shell text that runs a script below scripts/ as a probe on the host that the environment names. */
export function probeText(name: string, os?: HostOs, container?: Container): string {
    return [
        "kubedev_verb=probe\n",
        `kubedev_script=$(cat <<'KUBEDEV_SCRIPT'\n${scriptFor(name, os).trimEnd()}\nKUBEDEV_SCRIPT\n)\n`,
        transportText({ away: true, os, container }),
    ].join("");
}

/** On Windows a script is a part of the program there, by its name. */
function scriptFor(name: string, os: HostOs | undefined): string {
    if (os !== HostOs.Windows) {
        return script(name);
    }
    if (!windowsScripts.includes(name)) {
        assertLinux(name, os);
    }
    return path.basename(name, ".sh");
}

/** Scripts that agents/windows has, too. */
const windowsScripts = [
    "host/probe.sh",
    ...["host/command-create.sh", "host/command-update.sh", "host/command-delete.sh"],
    ...["host/file-write.sh", "host/file-remove.sh"],
    ...["host/artifact-fetch.sh", "host/artifact-remove.sh"],
    ...["host/service-start.sh", "host/service-remove.sh"],
    ...["swap/program.sh", "swap/program-remove.sh", "swap/swap.sh", "swap/restore.sh"],
];

function transportText({ away, os, container }: TextPlace): string {
    if (os === HostOs.Windows) {
        return `kubedev_agent=${windowsAgentDigest()}\n${script("host/transport-windows.sh")}`;
    }
    if (container !== undefined) {
        return `${containerText(container)}${script("host/transport-container.sh")}`;
    }
    return script(away ? "host/transport.sh" : "host/transport-here.sh");
}

/** Sets what transport-container.sh takes. */
export function containerText({ name, ownEngine }: Container): string {
    return `kubedev_container=${shellWords([name])}\nkubedev_engine=${ownEngine === true ? "own" : "host"}\n`;
}

/** Environment that names the host for `hostScript`. */
export function hostEnvironment(ssh: Ssh | undefined): Record<string, string> {
    return {
        KUBEDEV_HOST_NAME: hostName(ssh),
        KUBEDEV_SSH: ssh === undefined || ssh.address === "" ? "" : sshArgv(ssh).join("\n"),
    };
}
