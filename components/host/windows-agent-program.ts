import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { sha256 } from "../internal/hash";
import { cacheRoot, packageRoot } from "../internal/paths";
import { script } from "../internal/scripts";
import { PerRun } from "./scope";

const sources = path.join(packageRoot, "agents/windows");

let digest: string | undefined;

/** Digest of the sources of the program that works on Windows hosts, by which it is kept here and there. */
export function windowsAgentDigest(): string {
    digest ??= sha256(
        fs
            .readdirSync(sources, { recursive: true, encoding: "utf8" })
            .filter((name) => /\.(go|mod|sum|ps1)$/.test(name) && !name.endsWith("_test.go"))
            .sort()
            .map((name) => `${name}\n${fs.readFileSync(path.join(sources, name), "utf8")}\n`)
            .join(""),
    ).slice(0, 20);
    return digest;
}

const builds = new PerRun(() => ({ done: undefined as Promise<void> | undefined }));

/** Makes sure that the program is in the cache of this machine, from where it gets to hosts: once a run, in previews too. */
export function windowsAgentBuilt(): Promise<void> {
    const build = builds.get();
    build.done ??= guarded(buildOnce);
    return build.done;
}

async function buildOnce(): Promise<void> {
    const built = path.join(cacheRoot(), "windows-agent", `${windowsAgentDigest()}.exe`);
    if (fs.existsSync(built)) {
        return;
    }
    await pulumi.log.info(
        "building the program for Windows hosts, once",
        undefined,
        undefined,
        true,
    );
    try {
        await command.local.run({
            command: script("host/windows-agent-build.sh"),
            environment: { KUBEDEV_SOURCES: sources, KUBEDEV_AGENT: windowsAgentDigest() },
            stdin: "",
            logging: "none",
            addPreviousOutputInEnv: false,
        });
    } catch (error) {
        throw runError(`cannot build the program for Windows hosts: ${String(error)}`);
    }
}
