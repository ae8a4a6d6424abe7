import { Ssh } from "../host/host";
import { sshArgv } from "../host/ssh-argv";
import { shellLine } from "../internal/quote";

/** Shell text that becomes a login which only forwards, as ["-R", "127.0.0.1:6443:127.7.7.7:6443"]; without a host one that ends. */
export function tunnel(ssh: Ssh | undefined, forwards: readonly string[]): string {
    // One that need not be there is declared as not running.
    return ssh === undefined
        ? "exec false"
        : `exec ${shellLine([
              ...["ssh", "-N", "-T", "-n"],
              ...["-o", "ExitOnForwardFailure=yes", "-o", "ForwardAgent=no"],
              ...forwards,
              ...sshArgv(ssh),
          ])}`;
}

/** Argument vector that succeeds when an API server answers at address:port. Who it is is not asked: its clients do. */
export function askAt(server: string): string[] {
    return [
        ...["curl", "-sSk", "--noproxy", "*", "--max-time", "10", "-o", "/dev/null"],
        `https://${server}/livez`,
    ];
}
