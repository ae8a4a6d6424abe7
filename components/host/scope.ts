import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { sha256 } from "../internal/hash";
import { stateRoot } from "../internal/paths";

/** `<project>/<stack>`: what keeps the things of two stacks on one host apart. */
export function stackScope(): string {
    return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** Where this stack's things are kept on this machine. */
export function stackDir(): string {
    return path.join(stateRoot(), stackScope());
}

/** Name of a thing's directory: its own name, as far as that is one. */
export function keyOf(name: string): string {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) {
        return name;
    }
    // Two names must not meet in one directory.
    return `${name.replace(/[^A-Za-z0-9_]/g, "_").slice(0, 80)}_${sha256(name).slice(0, 12)}`;
}

/** Remembers something per run of a program: one process may run several (automation, tests, component provider). */
export class PerRun<Value extends object> {
    private readonly values = new WeakMap<object, Value>();

    public constructor(private readonly make: () => Value) {}

    /** The value of the run that is under way. */
    public get(): Value {
        const run = pulumi.runtime.getMonitor() ?? noMonitor;
        const known = this.values.get(run);
        if (known !== undefined) {
            return known;
        }
        const made = this.make();
        this.values.set(run, made);
        return made;
    }
}

const noMonitor = {};
