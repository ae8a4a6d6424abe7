import { runError } from "./errors";

/** One POSIX shell line that runs the given argument vector. */
export function shellLine(argv: readonly string[]): string {
    // A first word with an equals sign would be read as an assignment.
    return argv.map((word, at) => shellWord(word, at === 0 ? /^[\w@%+:,./-]+$/ : plain)).join(" ");
}

/** Words of a POSIX shell line behind its first one. */
export function shellWords(words: readonly string[]): string {
    return words.map((word) => shellWord(word)).join(" ");
}

const plain = /^[\w@%+=:,./-]+$/;

/** One word of a POSIX shell line, in quotes unless all of it is plain. */
function shellWord(word: string, bare = plain): string {
    if (word.includes("\0")) {
        throw runError(
            `got a NUL byte in ${JSON.stringify(word)}; expected none: no shell word can hold one`,
        );
    }
    return bare.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Lines that set and export the given variables in a POSIX shell, in the order of their names. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
    return Object.entries(variables)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
        .join("");
}
