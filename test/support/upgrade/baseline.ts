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

/** Unpacks the recorded library into a folder. An archive, since a clone need not hold the commit. */
export function unpackBaseline(folder: string): Baseline {
    fs.mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", path.join(__dirname, "library.tar.gz"), "-C", folder]);
    fs.symlinkSync(path.join(repoRoot, "node_modules"), path.join(folder, "node_modules"));
    return {
        commit: fs.readFileSync(path.join(__dirname, "commit"), "utf8").trim(),
        library: path.join(folder, "index"),
    };
}
