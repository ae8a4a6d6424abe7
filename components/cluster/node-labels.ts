/** Labels of a node as lines key=value, in the order of the keys. */
export function labelLines(values: Readonly<Record<string, string>> | undefined): string {
    return Object.entries(values ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${value}`)
        .join("\n");
}
