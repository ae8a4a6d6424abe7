import * as fs from "node:fs";
import * as path from "node:path";
import { packageRoot } from "../internal/paths";

/** A file as scripts/kind/node-image-build.sh takes it. */
interface NodeFile {
    /** Octal permissions. */
    mode: string;
    text: string;
}

/** What lies in agents/node: files of a node and sources of the programs that run on it, by path. */
export function nodeFiles(): Record<string, NodeFile> {
    const root = path.join(packageRoot, "agents/node");
    const names = fs
        .readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((name) => !name.endsWith("_test.go"))
        .filter((name) => fs.statSync(path.join(root, name)).isFile())
        .sort();
    return Object.fromEntries(
        names.map((name) => {
            const file = path.join(root, name);
            const executable = (fs.statSync(file).mode & 0o100) !== 0;
            return [
                name.split(path.sep).join("/"),
                { mode: executable ? "0755" : "0644", text: fs.readFileSync(file, "utf8") },
            ];
        }),
    );
}
