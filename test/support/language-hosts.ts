/**
 * Pulumi's language hosts as its releases have them, which make packages from a schema and run plugin folders. Those that are
 * built from Go modules do not; KUBEDEV_LANGUAGE_HOSTS names a folder with others.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { engineEnv } from "./engine-cli";
import { scratchDir } from "./scratch";

export type HostLanguage = "nodejs" | "python" | "yaml";

/** The PATH on which programs find them. */
export const hostsPath = [process.env.KUBEDEV_LANGUAGE_HOSTS, engineEnv().PATH]
    .filter((part) => part !== undefined)
    .join(path.delimiter);

/** Full path of a host. */
export function hostOf(language: HostLanguage): string {
    const found = hostsPath
        .split(path.delimiter)
        .map((folder) => path.join(folder, `pulumi-language-${language}`))
        .find((file) => fs.existsSync(file));
    return found ?? `there is no pulumi-language-${language}`;
}

/** Why no package can be made in a language here; undefined when it can. It is tried. */
export function hostMissing(language: HostLanguage): string | undefined {
    const scratch = scratchDir("kubedev-hosts-");
    try {
        const schema = path.join(scratch, "schema.json");
        fs.writeFileSync(schema, JSON.stringify({ name: "tiny", version: "1.0.0" }));
        const to = ["--language", language, "--local", "--out", path.join(scratch, "sdk")];
        const ran = spawnSync("pulumi", ["package", "gen-sdk", schema, ...to], {
            encoding: "utf8",
            env: { ...engineEnv(), PATH: hostsPath },
            timeout: 60_000,
        });
        if (ran.status === 0) {
            return undefined;
        }
        const said = ran.error?.message ?? ran.stderr.trim().split("\n").at(-1) ?? "";
        return `Pulumi's host of ${language} makes no packages: ${said}; set KUBEDEV_LANGUAGE_HOSTS to a folder with one that does`;
    } finally {
        fs.rmSync(scratch, { recursive: true, force: true });
    }
}
