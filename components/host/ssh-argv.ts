import { shellLine } from "../internal/quote";
import { Ssh } from "./host";

// The name under which a key given as text is pinned. What a known_hosts file says is looked up as usual.
const keyAlias = "kubedev-host";

/**
 * Options of the OpenSSH client that log in to exactly this host: its key pinned, no question asked, nothing read from
 * or written to the user's own ssh files.
 */
function sshOptions(ssh: Ssh): string[] {
    return [
        ...["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
        ...["-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no", "-o", "CheckHostIP=no"],
        ...hostKeyOptions(ssh),
        ...["-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6"],
        ...(ssh.privateKeyPath === undefined
            ? []
            : ["-o", "IdentitiesOnly=yes", ...identity(ssh.privateKeyPath)]),
        ...(ssh.proxy === undefined ? [] : ["-o", `ProxyCommand=${proxyCommand(ssh, ssh.proxy)}`]),
        ...["-p", String(portOf(ssh))],
    ];
}

function identity(path: string): string[] {
    // -i looks for the file before it expands tokens, and so finds none with a percent sign in its name.
    return path.includes("%") ? ["-o", `IdentityFile="${literal(path)}"`] : ["-i", path];
}

function hostKeyOptions(ssh: Ssh): string[] {
    if (ssh.hostKey === undefined) {
        // Quotes, since the option takes several files.
        return ["-o", `UserKnownHostsFile="${literal(ssh.knownHostsPath ?? "none")}"`];
    }
    const [type, key] = ssh.hostKey.split(" ");
    return [
        ...["-o", "UserKnownHostsFile=none", "-o", `HostKeyAlias=${keyAlias}`],
        // The command's output is read as lines of known_hosts: no file of ours has to lie about.
        ...["-o", `KnownHostsCommand=/bin/echo ${keyAlias} ${type ?? ""} ${key ?? ""}`],
    ];
}

function proxyCommand(ssh: Ssh, proxy: Ssh): string {
    const argv = ["ssh", ...sshOptions(proxy), "-W", `[${ssh.address}]:${String(portOf(ssh))}`];
    return literal(shellLine([...argv, target(proxy)]));
}

/** Text of an option in which ssh expands tokens as %h. */
function literal(text: string): string {
    return text.replaceAll("%", "%%");
}

function portOf(ssh: Ssh): number {
    return ssh.port ?? 22;
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
    const machine =
        ssh === undefined || ssh.address === ""
            ? "this machine"
            : `${target(ssh)} port ${String(portOf(ssh))}`;
    const container = ssh?.container;
    if (container === undefined) {
        return machine;
    }
    const engine = container.ownEngine === true ? "in the own engine of" : "on";
    return `container ${container.name} ${engine} ${machine}`;
}
