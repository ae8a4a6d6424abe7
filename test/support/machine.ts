/** Stands for a machine in engine tests: a real sshd whose "disk" is a directory, run by a service of the stack itself. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { freePort, sshdPath } from "./sshd";

export interface SshdFiles {
    /** Shell text that becomes the machine, on the file DISK as its disk. */
    boot: string;
    /** What a Host needs to log in. */
    ssh: { address: string; port: number; user: string; privateKeyPath: string; hostKey: string };
    /** Where things on the machine keep their state. */
    stateHome: string;
    /** Path of a file on the machine. */
    file: string;
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
    // What is on the machine's disk.
    const disk = path.join(dir, "disk");
    const stateHome = path.join(disk, "state");
    const config = [
        `ListenAddress 127.0.0.1`,
        `Port ${String(port)}`,
        `HostKey ${file("host")}`,
        `AuthorizedKeysFile ${file("authorized_keys")}`,
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        `SetEnv XDG_STATE_HOME=${stateHome} XDG_CACHE_HOME=${path.join(disk, "cache")}`,
    ];
    fs.writeFileSync(file("sshd_config"), config.join("\n") + "\n");
    return {
        boot: [
            "grep -lsz ^KUBEDEV_SERVICE=" +
                stateHome +
                " /proc/[0-9]*/environ | cut -d / -f 3 | xargs -r kill -9",
            'disk=$(stat -c "%i %Y" DISK)',
            `[ "$disk" = "$(cat ${file("booted")})" ] || rm -rf ${disk}`,
            `echo "$disk" >${file("booted")}`,
            `exec ${sshdPath ?? ""} -D -e -f ${file("sshd_config")}`,
        ].join("\n"),
        ssh: {
            address: "127.0.0.1",
            port,
            user: os.userInfo().username,
            privateKeyPath: file("client"),
            hostKey: fs.readFileSync(file("host.pub"), "utf8").split(" ").slice(0, 2).join(" "),
        },
        stateHome,
        file: path.join(disk, "etc/file"),
    };
}
