/** A file of the SDK that is no part of its API; undefined where another version has it elsewhere, and does without what is done to it. */
export function sdkPart(file: string): unknown {
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the one way to go on without it
        return require(`@pulumi/pulumi/${file}`);
    } catch {
        return undefined;
    }
}

/** Whether a function of it can be replaced by another one. */
export function isReplaceable(part: object, name: string): boolean {
    return Object.getOwnPropertyDescriptor(part, name)?.writable === true;
}
