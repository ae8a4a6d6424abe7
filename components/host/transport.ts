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

/**
 * Commands that run a thing's scripts on the host that the environment names. The texts come with the environment: a
 * command that fails is quoted whole in the error message, and ten kilobytes of shell would bury what went wrong.
 */
export function verbCommands(scripts: VerbScripts): Record<keyof VerbScripts, string | undefined> {
    const command = (verb: keyof VerbScripts) =>
        scripts[verb] === undefined
            ? undefined
            : `kubedev_verb=${verb} kubedev_script=$${textOf(verb, scripts)}; eval "$KUBEDEV_TRANSPORT" # ${scripts[verb]}`;
    return { create: command("create"), update: command("update"), delete: command("delete") };
}

/** Variable that holds the text of a script: the same one twice counts in every preview, since the engine handles it ten times. */
const textOf = (verb: keyof VerbScripts, scripts: VerbScripts) =>
    `KUBEDEV_SCRIPT_${(verb === "update" && scripts.update === scripts.create ? "create" : verb).toUpperCase()}`;

/** Environment that holds the texts for `verbCommands`, for a host with this system, or a container on it. `first` is a script that `create` begins with. */
export function scriptTexts(
    scripts: VerbScripts,
    os?: HostOs,
    first?: string,
    container?: Container,
): Record<string, string> {
    const create = `${first === undefined ? "" : scriptFor(first, os)}${scriptFor(scripts.create, os)}`;
    return {
        KUBEDEV_TRANSPORT: transportText(os, container),
        [textOf("create", scripts)]: create,
        [textOf("update", scripts)]:
            scripts.update === scripts.create ? create : scriptFor(scripts.update, os),
        [textOf("delete", scripts)]:
            scripts.delete === undefined ? "" : scriptFor(scripts.delete, os),
    };
}

/** Names of the variables of `scriptTexts`. */
export function textNames(scripts: VerbScripts): string[] {
    const verbs = ["create", "update", "delete"] as const;
    return ["KUBEDEV_TRANSPORT", ...new Set(verbs.map((verb) => textOf(verb, scripts)))];
}

/** Shell text that runs a script below scripts/ as a probe on the host that the environment names. */
export function probeText(name: string, os?: HostOs, container?: Container): string {
    return [
        "kubedev_verb=probe\n",
        `kubedev_script=$(cat <<'KUBEDEV_SCRIPT'\n${scriptFor(name, os).trimEnd()}\nKUBEDEV_SCRIPT\n)\n`,
        transportText(os, container),
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

function transportText(os: HostOs | undefined, container: Container | undefined): string {
    if (os === HostOs.Windows) {
        return `kubedev_agent=${windowsAgentDigest()}\n${script("host/transport-windows.sh")}`;
    }
    return container === undefined
        ? script("host/transport.sh")
        : `${containerText(container)}${script("host/transport-container.sh")}`;
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
