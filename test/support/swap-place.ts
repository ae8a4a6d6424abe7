/** Where tests run a service whose program is swapped: under systemd, and under Wine's service manager. */
import { once } from "events";
import * as path from "path";
import { Sshd } from "./sshd";
import { Systemd } from "./systemd";
import { startWindowsHost } from "./windows-host";

/** Where a service runs whose program is swapped. */
export interface Place {
    sshd: Sshd;
    /** Directory of the program, here and there. */
    here: string;
    there: string;
    /** Directory of the things of stacks, here. */
    state: string;
    /** Makes and starts the service of the program there. */
    serve(program: string): void;
    /** The process that swaps, seen here. */
    swapping(): number[];
    /** Holds a file open, so that it cannot be renamed, for so long; answers what ends that. None where nothing does. */
    hold?(file: string, seconds: number): Promise<() => Promise<void>>;
    stop(): Promise<void>;
}

export async function placeOnLinux(): Promise<Place> {
    const systemd = await Systemd.start();
    return {
        ...{ sshd: systemd.sshd, here: path.join(systemd.home, "k"), there: "/run/home/k" },
        state: path.join(systemd.home, ".local/state/kubedev"),
        serve: (program) => {
            systemd.unit("swapped", `[Service]\nExecStart=${program} --serve\nRestart=always\n`);
        },
        swapping: () => systemd.processes("/program run "),
        stop: () => systemd.stop(),
    };
}

export async function placeOnWindows(): Promise<Place> {
    const host = await startWindowsHost();
    return {
        ...{ sshd: host.sshd, here: path.join(host.drive, "k"), there: "C:\\k" },
        state: path.join(host.profile, ".kubedev/state"),
        serve: (program) => {
            host.run("sc", "create", "swapped", "binPath=", program, "start=", "demand");
            host.run("net", "start", "swapped");
        },
        swapping: () =>
            host
                .processes()
                .filter(({ line }) => /\.exe swap /.test(line))
                .map(({ pid }) => pid),
        hold: async (file, seconds) => {
            const holder = host.start("C:\\t\\hold.exe", file, String(seconds));
            await once(holder.stdout as NodeJS.ReadableStream, "data");
            const ended = once(holder, "exit");
            return async () => {
                holder.kill("SIGKILL");
                await ended;
            };
        },
        stop: () => host.stop(),
    };
}
