import { sha256 } from "../internal/hash";

/** What something of a stack is called in an engine: short enough for the names of nodes, and another one for each stack. */
export function derivedName(project: string, stack: string, name: string): string {
    const readable = `${stack}-${name}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    return `${readable.slice(0, 28).replace(/^-|-$/g, "")}-${sha256(`${project}/${stack}/${name}`).slice(0, 6)}`;
}
