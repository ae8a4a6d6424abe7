/** The package as another project gets it: packed from a copy of the sources. */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { repoRoot } from "./engine-cli";

const execute = promisify(execFile);
/** What a failed program said on its standard output, as tsc does, is in the error. */
export const run: typeof execute = ((...args: Parameters<typeof execute>) =>
    execute(...args).catch((error: unknown) => {
        const { message, stdout } = error as Error & { stdout: string };
        throw new Error(`${message}\n${stdout}`, { cause: error });
    })) as typeof execute;

/** Copies what a package, or a plugin folder, is made of. */
export function copySources(copy: string): void {
    const sources = [
        ...["components", "scripts", "agents", "policy", "plugin", "index.ts", "schema.json"],
    ];
    const settings = ["package.json", "tsconfig.json", "tsconfig.build.json"];
    for (const name of [...sources, ...settings, "LICENSE", "README.md", "CHANGELOG.md"]) {
        fs.cpSync(path.join(repoRoot, name), path.join(copy, name), { recursive: true });
    }
    // Of a checkout whose plugin was used.
    for (const name of ["plugin/node_modules", "plugin/package-lock.json"]) {
        fs.rmSync(path.join(copy, name), { recursive: true, force: true });
    }
}

/** Packs a copy below `folder`: nothing is left in the checkout, where engine tests import the sources. */
export async function pack(folder: string): Promise<string> {
    const copy = path.join(folder, "copy");
    copySources(copy);
    fs.symlinkSync(path.join(repoRoot, "node_modules"), path.join(copy, "node_modules"));
    await run("npm", ["pack", "--ignore-scripts=false", "--pack-destination", folder], {
        cwd: copy,
    });
    const [made] = fs.readdirSync(folder).filter((name) => name.endsWith(".tgz"));
    return path.join(folder, made ?? "npm pack made no file");
}
