/** A real Docker engine in a network namespace, with the settings that a HostNetwork says, and one image that is made here. */
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { NetworkNamespace } from "./network-namespace";

const programs = ["dockerd", "docker", "busybox"];

/** Why there is none here; undefined when there is. */
export const dockerMissing = programs.every(
    (name) => spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`]).status === 0,
)
    ? undefined
    : `needs ${programs.join(", ")} (Debian packages docker.io, busybox-static)`;

export class DockerEngine {
    private child: ChildProcess | undefined;
    private readonly env: NodeJS.ProcessEnv;

    constructor(
        private readonly place: NetworkNamespace,
        private readonly directory: string,
        private readonly settings: { dockerSettings?: string; proxyDropIn?: string },
    ) {
        this.env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
        this.env["DOCKER_HOST"] = `unix://${directory}/docker.sock`;
        this.env["DOCKER_CONFIG"] = directory;
    }

    /** Starts it, with what it takes as daemon.json and as drop-in of its service, and gives it the image. */
    async start(): Promise<void> {
        const at = (name: string) => path.join(this.directory, name);
        fs.mkdirSync(at("root"), { recursive: true });
        fs.writeFileSync(at("daemon.json"), this.settings.dockerSettings ?? "");
        const variables = [
            ...(this.settings.proxyDropIn ?? "").matchAll(/^Environment="(.*?)=(.*)"$/gm),
        ];
        const options = [
            ...["--config-file", at("daemon.json"), "--data-root", at("data")],
            ...["--exec-root", at("exec"), "--pidfile", at("docker.pid")],
            // Below a temporary directory, which may be an overlay itself.
            ...["--host", `unix://${at("docker.sock")}`, "--storage-driver", "vfs"],
        ];
        const [program, ...within] = this.place.within;
        const log = fs.openSync(at("log"), "w");
        this.child = spawn(program, [...within, "dockerd", ...options], {
            stdio: ["ignore", log, log],
            env: {
                ...this.env,
                ...Object.fromEntries(variables.map(([, name = "", value = ""]) => [name, value])),
            },
        });
        fs.closeSync(log);
        for (let tries = 0; this.docker(["version"]).status !== 0; tries++) {
            if (tries === 150 || this.child.exitCode !== null) {
                throw new Error(
                    `dockerd does not answer: ${fs.readFileSync(at("log"), "utf8").slice(-2000)}`,
                );
            }
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
        const made =
            'install -D "$(command -v busybox)" root/bin/sh && tar -C root -c . | docker import - image';
        const ran = spawnSync("sh", ["-c", made], {
            cwd: this.directory,
            env: this.env,
            encoding: "utf8",
        });
        if (ran.status !== 0) throw new Error(`docker import: ${ran.stderr}`);
    }

    /** Runs shell text in a container; answers what it printed. */
    run(text: string): string {
        const ran = this.docker(["run", "--rm", "image", "/bin/sh", "-c", `${text} 2>&1`]);
        return `${ran.stdout}${ran.stderr}`;
    }

    /** Asks for an image that nobody has; answers what the engine said. */
    pull(image: string): string {
        return this.docker(["pull", image]).stderr;
    }

    async stop(): Promise<void> {
        if (this.child === undefined) return;
        const ended = once(this.child, "exit");
        this.child.kill("SIGTERM");
        this.child = undefined;
        await ended;
    }

    private docker(args: string[]) {
        return spawnSync("docker", args, { env: this.env, encoding: "utf8", timeout: 60_000 });
    }
}
