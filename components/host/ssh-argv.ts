import { shellLine } from "../internal/quote";
import { Ssh } from "./host";

// One name for every host in known_hosts lines: the key is pinned, the name says nothing.
const keyAlias = "kubedev-host";

/**
 * Options of the OpenSSH client that log in to exactly this host: its key pinned, no question asked, nothing read from
 * or written to the user's own ssh files.
 */
function sshOptions(ssh: Ssh): string[] {
    return [
        ...["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
        ...["-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no"],
        ...["-o", "CheckHostIP=no", "-o", `HostKeyAlias=${keyAlias}`],
        ...["-o", `UserKnownHostsFile=${ssh.knownHostsPath ?? "none"}`],
        // The command's output is read as lines of known_hosts: no file of ours has to lie about.
        ...(ssh.hostKey === undefined
            ? []
            : ["-o", `KnownHostsCommand=/bin/echo ${keyAlias} ${keyAndType(ssh.hostKey)}`]),
        ...["-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6"],
        ...(ssh.privateKeyPath === undefined
            ? []
            : ["-o", "IdentitiesOnly=yes", "-i", ssh.privateKeyPath]),
        ...(ssh.proxy === undefined
            ? []
            : [
                  "-o",
                  `ProxyCommand=${shellLine(["ssh", ...sshOptions(ssh.proxy), "-W", "[%h]:%p", target(ssh.proxy)])}`,
              ]),
        ...["-p", String(ssh.port ?? 22)],
    ];
}

function keyAndType(hostKey: string): string {
    return hostKey.split(" ").slice(0, 2).join(" ");
}

function target(ssh: Ssh): string {
    return `${ssh.user ?? "root"}@${ssh.address}`;
}

/** Arguments of `ssh`, without a remote command. */
export function sshArgv(ssh: Ssh): string[] {
    return [...sshOptions(ssh), target(ssh)];
}

/** The shortest command with which a person logs in, ready to paste. */
export function sshCommand(ssh: Ssh): string {
    return shellLine(["ssh", ...sshOptions(ssh).filter(isNotTechnical), target(ssh)]);
}

function isNotTechnical(option: string, index: number, all: readonly string[]): boolean {
    const technical = /^(BatchMode|UpdateHostKeys|CheckHostIP|ConnectTimeout|ServerAlive\w+)=/;
    return !technical.test(option) && !(option === "-o" && technical.test(all[index + 1] ?? ""));
}

/** The host in words, for messages. */
export function hostName(ssh: Ssh | undefined): string {
    return ssh === undefined ? "this machine" : `${target(ssh)} port ${String(ssh.port ?? 22)}`;
}
