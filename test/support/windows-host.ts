/**
 * A host that is like Windows: Wine in a prefix of its own behind a real sshd on loopback, which runs what it is asked for by
 * cmd, as Win32-OpenSSH does, and whose sftp begins in the user's directory. Not Windows: there is no PowerShell, and
 * access lists are invented.
 */
import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { ScratchStack } from "./engine";
import { repoRoot } from "./engine-cli";
import { until } from "./host-state";
import { Sshd, sshdMissing, startSshd } from "./sshd";
import { scratchDir } from "./scratch";

const sftpServer = "/usr/lib/openssh/sftp-server";

function onPath(program: string): boolean {
    const folders = (process.env.PATH ?? "").split(":");
    return folders.some((folder) => fs.existsSync(path.join(folder, program)));
}

/** Why there can be no such host here; undefined when there can. */
export const windowsMissing = !onPath("wine")
    ? "no Wine (Debian packages wine, wine64)"
    : !onPath("go")
      ? "no Go"
      : !fs.existsSync(sftpServer)
        ? "no sftp server (Debian package openssh-sftp-server)"
        : sshdMissing;

export interface WindowsHost {
    sshd: Sshd;
    /** Drive C: as a directory. */
    drive: string;
    /** The user's own directory. */
    profile: string;
    /** Path here of a path there. */
    here(windowsPath: string): string;
    /** Runs a program there; answers what it printed. */
    run(...argv: string[]): string;
    /** Starts a program there, and leaves it to the caller. */
    start(...argv: string[]): ChildProcess;
    /** Command lines of what runs there, besides Wine's own. */
    processes(): { pid: number; line: string }[];
    /** Ends all that runs there, and removes it. */
    stop(): Promise<void>;
}

/** The programs of windows-programs are in C:\t. */
export async function startWindowsHost(): Promise<WindowsHost> {
    const dir = scratchDir("kubedev-windows-");
    const prefix = path.join(dir, "prefix");
    fs.mkdirSync(prefix);
    const env = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: "-all", DISPLAY: "" };
    // In the foreground, and before the first program: else services end seconds after the last client.
    const startServer = () => spawn("wineserver", ["-f", "-p"], { env, stdio: "ignore" });
    let server = startServer();
    let sshd: Sshd | undefined;
    try {
        wine(env, "wineboot", "-i");
        // What ran while the prefix was made starts services that find no library of ours.
        await endWine(env, server);
        const drive = path.join(prefix, "drive_c");
        const system = path.join(drive, "windows/system32");
        // Wine 8 lacks what current Go programs load.
        if (!fs.existsSync(path.join(system, "bcryptprimitives.dll"))) {
            fs.writeFileSync(path.join(system, "bcryptprimitives.dll"), randomNumbersDll());
        }
        server = startServer();
        const profile = path.join(drive, "users", os.userInfo().username);
        buildPrograms(path.join(drive, "t"));
        const shell = path.join(dir, "shell");
        fs.writeFileSync(
            shell,
            `#!/bin/sh
case $SSH_ORIGINAL_COMMAND in *sftp*) exec ${sftpServer} -d '${profile}' ;; esac
export WINEPREFIX='${prefix}' WINEDEBUG=-all DISPLAY=
exec wine 'C:\\t\\winshell.exe'
`,
            { mode: 0o755 },
        );
        sshd = await startSshd({ config: `ForceCommand ${shell}` });
        return hostOf(dir, env, drive, profile, sshd, server);
    } catch (error) {
        await sshd?.stop();
        await endWine(env, server);
        fs.rmSync(dir, { recursive: true, force: true });
        throw error;
    }
}

/** A stack whose program reads the host from host.json, and the secret `token` from its configuration. */
export async function windowsStack(
    windows: WindowsHost,
    program: string,
    o: { token: string; stack?: string },
): Promise<ScratchStack> {
    const stack = await ScratchStack.create({
        program,
        stack: o.stack,
        // Else each test run compiles Go's library for Windows anew.
        env: { GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim() },
    });
    const { address, port, user, privateKeyPath, hostKey } = windows.sshd;
    const ssh = { address, port, user, privateKeyPath, hostKey };
    stack.write("host.json", JSON.stringify({ ssh, os: "windows" }));
    await stack.setSecret("token", o.token);
    return stack;
}

function hostOf(
    dir: string,
    env: NodeJS.ProcessEnv,
    drive: string,
    profile: string,
    sshd: Sshd,
    server: ChildProcess,
): WindowsHost {
    return {
        sshd,
        drive,
        profile,
        here: (windowsPath) => path.join(drive, windowsPath.slice(3).replaceAll("\\", "/")),
        run: (...argv) => wine(env, ...argv),
        start: (...argv) => spawn("wine", argv, { env, stdio: ["ignore", "pipe", "ignore"] }),
        processes: () => processesOf(env.WINEPREFIX ?? ""),
        stop: async () => {
            await sshd.stop();
            await endWine(env, server);
            fs.rmSync(dir, { recursive: true, force: true });
        },
    };
}

function wine(env: NodeJS.ProcessEnv, ...argv: string[]): string {
    return execFileSync("wine", argv, {
        env,
        encoding: "utf8",
        // What it leaves running would hold a pipe open.
        stdio: ["ignore", argv[0] === "wineboot" ? "ignore" : "pipe", "ignore"],
        timeout: 120_000,
    });
}

async function endWine(env: NodeJS.ProcessEnv, server: ChildProcess): Promise<void> {
    const prefix = env.WINEPREFIX ?? "";
    try {
        execFileSync("wineserver", ["-k"], { env, stdio: "ignore", timeout: 20_000 });
    } catch {
        // It has ended by itself.
    }
    await until(() => server.exitCode !== null || server.signalCode !== null, "end of Wine").catch(
        () => server.kill("SIGKILL"),
    );
    await until(() => inPrefix(prefix).length === 0, "end of all Windows programs");
}

/** Ids of all processes of a prefix. */
function inPrefix(prefix: string): number[] {
    return fs
        .readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => {
            try {
                const environment = fs.readFileSync(`/proc/${pid}/environ`, "utf8");
                return `\0${environment}`.includes(`\0WINEPREFIX=${prefix}\0`);
            } catch {
                return false;
            }
        })
        .map(Number);
}

const wineOwn =
    /(services|winedevice|plugplay|explorer|svchost|rpcss|conhost|start|wineserver\d*)(\.exe)?\b/i;

function processesOf(prefix: string): { pid: number; line: string }[] {
    return inPrefix(prefix).flatMap((pid) => {
        try {
            const line = fs.readFileSync(`/proc/${String(pid)}/cmdline`, "utf8");
            const words = line.replaceAll("\0", " ").trim();
            return words === "" || wineOwn.test(words.split(" ")[0] ?? "")
                ? []
                : [{ pid, line: words }];
        } catch {
            return [];
        }
    });
}

function buildPrograms(into: string): void {
    execFileSync("go", ["build", "-trimpath", "-o", `${into}/`, "./..."], {
        cwd: path.join(repoRoot, "test/support/windows-programs"),
        env: { ...process.env, GOOS: "windows", GOARCH: "amd64", CGO_ENABLED: "0", GOWORK: "off" },
        stdio: ["ignore", "ignore", "inherit"],
    });
}

/** A library whose only export, ProcessPrng, is forwarded: it needs no code. */
function randomNumbersDll(): Buffer {
    const at = 0x1000;
    const names = ["bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"];
    const texts = names.map((name) => Buffer.from(`${name}\0`));
    const tables = 40 + 4 + 4 + 4;
    const [library = 0, exported = 0, forwarded = 0] = texts.map(
        (_text, index) => at + tables + Buffer.concat(texts.slice(0, index)).length,
    );
    const u32 = (...values: number[]) => {
        const bytes = Buffer.alloc(4 * values.length);
        values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
        return bytes;
    };
    const directory = u32(0, 0, 0, library, 1, 1, 1, at + 40, at + 44, at + 48);
    const section = Buffer.concat([directory, u32(forwarded, exported, 0), ...texts]);
    const dos = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(58), u32(64)]);
    // x86-64, one section, a library.
    const file = Buffer.concat([u32(0x00018664, 0, 0, 0), u32(0x202200f0)]);
    const optional = Buffer.alloc(240);
    optional.writeUInt16LE(0x20b, 0);
    u32(512).copy(optional, 8);
    optional.writeBigUInt64LE(0x1_8000_0000n, 24);
    u32(0x1000, 512, 6, 0, 6, 0, 0x2000, 512, 0).copy(optional, 32);
    u32(0x01600003).copy(optional, 68);
    u32(0x10_0000, 0, 0x1000, 0, 0x10_0000, 0, 0x1000, 0, 0, 16, at, section.length).copy(
        optional,
        72,
    );
    const header = Buffer.concat([
        Buffer.from(".rdata\0\0"),
        u32(section.length, at, 512, 512, 0, 0, 0, 0x40000040),
    ]);
    const head = Buffer.concat([dos, Buffer.from("PE\0\0"), file, optional, header]);
    const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(512 - bytes.length)]);
    return Buffer.concat([padded(head), padded(section)]);
}
