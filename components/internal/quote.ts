import { quote } from "shell-quote";

/** One POSIX shell line that runs the given argument vector. */
export function shellLine(argv: readonly string[]): string {
    for (const argument of argv) {
        if (argument.includes("\0")) {
            throw new Error(
                `a command argument must not hold a NUL byte, got ${JSON.stringify(argument)}`,
            );
        }
    }
    return argv.map(shellWord).join(" ");
}

/** One word of a POSIX shell line. */
function shellWord(word: string): string {
    // shell-quote escapes a line break by a backslash, which a shell reads as a continued line.
    return /[\n\r]/.test(word) ? `'${word.replace(/'/g, `'\\''`)}'` : quote([word]);
}

/** Lines that set and export the given variables in a POSIX shell, in the order of their names. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
    return Object.entries(variables)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
        .join("");
}
