/** A copy of toolchain/ in a scratch directory, with a machine around it that a test decides on. */
import { spawn, spawnSync } from "child_process";
import * as crypto from "crypto";
import * as fs from "fs";
import * as http from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { scratchDir } from "../support/scratch";

export const repoRoot = path.resolve(__dirname, "../..");

export interface Outcome {
    code: number | null;
    stdout: string;
    stderr: string;
    durationMs: number;
}

/** Programs of the real machine that a test wants to be the only ones to decide about. */
const decided = ["node", "nodejs", "npm", "npx", "go", "gofmt", "pulumi", "sudo", "apt-get", "id"];

export class ScratchClone {
    readonly dir = scratchDir("kubedev-toolchain-");
    readonly root = path.join(this.dir, "clone");
    readonly home = path.join(this.dir, "home");
    readonly toolchain = path.join(this.root, "toolchain");
    private readonly tools = path.join(this.dir, "tools");
    private readonly stubs = path.join(this.dir, "stubs");
    private readonly servers: http.Server[] = [];

    constructor() {
        for (const d of [this.root, this.home, this.tools, this.stubs]) {
            fs.mkdirSync(d, { recursive: true });
        }
        fs.cpSync(path.join(repoRoot, "toolchain"), this.toolchain, {
            recursive: true,
            filter: (f) => f !== path.join(repoRoot, "toolchain/providers"),
        });
        this.write("toolchain/providers/go.mod", "module providers\n\ngo 1.26\n");
        this.write("package-lock.json", JSON.stringify({ packages: { "": {} } }));
        this.write(".npmrc", "ignore-scripts=true\n");
        this.write("Pulumi.yaml", "name: scratch\nruntime: nodejs\n");
        this.packages("");
        // The rest of the machine's programs, without those that the test decides about.
        for (const bin of ["/bin", "/usr/bin"]) {
            for (const name of fs.readdirSync(bin)) {
                const link = path.join(this.tools, name);
                // Not existsSync: a link may lead nowhere.
                if (!decided.includes(name) && !fs.lstatSync(link, { throwIfNoEntry: false })) {
                    fs.symlinkSync(path.join(bin, name), link);
                }
            }
        }
        this.stub("id", 'case "$1" in -u) echo 1000 ;; *) echo tester ;; esac');
        this.stub("sudo", "exit 1");
    }

    /** Writes a file of the clone. */
    write(name: string, text: string): string {
        const file = path.join(this.root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
        return file;
    }

    /** Replaces the lines of packages.txt. */
    packages(lines: string): void {
        this.write("toolchain/packages.txt", `${lines}\n`);
    }

    /** Sets pins of versions.sh. */
    pin(values: Record<string, string>): void {
        const file = path.join(this.toolchain, "versions.sh");
        let text = fs.readFileSync(file, "utf8");
        for (const [name, value] of Object.entries(values)) {
            const line = new RegExp(`^${name}=.*$`, "m");
            expect(text).toMatch(line);
            text = text.replace(line, `${name}=${value}`);
        }
        fs.writeFileSync(file, text);
    }

    /** Puts a program (a shell script's body) on the scratch PATH. */
    stub(name: string, body: string): string {
        const file = path.join(this.stubs, name);
        fs.writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        return file;
    }

    env(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
        const all: Record<string, string | undefined> = {
            HOME: this.home,
            PATH: `${this.stubs}:${this.tools}`,
            ...more,
        };
        return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined));
    }

    /** Runs a script of toolchain/ to its end. */
    run(
        script: string,
        args: string[] = [],
        env: Record<string, string | undefined> = {},
    ): Outcome {
        return this.exec(path.join(this.toolchain, script), args, env);
    }

    /** Runs bash code with the named library files sourced. */
    bash(libs: string[], code: string, env: Record<string, string | undefined> = {}): Outcome {
        const source = libs.map((l) => `. "${this.toolchain}/${l}"`).join("\n");
        return this.exec("/bin/bash", ["-c", `${source}\n${code}`], env);
    }

    /** The same while this process goes on answering (for tests that serve files). */
    async bashAsync(
        libs: string[],
        code: string,
        env: Record<string, string | undefined> = {},
    ): Promise<Outcome> {
        const source = libs.map((l) => `. "${this.toolchain}/${l}"`).join("\n");
        return this.execAsync("/bin/bash", ["-c", `${source}\n${code}`], env);
    }

    async runAsync(
        script: string,
        args: string[] = [],
        env: Record<string, string | undefined> = {},
    ): Promise<Outcome> {
        return this.execAsync(path.join(this.toolchain, script), args, env);
    }

    /** Serves files by path; answers the address. What was asked for is added to `asked`. */
    async serve(files: Record<string, Buffer>, asked: string[] = []): Promise<string> {
        const server = http.createServer((request, response) => {
            const url = request.url ?? "";
            if (request.method !== "HEAD") {
                asked.push(url);
            }
            const body = files[url];
            if (!body) {
                response.writeHead(url === "/" ? 200 : 404).end();
                return;
            }
            const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
            response.writeHead(from > 0 ? 206 : 200, {
                "content-length": body.length - from,
                ...(from > 0
                    ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` }
                    : {}),
            });
            response.end(body.subarray(from));
        });
        await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
        this.servers.push(server);
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    /** Packs a directory tree { path: content } below one top folder, as a .tar.gz. */
    tarball(top: string, files: Record<string, string>, mode = 0o644): Buffer {
        const dir = fs.mkdtempSync(path.join(this.dir, "tree-"));
        for (const [name, text] of Object.entries(files)) {
            const file = path.join(dir, top, name);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.writeFileSync(file, text, { mode });
        }
        const file = path.join(dir, "out.tgz");
        const r = spawnSync("tar", ["-czf", file, "-C", dir, top]);
        expect(r.status).toBe(0);
        return fs.readFileSync(file);
    }

    /** What lies in .toolchain and would not be there after a clean end. */
    leftovers(): string[] {
        const dir = path.join(this.root, ".toolchain");
        return fs.existsSync(dir) ? fs.readdirSync(dir).filter((n) => n.startsWith("run.")) : [];
    }

    dispose(): void {
        for (const s of this.servers) {
            s.closeAllConnections();
            s.close();
        }
        fs.rmSync(this.dir, { recursive: true, force: true });
    }

    private exec(
        program: string,
        args: string[],
        env: Record<string, string | undefined>,
    ): Outcome {
        const began = Date.now();
        const r = spawnSync(program, args, {
            cwd: this.dir,
            env: this.env(env),
            encoding: "utf8",
            timeout: 60_000,
        });
        return {
            code: r.status,
            stdout: r.stdout,
            stderr: r.stderr,
            durationMs: Date.now() - began,
        };
    }

    private execAsync(
        program: string,
        args: string[],
        env: Record<string, string | undefined>,
    ): Promise<Outcome> {
        const began = Date.now();
        const child = spawn(program, args, { cwd: this.dir, env: this.env(env), timeout: 60_000 });
        let stdout = "";
        let stderr = "";
        child.stdout.on("data", (d: Buffer) => (stdout += d.toString()));
        child.stderr.on("data", (d: Buffer) => (stderr += d.toString()));
        return new Promise((resolve) =>
            child.on("close", (code) =>
                resolve({ code, stdout, stderr, durationMs: Date.now() - began }),
            ),
        );
    }
}

export const digest = (kind: "sha256" | "sha512", data: Buffer) =>
    crypto.createHash(kind).update(data).digest("hex");
