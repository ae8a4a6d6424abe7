/** The service of swap-service, whose program tests of swaps exchange: versions of it, and what is seen of a swap of it. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { repoRoot } from "./engine-cli";
import { withArguments } from "./host-state";
import { scratchDir } from "./scratch";

/** What a version does besides answering with its name. */
export type Does = "" | "exits" | "sick" | "dies" | "hangs";

export class SwapServices {
    readonly dir = scratchDir("kubedev-swapped-");

    constructor(private readonly system: "linux" | "windows") {}

    /** Makes a version; answers its path. */
    build(version: string, does: Does = ""): string {
        const base = path.join(this.dir, "base");
        if (!fs.existsSync(base)) {
            execFileSync("go", ["build", "-trimpath", "-o", base, "-ldflags", "-s -w", "."], {
                cwd: path.join(repoRoot, "test/support/swap-service"),
                env: { ...process.env, GOOS: this.system, CGO_ENABLED: "0", GOWORK: "off" },
            });
        }
        fs.copyFileSync(base, this.at(version));
        fs.appendFileSync(this.at(version), `\nswap-service ${version} ${does}`);
        return this.at(version);
    }

    at(version: string): string {
        return path.join(this.dir, version);
    }

    dispose(): void {
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

/** What a service answers; undefined while it does not. */
export const answerOf = async (url: string) =>
    (await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined))?.text();

/** The ssh clients here that are connected to this port. */
export const sshClients = (port: number) =>
    withArguments(`\0-p\0${String(port)}\0`).filter((pid) => {
        try {
            return fs.readFileSync(`/proc/${String(pid)}/comm`, "utf8").trim() === "ssh";
        } catch (error) {
            // It has just ended: there is no file, or no process behind the file.
            if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) {
                return false;
            }
            throw error;
        }
    });
