import { quote } from "shlex";

/** One POSIX shell line that runs the given argument vector. */
export function shellLine(argv: readonly string[]): string {
    return argv.map(shellWord).join(" ");
}

/** One word of a POSIX shell line. */
function shellWord(word: string): string {
    if (word.includes("\0")) {
        throw new Error(
            `got a NUL byte in ${JSON.stringify(word)}; expected none: no shell word can hold one`,
        );
    }
    return quote(word);
}

/** Lines that set and export the given variables in a POSIX shell, in the order of their names. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
    return Object.entries(variables)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
        .join("");
}
