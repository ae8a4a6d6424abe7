/** Reads what the kernel says of a process: proc(5). */

/** Proportional set size in KiB, of /proc/<pid>/smaps_rollup. */
export function readPssKib(smapsRollup: string): number {
    return numberIn(/^Pss:\s+(\d+) kB$/m, smapsRollup);
}

/** A count of bytes, of /proc/<pid>/io. */
export function readBytes(io: string, name: "read_bytes" | "write_bytes"): number {
    return numberIn(new RegExp(`^${name}: (\\d+)$`, "m"), io);
}

function numberIn(line: RegExp, text: string): number {
    const found = line.exec(text)?.[1];
    if (found === undefined) {
        throw new Error(`expected a line ${String(line)}, got:\n${text}`);
    }
    return Number(found);
}
