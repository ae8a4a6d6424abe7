import { script } from "../internal/scripts";
import { Ssh } from "./host";
import { hostName, sshArgv } from "./ssh-argv";

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

/** Environment that holds the texts for `verbCommands`. */
export function scriptTexts(scripts: VerbScripts): Record<string, string> {
    return {
        KUBEDEV_TRANSPORT: script("host/transport.sh"),
        [textOf("create", scripts)]: script(scripts.create),
        [textOf("update", scripts)]: script(scripts.update),
        [textOf("delete", scripts)]: scripts.delete === undefined ? "" : script(scripts.delete),
    };
}

/** Shell text that runs a script below scripts/ as a probe on the host that the environment names. */
export function probeText(name: string): string {
    return [
        "kubedev_verb=probe\n",
        `kubedev_script=$(cat <<'KUBEDEV_SCRIPT'\n${script(name)}KUBEDEV_SCRIPT\n)\n`,
        script("host/transport.sh"),
    ].join("");
}

/** Environment that names the host for `hostScript`. */
export function hostEnvironment(ssh: Ssh | undefined): Record<string, string> {
    return {
        KUBEDEV_HOST_NAME: hostName(ssh),
        KUBEDEV_SSH: ssh === undefined ? "" : sshArgv(ssh).join("\n"),
    };
}
