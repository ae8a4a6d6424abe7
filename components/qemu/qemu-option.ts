/** Parts of an option, as QEMU reads them. */
export function option(...parts: string[]): string {
    return parts.join(",");
}

/** QEMU reads a doubled comma in an option's value as one comma. */
export function escaped(value: string): string {
    return value.replaceAll(",", ",,");
}
