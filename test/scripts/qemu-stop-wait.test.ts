/** scripts/qemu/stop-machine.sh and wait-ssh-banner.sh against processes that play a machine. */
import { ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { json, Ran, runScript, scratchDirectory } from "../support/script-process";

let directory: string;
let children: ChildProcess[];
let servers: net.Server[];

beforeEach(() => {
    directory = scratchDirectory();
    children = [];
    servers = [];
});
afterEach(() => {
    children.forEach((child) => child.kill("SIGKILL"));
    servers.forEach((server) => server.close());
    fs.rmSync(directory, { recursive: true, force: true });
});

/** A process that plays a machine's. */
async function sleeper(): Promise<number> {
    const child = spawn("sleep", ["60"]);
    children.push(child);
    await once(child, "spawn");
    return child.pid ?? 0;
}

/** A QMP server that notes what it is told, and does what `act` says. */
async function qmpServer(act: (command: string) => void): Promise<string[]> {
    const commands: string[] = [];
    const server = net.createServer((socket) => {
        socket.on("error", () => undefined);
        socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
        let text = "";
        socket.on("data", (data) => {
            text += data.toString();
            const lines = text.split("\n");
            text = lines.pop() ?? "";
            for (const line of lines) {
                const { execute } = JSON.parse(line) as { execute: string };
                commands.push(execute);
                socket.write('{"return": {}}\r\n');
                act(execute);
            }
        });
    });
    servers.push(server);
    server.listen(path.join(directory, "qmp.sock"));
    await once(server, "listening");
    return commands;
}

describe("stop-machine.sh", () => {
    const stop = (pid: number, more: Record<string, string> = {}) =>
        runScript(
            "qemu/stop-machine",
            { KUBEDEV_PID: String(pid), KUBEDEV_POWERDOWN_SEC: "1", ...more },
            { cwd: directory },
        );
    const lives = (pid: number) => fs.existsSync(`/proc/${String(pid)}/root`);

    test("presses the power button and waits for the guest", async () => {
        const pid = await sleeper();
        const commands = await qmpServer((command) => {
            if (command === "system_powerdown") {
                setTimeout(() => process.kill(pid, "SIGKILL"), 300);
            }
        });
        expect(json(await stop(pid, { KUBEDEV_POWERDOWN_SEC: "20" }))).toEqual({
            stopped: "powerdown",
        });
        expect(commands).toEqual(["qmp_capabilities", "system_powerdown"]);
    });

    test("presses it again for a guest that was still booting", async () => {
        const pid = await sleeper();
        let pressed = 0;
        await qmpServer((command) => {
            if (command === "system_powerdown" && ++pressed === 2) {
                process.kill(pid, "SIGKILL");
            }
        });
        expect(json(await stop(pid, { KUBEDEV_POWERDOWN_SEC: "20" }))).toEqual({
            stopped: "powerdown",
        });
    }, 30_000);

    test("switches off a guest that does not listen", async () => {
        const pid = await sleeper();
        const commands = await qmpServer((command) => {
            if (command === "quit") {
                process.kill(pid, "SIGKILL");
            }
        });
        const ran = await stop(pid);
        expect(json(ran)).toEqual({ stopped: "quit" });
        expect(commands.at(-1)).toBe("quit");
        expect(ran.stderr).toMatch(/did not shut down within 1 s/);
    });

    test("ends a process that has no socket any more", async () => {
        const ran = await stop(await sleeper());
        expect(json(ran)).toEqual({ stopped: "sigterm" });
        expect(ran.stderr).toMatch(/no answer on qmp\.sock/);
    });

    test("kills one that does not want to end", async () => {
        const child = spawn("sh", ["-c", "trap '' TERM; echo; while :; do sleep 1; done"]);
        children.push(child);
        await once(child.stdout, "data");
        expect(json(await stop(child.pid ?? 0))).toEqual({ stopped: "sigkill" });
    });

    test("leaves a process alone that only has the same id", async () => {
        const pid = await sleeper();
        expect(json(await stop(pid, { KUBEDEV_START_TICKS: "1" }))).toEqual({ stopped: "absent" });
        expect(lives(pid)).toBe(true);
    });

    test("finds nothing to do for a machine that is gone", async () => {
        const pid = await sleeper();
        process.kill(pid, "SIGKILL");
        await once(children[0] as ChildProcess, "exit");
        expect(json(await stop(pid))).toEqual({ stopped: "absent" });
    });
});

describe("wait-ssh-banner.sh", () => {
    /** A port that answers with `banner` from `readyMs` after the first try on, and takes connections before. */
    async function sshPort(
        banner: string,
        readyMs = 0,
    ): Promise<{ port: string; tries: string[] }> {
        const tries: string[] = [];
        let begun: number | undefined;
        const server = net.createServer((socket) => {
            socket.on("error", () => undefined);
            tries.push("try");
            begun ??= Date.now();
            if (Date.now() >= begun + readyMs) {
                socket.write(banner);
            }
        });
        servers.push(server);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return { port: String((server.address() as net.AddressInfo).port), tries };
    }
    const serial = (text: string) => {
        const file = path.join(directory, "serial.log");
        fs.writeFileSync(file, text);
        return file;
    };
    const wait = (port: string, more: Record<string, string> = {}): Promise<Ran> =>
        runScript(
            "qemu/wait-ssh-banner",
            { KUBEDEV_ADDRESS: "127.0.0.1", KUBEDEV_PORT: port, KUBEDEV_WAIT_SEC: "20", ...more },
            { shell: "bash" },
        );
    const started = "[\x1b[0;32m  OK  \x1b[0m] Started ssh.service\r\n";

    test("is done when sshd answers", async () => {
        const { port } = await sshPort("SSH-2.0-OpenSSH_9.2\r\n");
        expect(json(await wait(port))).toEqual({ seconds: expect.any(Number) as number });
    });

    test("goes on after connections that nobody answers", async () => {
        const { port, tries } = await sshPort("SSH-2.0-x\r\n", 1500);
        const { seconds } = json(await wait(port)) as { seconds: number };
        expect(seconds).toBeGreaterThan(1);
        expect(tries.length).toBeGreaterThan(1);
    });

    test("a guest with one CPU for all answers is not kept from giving any", async () => {
        // Also those that were given up cost it: 0.7 s each. It was 40 s and more without tries that have far more time.
        const waiting = new Set<{ leftMs: number; socket: net.Socket }>();
        let up = Infinity;
        const server = net.createServer((socket) => {
            socket.on("error", () => undefined);
            if (up === Infinity) up = Date.now() + 2000;
            if (Date.now() < up) return;
            // As sshd's MaxStartups.
            if (waiting.size < 10) waiting.add({ leftMs: 700, socket });
            else socket.destroy();
        });
        servers.push(server);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        let before = Date.now();
        const cpu = setInterval(() => {
            const passedMs = Date.now() - before;
            before += passedMs;
            const shareMs = passedMs / waiting.size;
            for (const one of waiting) {
                one.leftMs -= shareMs;
                if (one.leftMs <= 0) {
                    waiting.delete(one);
                    one.socket.write("SSH-2.0-x\r\n");
                }
            }
        }, 5);
        try {
            const { port } = server.address() as net.AddressInfo;
            const { seconds } = json(await wait(String(port))) as { seconds: number };
            expect(seconds).toBeLessThan(19);
        } finally {
            clearInterval(cpu);
        }
    });

    test("does not wait for a connection that is never answered to try another one", async () => {
        const { port, tries } = await sshPort("SSH-2.0-x\r\n", 600);
        const { seconds } = json(await wait(port)) as { seconds: number };
        expect(seconds).toBeLessThan(2);
        expect(tries.length).toBeGreaterThan(2);
    });

    test("waits longer than until the next try for one that answers slowly", async () => {
        const server = net.createServer((socket) => {
            socket.on("error", () => undefined);
            setTimeout(() => socket.write("SSH-2.0-x\r\n"), 700);
        });
        servers.push(server);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as net.AddressInfo;
        const { seconds } = json(await wait(String(port))) as { seconds: number };
        expect(seconds).toBeLessThan(3);
    });

    test.each([
        ["not booted", "x\r\n", "the guest has not booted to the end, its console offers no login"],
        [
            "booted",
            "Debian GNU/Linux 12 node ttyS0\r\n\r\nnode login: ",
            "the guest has booted, its console offers a login, but no SSH server answers",
        ],
    ])(
        "takes no other server for sshd, and says what it waited for: %s",
        async (_what, more, why) => {
            const { port } = await sshPort("HTTP/1.1 200 OK\r\n");
            const ran = await wait(port, {
                ...{ KUBEDEV_WAIT_SEC: "10", KUBEDEV_LEFT_SEC: "1", KUBEDEV_WAITED_SEC: "30" },
                KUBEDEV_SERIAL_LOG: serial(`${started}${more}`),
            });
            expect(ran.code).toBe(1);
            expect(ran.stderr).toContain(why);
            expect(ran.stderr).toContain(`SSH server on 127.0.0.1:${port} within 31 s`);
        },
    );

    test.each([
        ["a panic", "[    2.1] ", "Kernel panic - not syncing: VFS: Unable to mount root fs"],
        ["an initrd without a disk", "", "kubedev-initrd: no disk at SCSI address 0:0:0:0"],
        ["emergency mode", "", "You are in emergency mode. After logging in, type"],
    ])("gives up at once on %s", async (_what, stamp, line) => {
        const { port } = await sshPort("");
        const ran = await wait(port, { KUBEDEV_SERIAL_LOG: serial(`boot\r\n${stamp}${line}\r\n`) });
        expect(ran.code).toBe(3);
        expect(ran.stderr).toContain(`the guest cannot boot: ${line}`);
    });

    test("gives up at once on a machine that has ended", async () => {
        const { port } = await sshPort("");
        const pid = await sleeper();
        const waiting = wait(port, { KUBEDEV_PID: String(pid) });
        setTimeout(() => process.kill(pid, "SIGKILL"), 700);
        const ran = await waiting;
        expect(ran.code).toBe(3);
        expect(ran.stderr).toContain(`process ${String(pid)} has ended`);
    });
});
