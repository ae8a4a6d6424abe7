import { Ssh } from "./host";

/** A file for `ssh -F`, with which a person logs in under a short name. Hosts behind a proxy are not written this way. */
export function sshConfig(alias: string, ssh: Ssh): string {
    const lines = {
        HostName: ssh.address,
        Port: String(ssh.port ?? 22),
        User: ssh.user ?? "root",
        IdentityFile: ssh.privateKeyPath,
        IdentitiesOnly: ssh.privateKeyPath === undefined ? undefined : "yes",
        UserKnownHostsFile: ssh.knownHostsPath,
        GlobalKnownHostsFile: "none",
        StrictHostKeyChecking: "yes",
    };
    return [
        `Host ${alias}`,
        ...Object.entries(lines).flatMap(([name, value]) =>
            value === undefined ? [] : [`    ${name} ${quoted(value)}`],
        ),
        "",
    ].join("\n");
}

/** ssh_config(5): arguments with blanks stand in double quotes; % starts a token in paths. */
function quoted(value: string): string {
    const escaped = value.replaceAll("%", "%%");
    return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}
