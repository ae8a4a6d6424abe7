import { script } from "../internal/scripts";
import { Ssh } from "./host";
import { hostName, sshArgv } from "./ssh-argv";

/** What a script on a host is run for. */
export type Verb = "create" | "update" | "delete" | "probe";

/** The shell text that runs a script below scripts/ on the host that the environment names. */
export function hostScript(verb: Verb, name: string): string {
    return [
        `kubedev_verb=${verb}\n`,
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
