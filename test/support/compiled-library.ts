/**
 * The library as the package ships it, compiled once for all tests: every run of a program would translate its
 * TypeScript anew, which takes longer than most programs do.
 */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";

const root = path.resolve(__dirname, "../..");
const kept = path.join(root, ".toolchain/library");
/** Found beside bin/, as in the package. */
const beside = ["scripts", "agents", "package.json"];

function sources(): string[] {
    const below = fs.readdirSync(path.join(root, "components"), {
        recursive: true,
        encoding: "utf8",
    });
    const components = below.filter((name) => name.endsWith(".ts")).sort();
    return [
        ...["index.ts", "tsconfig.json", "tsconfig.build.json", "package-lock.json"],
        ...components.map((name) => path.join("components", name)),
    ];
}

/** Keyed by content: an edit between two runs of tests is seen, and checkouts may share a toolchain. */
function key(): string {
    const hash = createHash("sha256").update(root);
    for (const name of sources()) {
        hash.update(`${name}\0`)
            .update(fs.readFileSync(path.join(root, name)))
            .update("\0");
    }
    return hash.digest("hex").slice(0, 16);
}

const folder = path.join(kept, key());

/** What a program imports: `import * as kubedev from "${library}"`. It is there once `compileLibrary` has run. */
export const library = path.join(folder, "bin/index");

/** Compiles the library, unless that was done. Test files run side by side: the first to end wins. */
export function compileLibrary(): void {
    if (fs.existsSync(folder)) {
        const now = new Date();
        fs.utimesSync(folder, now, now);
        return;
    }
    fs.mkdirSync(kept, { recursive: true });
    const made = fs.mkdtempSync(path.join(kept, ".new-"));
    try {
        const tsc = path.join(root, "node_modules/typescript/bin/tsc");
        const options = ["--noCheck", "--declaration", "false", "--outDir", path.join(made, "bin")];
        const project = ["-p", path.join(root, "tsconfig.build.json")];
        execFileSync(process.execPath, [tsc, ...project, ...options], { stdio: "pipe" });
        for (const name of beside) {
            fs.symlinkSync(path.join(root, name), path.join(made, name));
        }
        fs.renameSync(made, folder);
    } catch (e) {
        fs.rmSync(made, { recursive: true, force: true });
        if (!fs.existsSync(folder)) {
            throw e;
        }
    }
    forgetOldOnes();
}

/** Those of earlier sources that no run of the last day used. */
function forgetOldOnes(): void {
    const dayAgo = Date.now() - 86_400_000;
    for (const name of fs.readdirSync(kept)) {
        const other = path.join(kept, name);
        if (other !== folder && fs.statSync(other).mtimeMs < dayAgo) {
            fs.rmSync(other, { recursive: true, force: true });
        }
    }
}
