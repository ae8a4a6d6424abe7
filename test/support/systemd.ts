/**
 * A real systemd for tests: this machine's own program as the first process of namespaces of its own, beside a real sshd.
 * It must not reach this machine: its units would, for one, empty /tmp. So it is given none of them, all file systems are
 * read-only to it but memory, and it is not started where that was not so. Nothing is left when it ends.
 */
import { ChildProcess, execFileSync, spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { until } from "./host-state";
import { Sshd, sshdMissing, startSshd } from "./sshd";
import { scratchDir } from "./scratch";

const program = "/lib/systemd/systemd";
const cgroups = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"].find((dir) =>
    fs.existsSync(`${dir}/cgroup.procs`),
);

/** Why there can be none here; undefined when there can. */
export const systemdMissing = !fs.existsSync(program)
    ? "no systemd (Debian package systemd)"
    : process.getuid?.() !== 0
      ? "wants root"
      : cgroups === undefined || !writable(cgroups)
        ? "no control groups that may be written"
        : sshdMissing;

function writable(dir: string): boolean {
    const name = `${dir}/kubedev-test-${String(process.pid)}-probe`;
    try {
        fs.mkdirSync(name);
        fs.rmdirSync(name);
        return true;
    } catch {
        return false;
    }
}

// $0 is the root of control groups, $1 the home of who logs in.
const setup = `set -eu
mount -t tmpfs run /run
mkdir -p /run/home /run/systemd/system /run/lock /run/sshd
mount --bind "$1" /run/home
for place in /tmp /dev/shm /var /etc/systemd /usr/lib/systemd/system /usr/lib/systemd/system-generators \\
    /usr/lib/systemd/system-preset /usr/lib/tmpfiles.d /usr/lib/sysctl.d /usr/lib/modules-load.d; do
    [ ! -d "$place" ] || mount -t tmpfs private "$place"
done
mkdir -p /etc/systemd/system /var/tmp /var/log
if [ "$0" = /sys/fs/cgroup ]; then
    mount -t cgroup2 cgroup "$0"
else
    mount -t tmpfs cgroup /sys/fs/cgroup
    mkdir "$0"
    mount -t cgroup -o none,name=systemd cgroup "$0"
fi
while read -r _ place kind _; do
    case $kind in tmpfs | cgroup* | proc | sysfs | devpts | devtmpfs | mqueue) continue ;; esac
    case $place in /run/home) continue ;; esac
    mount -o remount,bind,ro "$place" 2>/dev/null || :
done </proc/self/mounts
for place in / /etc /root /home /usr /usr/lib/systemd "\${HOME:-/root}" "\${OLDPWD:-/root}"; do
    if touch "$place/.kubedev-probe" 2>/dev/null; then echo "$place can be written: not started" >&2 && exit 1; fi
done
if [ -e "$1" ]; then echo "/tmp is not private: not started" >&2 && exit 1; fi
for unit in sysinit.target basic.target systemd-tmpfiles-setup.service systemd-journald.service; do
    if [ -e "/usr/lib/systemd/system/$unit" ]; then echo "$unit is there: not started" >&2 && exit 1; fi
    ln -s /dev/null "/etc/systemd/system/$unit"
done
printf '[Unit]\\nDefaultDependencies=no\\n' >/etc/systemd/system/test.target
exec env -i container=kubedev PATH="$PATH" ${program} --system --unit=test.target --log-target=null \\
    --default-standard-output=null --show-status=no`;

export class Systemd {
    private constructor(
        private readonly group: string,
        private readonly outer: ChildProcess,
        /** The first process, as seen here. */
        private readonly pid: number,
        /** What is /run/home for who logs in. */
        readonly home: string,
        readonly sshd: Sshd,
    ) {}

    static async start(): Promise<Systemd> {
        const root = cgroups ?? "";
        const home = scratchDir("kubedev-systemd-");
        const group = `${root}/${path.basename(home)}`;
        fs.mkdirSync(group);
        const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--uts"];
        const enterGroup = 'echo $$ >"$0/cgroup.procs" && exec "$@"';
        const inner = ["unshare", ...namespaces, "--mount-proc", "sh", "-c", setup, root, home];
        const outer = spawn("sh", ["-c", enterGroup, group, ...inner], {
            stdio: ["ignore", "ignore", "inherit"],
        });
        const first = () => {
            const children = `/proc/${String(outer.pid)}/task/${String(outer.pid)}/children`;
            return fs.existsSync(children) ? Number(fs.readFileSync(children, "utf8").trim()) : 0;
        };
        await until(() => first() > 0, "first process of the namespaces");
        const pid = first();
        await until(() => inside(pid, "systemctl", "is-system-running") === "running", "systemd");
        // Sessions begin outside, and each command goes in.
        const enter = `nsenter ${entering(pid).join(" ")}`;
        const sshd = await startSshd({
            config: `ForceCommand exec ${enter} env HOME=/run/home XDG_STATE_HOME= sh -c "cd && $SSH_ORIGINAL_COMMAND"`,
        });
        return new Systemd(group, outer, pid, home, sshd);
    }

    /** Adds a unit, which depends on nothing, and starts it. */
    unit(name: string, text: string): void {
        const file = `/etc/systemd/system/${name}.service`;
        execFileSync("nsenter", [...entering(this.pid), "sh", "-c", `cat >${file}`], {
            input: `[Unit]\nDefaultDependencies=no\n${text}`,
        });
        inside(this.pid, "systemctl", "daemon-reload");
        inside(this.pid, "systemctl", "start", name);
    }

    /** Runs a program inside, as one that has logged in, to its end. */
    run(argv: string[], o: { env?: Record<string, string>; input?: Buffer } = {}) {
        return spawnSync("nsenter", [...entering(this.pid), ...argv], {
            ...{ encoding: "utf8", input: o.input ?? "", timeout: 60_000 },
            env: { PATH: process.env["PATH"], HOME: "/run/home", ...o.env },
        });
    }

    /** Processes inside whose command line has a text in it, as seen here. */
    processes(text: string): number[] {
        const space = fs.readlinkSync(`/proc/${String(this.pid)}/ns/pid`);
        return fs
            .readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .filter((pid) => {
                try {
                    const line = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
                    return (
                        line.replaceAll("\0", " ").includes(text) &&
                        fs.readlinkSync(`/proc/${pid}/ns/pid`) === space
                    );
                } catch {
                    return false;
                }
            })
            .map(Number);
    }

    async stop(): Promise<void> {
        await this.sshd.stop();
        process.kill(this.pid, "SIGKILL");
        await until(() => this.outer.exitCode !== null || this.outer.signalCode !== null, "end");
        await until(() => {
            spawnSync("find", [this.group, "-depth", "-type", "d", "-delete"]);
            return !fs.existsSync(this.group);
        }, "removal of the control group");
        fs.rmSync(this.home, { recursive: true, force: true });
    }
}

const entering = (pid: number) => ["-t", String(pid), "-m", "-p", "-C", "-u"];

function inside(pid: number, ...argv: string[]): string {
    return spawnSync("nsenter", [...entering(pid), ...argv], { encoding: "utf8" }).stdout.trim();
}
