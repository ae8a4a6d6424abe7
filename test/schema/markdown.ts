/** As much Markdown as the documents of this repository use. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "./infer";

export interface Block {
    /** Path of the document below the repository. */
    file: string;
    line: number;
    text: string;
}

/** All documents, below the repository. */
export function documents(): string[] {
    const made = ["node_modules", ".toolchain", ".git", "coverage"];
    const prune = made.flatMap((name) => ["-name", name, "-prune", "-o"]);
    const args = [".", ...prune, "-name", "*.md", "-print"];
    return execFileSync("find", args, { cwd: root, encoding: "utf8" })
        .trim()
        .split("\n")
        .map((file) => path.posix.normalize(file))
        .sort();
}

export function read(file: string): string {
    return fs.readFileSync(path.join(root, file), "utf8");
}

/** The fenced blocks of one language. */
export function blocks(file: string, language: string): Block[] {
    const found: Block[] = [];
    let open: { language: string; line: number; lines: string[] } | undefined;
    for (const [index, line] of read(file).split("\n").entries()) {
        const fence = /^\s*```(\w*)/.exec(line);
        if (fence !== null && open === undefined) {
            open = { language: fence[1] ?? "", line: index + 2, lines: [] };
        } else if (fence !== null && open !== undefined) {
            if (open.language === language) {
                found.push({ file, line: open.line, text: `${open.lines.join("\n")}\n` });
            }
            open = undefined;
        } else {
            open?.lines.push(line);
        }
    }
    return found;
}

/** Text without fenced blocks. */
export function prose(file: string): string {
    return read(file).replace(/^```[\s\S]*?^```$/gm, "");
}

/** Names in backticks in the first column of the tables below a heading of the second level. */
export function tableNames(file: string, heading: string): string[] {
    const [, section = ""] = prose(file).split(new RegExp(`^## ${heading}\n`, "m"));
    const [own = ""] = section.split(/^## /m);
    return own
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .flatMap((line) => {
            const [, first = ""] = line.split("|");
            return [...first.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");
        });
}

export interface Link {
    file: string;
    target: string;
}

/** Links to other documents and to headings. */
export function localLinks(file: string): Link[] {
    return [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => ({ file, target: target ?? "" }))
        .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** What a link leads to: nothing is wrong if this is undefined. */
export function brokenLink({ file, target }: Link): string | undefined {
    const [place = "", anchor] = target.split("#");
    const to = place === "" ? file : path.posix.join(path.posix.dirname(file), place);
    if (!fs.existsSync(path.join(root, to))) {
        return `${file}: ${target}: there is no ${to}`;
    }
    if (anchor !== undefined && !anchors(to).includes(anchor)) {
        return `${file}: ${target}: ${to} has no such heading`;
    }
    return undefined;
}

function anchors(file: string): string[] {
    return [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
        (heading ?? "")
            .toLowerCase()
            .replace(/[^\w\- ]/g, "")
            .replaceAll(" ", "-"),
    );
}
