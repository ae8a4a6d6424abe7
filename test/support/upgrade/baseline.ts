import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repoRoot } from "../engine";

/** The library of an earlier commit. */
export interface Baseline {
    /** Full id of the commit. */
    commit: string;
    /** What a program imports. */
    library: string;
}

/** Versions whose library is kept; "first" is the commit that stacks were upgraded from before there were any. */
export function baselines(): string[] {
    return fs
        .readdirSync(__dirname)
        .filter((name) => fs.existsSync(path.join(__dirname, name, "library.tar.gz")))
        .sort();
}

/** Unpacks the recorded library into a folder. An archive, since a clone need not hold the commit. */
export function unpackBaseline(version: string, folder: string): Baseline {
    const kept = path.join(__dirname, version);
    fs.mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", path.join(kept, "library.tar.gz"), "-C", folder]);
    fs.symlinkSync(path.join(repoRoot, "node_modules"), path.join(folder, "node_modules"));
    return {
        commit: fs.readFileSync(path.join(kept, "commit"), "utf8").trim(),
        library: path.join(folder, "index"),
    };
}
