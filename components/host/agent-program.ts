import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { sha256 } from "../internal/hash";
import { cacheRoot, packageRoot } from "../internal/paths";
import { script } from "../internal/scripts";
import { PerRun } from "./scope";

/** A Go program of ours for hosts. */
export interface AgentProgram {
    /** Directories below agents/ that it is made from; its main package is in the first. */
    readonly sources: readonly string[];
    /** Main package, below the first. */
    readonly main: string;
    /** As windows/amd64. */
    readonly platform: string;
    /** Where it is kept, below the cache. */
    readonly program: string;
}

const digests = new Map<string, string>();

/** Digest of the sources of such a program, by which it is kept here and there. */
export function agentDigest(sources: readonly string[]): string {
    const key = sources.join();
    const known = digests.get(key);
    if (known !== undefined) {
        return known;
    }
    const made = sha256(sources.map(textOfSources).join("")).slice(0, 20);
    digests.set(key, made);
    return made;
}

function textOfSources(name: string): string {
    const dir = path.join(packageRoot, "agents", name);
    return fs
        .readdirSync(dir, { recursive: true, encoding: "utf8" })
        .filter((file) => /\.(go|mod|sum|ps1)$/.test(file) && !file.endsWith("_test.go"))
        .sort()
        .map((file) => `${file}\n${fs.readFileSync(path.join(dir, file), "utf8")}\n`)
        .join("");
}

const builds = new PerRun(() => new Map<string, Promise<string>>());

/** Makes sure that a program is in the cache of this machine, from where it gets to hosts: once a run, in previews too. */
export function agentBuilt(agent: AgentProgram): Promise<string> {
    const known = builds.get().get(agent.program);
    if (known !== undefined) {
        return known;
    }
    const build = guarded(() => buildOnce(agent));
    builds.get().set(agent.program, build);
    return build;
}

async function buildOnce(agent: AgentProgram): Promise<string> {
    const built = path.join(cacheRoot(), agent.program);
    if (fs.existsSync(built)) {
        return built;
    }
    const what = `the program for ${agent.platform.startsWith("windows") ? "Windows" : agent.platform} hosts`;
    await pulumi.log.info(`building ${what}, once`, undefined, undefined, true);
    const sources = path.join(packageRoot, "agents", agent.sources[0] ?? "", agent.main);
    try {
        await command.local.run({
            command: script("host/agent-build.sh"),
            environment: {
                KUBEDEV_SOURCES: sources,
                KUBEDEV_PLATFORM: agent.platform,
                KUBEDEV_PROGRAM: agent.program,
            },
            stdin: "",
            logging: "none",
            addPreviousOutputInEnv: false,
        });
    } catch (error) {
        throw runError(`cannot build ${what}: ${String(error)}`);
    }
    return built;
}
