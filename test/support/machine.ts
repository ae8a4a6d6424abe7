/** Stands for a machine in engine tests: a real sshd whose "disk" is a directory, run by a service of the stack itself. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { freePort, sshdPath } from "./sshd";

export interface SshdFiles {
    /** Command line that runs the sshd in the foreground. */
    run: string;
    /** What a Host needs to log in. */
    ssh: { address: string; port: number; user: string; privateKeyPath: string; hostKey: string };
    /** Where things on the "machine" keep their state. */
    stateHome: string;
}

/** Writes keys and configuration of an sshd below `dir`; nothing runs yet. */
export async function sshdFiles(dir: string): Promise<SshdFiles> {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    const file = (name: string) => path.join(dir, name);
    for (const key of ["host", "client"]) {
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", file(key)]);
    }
    fs.copyFileSync(file("client.pub"), file("authorized_keys"));
    // Where sshd, started by root, confines its unprivileged half; absent without the service.
    fs.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const port = await freePort();
    const stateHome = file("state");
    const config = [
        `ListenAddress 127.0.0.1`,
        `Port ${String(port)}`,
        `HostKey ${file("host")}`,
        `AuthorizedKeysFile ${file("authorized_keys")}`,
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        `SetEnv XDG_STATE_HOME=${stateHome} XDG_CACHE_HOME=${file("cache")}`,
    ];
    fs.writeFileSync(file("sshd_config"), config.join("\n") + "\n");
    return {
        run: `exec ${sshdPath ?? ""} -D -e -f ${file("sshd_config")}`,
        ssh: {
            address: "127.0.0.1",
            port,
            user: os.userInfo().username,
            privateKeyPath: file("client"),
            hostKey: fs.readFileSync(file("host.pub"), "utf8").split(" ").slice(0, 2).join(" "),
        },
        stateHome,
    };
}
