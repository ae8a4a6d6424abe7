/** How long each step of an update takes, told by its events as they come. */
/** Begun and ended, in ms, by the resource's name. */
export class Steps {
    private rest = "";
    private readonly begun = new Map<string, number>();
    private readonly lastBegun = new Map<string, number>();
    private readonly taken = new Map<string, number>();
    private readonly ends = new Map<string, number>();

    readonly heard = (text: string): void => {
        const lines = (this.rest + text).split("\n");
        this.rest = lines.pop() ?? "";
        for (const line of lines.filter((one) => one.startsWith("{"))) {
            const event = JSON.parse(line) as Record<string, { metadata?: { urn: string } }>;
            const now = performance.now();
            const begins = nameIn(event["resourcePreEvent"]);
            const ends = nameIn(event["resOutputsEvent"]);
            if (begins !== undefined) {
                this.begun.set(begins, this.begun.get(begins) ?? now);
                this.lastBegun.set(begins, now);
            }
            if (ends !== undefined) {
                this.ends.set(ends, now);
                this.taken.set(ends, now - (this.begun.get(ends) ?? now));
            }
        }
    };

    /** How long after the steps of one resource those of another one ended, in seconds. */
    between(one: string, other: string): number {
        return ((this.ends.get(other) ?? NaN) - (this.ends.get(one) ?? NaN)) / 1e3;
    }

    /** From the first step of any of these to the end of the last one, in seconds. */
    span(names: readonly string[]): number {
        const begun = names.map((name) => this.begun.get(name) ?? NaN);
        const ended = names.map((name) => this.ends.get(name) ?? NaN);
        return (Math.max(...ended) - Math.min(...begun)) / 1e3;
    }

    /** How long the last step of a resource took, in seconds: of one that is replaced, without the removal of what was. */
    ofLast(name: string): number {
        const ms = (this.ends.get(name) ?? NaN) - (this.lastBegun.get(name) ?? NaN);
        if (!(ms > 0)) {
            throw new Error(`no step of ${name} that ended: ${[...this.taken.keys()].join(", ")}`);
        }
        return ms / 1e3;
    }

    /** How long a resource's steps took, in seconds: one that is replaced, from its removal on. */
    of(name: string): number {
        const ms = this.taken.get(name);
        if (ms === undefined) {
            throw new Error(`no step of ${name}: ${[...this.taken.keys()].join(", ")}`);
        }
        return ms / 1e3;
    }
}

function nameIn(event: { metadata?: { urn: string } } | undefined): string | undefined {
    return event?.metadata?.urn.split("::").pop();
}
