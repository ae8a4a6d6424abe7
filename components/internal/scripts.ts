import * as fs from "node:fs";
import * as path from "node:path";
import { packageRoot } from "./paths";

const loaded = new Map<string, string>();

/**
 * Text of a script below scripts/, or of one by its absolute path, with what it sources (`. ./other.sh`) put in its
 * place, and without comments and empty lines: script text is part of a resource's state, and an edited comment must not
 * show up as an update of everything that uses it.
 */
export function script(name: string): string {
    const known = loaded.get(name);
    if (known !== undefined) {
        return known;
    }
    const raw = fs.readFileSync(path.resolve(packageRoot, "scripts", name), "utf8");
    const text = stripComments(raw).replace(/^\. (\.{1,2}\/.*)\n/gm, (_line, other: string) =>
        script(path.posix.join(path.posix.dirname(name), other)),
    );
    loaded.set(name, text);
    return text;
}

/** Removes whole-line comments, also those of cmd, and empty lines. Scripts therefore hold no here-document with such lines. */
export function stripComments(text: string): string {
    return text
        .split("\n")
        .filter((line) => !/^\s*(#|::(\s|$)|$)/.test(line))
        .map((line) => `${line}\n`)
        .join("");
}
