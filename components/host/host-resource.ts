import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { digestOf } from "../internal/hash";
import { withoutTraces } from "../internal/promise-traces";
import "../internal/sdk-messages";
import { applied, asOutput, mapped, orEmpty } from "../internal/outputs";
import { Sightings } from "./drift-probe";
import { Host, HostParts } from "./host";
import { HostPlace, hostPlace, TextChoice } from "./host-place";
import { keyOf, PerRun, stackDir, stackScope } from "./scope";
import { assertFormat, StateFormat } from "./state-format";
import { ThingCommand } from "./thing-command";
import { verbCommands } from "./transport";

/** A thing on a host, made and removed by scripts. */
export interface HostResourceArgs extends TextChoice {
    /** Where it is. */
    host: pulumi.Input<Host> | undefined;
    /** Script below scripts/ that makes the thing. It must be idempotent. */
    create: string;
    /** Script that brings it up to date in place, and does nothing quickly when it is. Defaults to `create`. */
    update?: string;
    /** Script that removes it. It succeeds when it is not there. Defaults to nothing. */
    delete?: string;
    /** What the thing is, in the user's words. A change replaces it. As an output it is known or unknown as a whole, which costs a preview less. */
    spec: pulumi.Inputs | pulumi.Output<Record<string, unknown>>;
    /** Values for the scripts. A change updates the thing in place, unless it comes from a change of `spec`. */
    environment?: Record<string, pulumi.Input<string>>;
    /** Standard input of `create` and `update`. A change updates the thing in place. */
    stdin?: pulumi.Input<string | undefined>;
    /** File on the machine that runs Pulumi, sent as standard input. */
    payloadFile?: pulumi.Input<string | undefined>;
    /** Ids of what the thing physically stands on, on the same host. When one changes, so does this thing. */
    parents?: pulumi.Input<string | undefined>[];
    /** Whether the probe looks after it: its scripts write a record, and its death shows in a preview. Defaults to true. */
    probed?: boolean;
    /** How its files on the host are laid out. What is there in another way is refused in a preview. Defaults to the first. */
    format?: StateFormat;
    /** Time limit in seconds for each of the scripts. Defaults to 600. */
    timeoutSec?: number;
}

/** A declared thing on a host. */
export interface HostResource {
    /** The resource that carries it: other things on the same host take its id as their parent. */
    readonly resource: pulumi.CustomResource & Pick<ThingCommand, "stdout">;
    /** Its id, unknown in a preview that makes the thing: for what looks at it. The resource's own id is made up then. */
    readonly instanceId: pulumi.Output<string>;
    /** Reads the JSON object that its script printed last. Unknown in a preview that changes the thing. */
    readonly result: () => pulumi.Output<Record<string, unknown>>;
    /** What the thing's record says, known in preview as long as the thing is there. */
    readonly facts: pulumi.Output<Record<string, string> | undefined>;
    /** Whether this run leaves the thing as it was made, or brings it up to date in place: known in preview. Never, of a thing whose script does not record `fact.spec`. */
    readonly stays: pulumi.Output<boolean>;
    /** Directory of the thing, if it is on this machine: absolute. On a remote host it is below the user's state directory. */
    readonly dir: string;
}

const defaultTimeoutSec = 600;

const keys = new PerRun(() => new Set<string>());

/**
 * Declares a thing on a host. The one place where the dependency recipe of the command plugin is spelled out; nobody
 * declares a command past it:
 * - the readable spec, the incarnation and the ids of what it stands on are triggers, everything else updates in place;
 * - it is deleted before it is replaced, so that address, file and lock are free;
 * - what is on a machine that kubedev made goes with that machine, and its own delete never fails on a dead one;
 * - scripts are inline text, values are environment, nothing depends on what a script printed before.
 */
export function hostResource(
    name: string,
    args: HostResourceArgs,
    opts: pulumi.CustomResourceOptions,
): HostResource {
    const key = keyOf(name);
    if (keys.get().has(key)) {
        throw runError(
            `two things of this stack are called "${name}"; expected different names, since the name is also that of the thing's directory on its host`,
        );
    }
    keys.get().add(key);

    const place = hostPlace(args.host);
    const sightings = (args.probed ?? true) ? place.sightings() : undefined;
    const incarnation = sightings?.apply((all) =>
        guarded(() => {
            assertFormat(name, all.things.get(key)?.format, args.format);
            return incarnationOf(all, key);
        }),
    );

    const spec = specOf(args.spec, { host: place.target, incarnation });
    const parents = mapped([place.parentId, ...(args.parents ?? [])], compactList);
    const digest = applied([spec, parents], ([what, on]) => digestOf([what, { parents: on }]));
    const scripts = {
        create: args.create,
        update: args.update ?? args.create,
        delete: args.delete,
    };
    const timeout = `${String((args.timeoutSec ?? defaultTimeoutSec) + 30)}s`;

    const inputs = {
        ...verbCommands(scripts),
        environment: {
            ...place.texts(scripts, args),
            ...environmentOf(key, args, place, incarnation, digest),
        },
        stdin: orEmpty(args.stdin),
        triggers: [spec, { parents }],
        logging: "stderr" as const,
        addPreviousOutputInEnv: false,
    };
    const options = pulumi.mergeOptions(opts, {
        deleteBeforeReplace: true,
        customTimeouts: { create: timeout, update: timeout, delete: timeout },
        deletedWith: place.machineBehind,
    });
    const declare = () => new ThingCommand(name, inputs, options);
    const resource = isTransformed(options) ? declare() : withoutTraces(declare);
    return new DeclaredThing(key, resource, sightings, digest);
}

/** Whether a program's own functions run while it is declared, whose errors say where they are. */
function isTransformed({ transformations = [], parent }: pulumi.CustomResourceOptions): boolean {
    const inherited = (parent as { __transformations?: unknown[] } | undefined)?.__transformations;
    return transformations.length > 0 || (inherited ?? []).length > 0;
}

/** What is read of a thing is made when it is: most of it never is, and an output costs a preview time. */
class DeclaredThing implements HostResource {
    public readonly dir: string;
    private recorded: HostResource["facts"] | undefined;

    public constructor(
        private readonly key: string,
        public readonly resource: ThingCommand,
        private readonly sightings: pulumi.Output<Sightings> | undefined,
        private readonly digest: pulumi.Output<string>,
    ) {
        this.dir = path.join(stackDir(), key);
    }

    public get facts(): HostResource["facts"] {
        this.recorded ??= asOutput(
            this.sightings?.apply((all) => all.things.get(this.key)?.facts),
        ) as HostResource["facts"];
        return this.recorded;
    }

    public get instanceId(): pulumi.Output<string> {
        return applied([this.resource.id, this.facts], ([id, known]) =>
            known === undefined && pulumi.runtime.isDryRun()
                ? (pulumi.unknown as unknown as string)
                : id,
        );
    }

    public get stays(): pulumi.Output<boolean> {
        return applied([this.facts, this.digest], ([known, wanted]) => known?.["spec"] === wanted);
    }

    public readonly result = (): pulumi.Output<Record<string, unknown>> =>
        this.resource.stdout.apply((text) => guarded(() => lastJsonObject(text)));
}

/** The readable spec, with where the thing is and the how manieth it is. */
function specOf(
    spec: HostResourceArgs["spec"],
    found: { host: HostPlace["target"]; incarnation: pulumi.Output<number> | undefined },
): pulumi.Inputs | pulumi.Output<Record<string, unknown>> {
    return pulumi.Output.isInstance(spec)
        ? applied([spec, found.host, found.incarnation], ([wanted, host, incarnation]) =>
              compact({ ...(wanted as Record<string, unknown>), host, incarnation }),
          )
        : compact({ ...spec, ...found });
}

/** What the record of a thing says, before this run changes it: for values that decide what is asked for. */
export function recordedFacts(
    name: string,
    host: pulumi.Input<Host> | undefined,
): pulumi.Output<Record<string, string> | undefined> {
    return hostPlace(host)
        .sightings()
        .apply((all) => all.things.get(keyOf(name))?.facts);
}

/** What tells a script that only looks which thing it is about, as its own scripts know it. */
export function thingEnvironment(
    name: string,
    ssh: HostParts["ssh"],
): pulumi.Output<Record<string, string>> {
    return ssh.apply((known): Record<string, string> => ({
        KUBEDEV_KEY: keyOf(name),
        KUBEDEV_SCOPE: stackScope(),
        KUBEDEV_DIR: known === undefined ? path.join(stackDir(), keyOf(name)) : "",
    }));
}

/** A value that is known in preview, and yet makes what uses it wait for the resource. */
export function after<T>(
    resource: pulumi.CustomResource,
    value: pulumi.Input<T>,
): pulumi.Output<pulumi.Unwrap<T>> {
    return applied([value, resource.urn], ([known]) => known) as pulumi.Output<pulumi.Unwrap<T>>;
}

function environmentOf(
    key: string,
    args: HostResourceArgs,
    place: HostPlace,
    incarnation: pulumi.Output<number> | undefined,
    digest: pulumi.Output<string>,
): Record<string, pulumi.Input<string>> {
    const timeoutSec = args.timeoutSec ?? defaultTimeoutSec;
    const scriptVariables = {
        ...args.environment,
        KUBEDEV_KEY: key,
        KUBEDEV_SCOPE: stackScope(),
        KUBEDEV_DIR: place.dirOf(key),
        // So that who waits in vain for another run is told so, before the time limit ends it.
        KUBEDEV_LOCK_SEC: String(Math.ceil(timeoutSec / 2)),
        KUBEDEV_INCARNATION: incarnation?.apply(String) ?? "",
        KUBEDEV_SPEC: digest,
    };
    return {
        ...scriptVariables,
        KUBEDEV_VARS: Object.keys(scriptVariables).join(" "),
        ...place.variables,
        KUBEDEV_PAYLOAD_FILE: orEmpty(args.payloadFile),
        KUBEDEV_CONNECT_SEC: "30",
        KUBEDEV_TIMEOUT_SEC: String(timeoutSec),
    };
}

/** The incarnation that a thing will have after this run. */
export function incarnationOf(sightings: Sightings, key: string): number {
    return sightings.things.get(key)?.incarnation ?? sightings.absent;
}

/** The last line that a script printed, which is a JSON object. */
export function lastJsonObject(stdout: string): Record<string, unknown> {
    const line = stdout.trimEnd().split("\n").at(-1) ?? "";
    if (line === "") {
        return {};
    }
    try {
        return JSON.parse(line) as Record<string, unknown>;
    } catch {
        throw runError(
            `got ${JSON.stringify(line.slice(0, 80))} as a script's last line; expected a JSON object`,
        );
    }
}

/** A text of such an object; empty if it is not there, as on a host that is declared as stopped. */
export function textOf(result: Record<string, unknown>, name: string): string {
    const value = result[name];
    return typeof value === "string" ? value : "";
}

function compact(values: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function compactList(ids: readonly (string | undefined)[]): string[] {
    return ids.filter((id) => id !== undefined);
}
