import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { digestOf } from "../internal/hash";
import { probe, shadowDir, Sightings } from "./drift-probe";
import { Host, HostOs, HostParts, hostParts, Ssh } from "./host";
import { keyOf, PerRun, stackDir, stackScope } from "./scope";
import { assertFormat, StateFormat } from "./state-format";
import { hostEnvironment, scriptTexts, textNames, verbCommands, VerbScripts } from "./transport";
import { windowsAgentBuilt } from "./windows-agent-program";

/** A thing on a host, made and removed by scripts. */
export interface HostResourceArgs {
    /** Where it is. */
    host: pulumi.Input<Host> | undefined;
    /** Script below scripts/ that makes the thing. It must be idempotent. */
    create: string;
    /** Script below scripts/ whose text `create` begins with, where an output says so. Defaults to none. */
    first?: pulumi.Input<string | undefined>;
    /** Script that brings it up to date in place, and does nothing quickly when it is. Defaults to `create`. */
    update?: string;
    /** Script that removes it. It succeeds when it is not there. Defaults to nothing. */
    delete?: string;
    /** What the thing is, in the user's words. A change replaces it. */
    spec: pulumi.Inputs;
    /** Values for the scripts, empty where undefined. A change updates the thing in place, unless it comes from a change of `spec`. */
    environment?: Record<string, pulumi.Input<string | undefined>>;
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
    /** Refuses what the host's system does not have, for a host whose system is known only now. Nothing is done before. */
    check?: (os: HostOs) => pulumi.Output<unknown> | undefined;
}

/** A declared thing on a host. */
export interface HostResource {
    /** The resource that carries it: other things on the same host take its id as their parent. */
    readonly resource: command.local.Command;
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

    const host = hostParts(args.host);
    const { ssh } = host;
    const parents = [host.parentId, ...(args.parents ?? [])];
    const sightings = (args.probed ?? true) ? sightingsOn(host) : undefined;
    const incarnation = sightings?.apply((all) =>
        guarded(() => {
            assertFormat(name, all.things.get(key)?.format, args.format);
            return incarnationOf(all, key);
        }),
    );

    const target = ssh.apply(targetOf);
    const triggers = [
        compact({ ...args.spec, host: target, incarnation }),
        { parents: pulumi.all(parents).apply(compactList) },
    ];
    const scripts = {
        create: args.create,
        update: args.update ?? args.create,
        delete: args.delete,
    };
    const timeout = `${String((args.timeoutSec ?? defaultTimeoutSec) + 30)}s`;

    const resource = new command.local.Command(
        name,
        {
            ...verbCommands(scripts),
            environment: {
                ...textsFor(scripts, host, args),
                ...environmentOf(key, args, host, incarnation, triggers),
            },
            stdin: orEmpty(args.stdin),
            triggers,
            logging: "stderr",
            addPreviousOutputInEnv: false,
        },
        pulumi.mergeOptions(opts, {
            deleteBeforeReplace: true,
            customTimeouts: { create: timeout, update: timeout, delete: timeout },
            deletedWith: machineBehind(host.parentUrn),
        }),
    );
    const facts =
        sightings === undefined
            ? pulumi.output(undefined)
            : sightings.apply((all) => all.things.get(key)?.facts);
    return {
        resource,
        instanceId: pulumi
            .all([resource.id, facts])
            .apply(([id, known]) =>
                known === undefined && pulumi.runtime.isDryRun()
                    ? (pulumi.unknown as unknown as string)
                    : id,
            ),
        result: () => resource.stdout.apply((text) => guarded(() => lastJsonObject(text))),
        facts,
        stays: pulumi
            .all([facts, pulumi.output(triggers).apply(digestOf)])
            .apply(([known, wanted]) => known?.["spec"] === wanted),
        dir: path.join(stackDir(), key),
    };
}

/** What the record of a thing says, before this run changes it: for values that decide what is asked for. */
export function recordedFacts(
    name: string,
    host: pulumi.Input<Host> | undefined,
): pulumi.Output<Record<string, string> | undefined> {
    return sightingsOn(hostParts(host)).apply((all) => all.things.get(keyOf(name))?.facts);
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

/** While the machine behind the host is being made anew there is nothing to look at: its id is unknown then. */
function sightingsOn(host: HostParts): pulumi.Output<Sightings> {
    return pulumi
        .all([host.ssh, host.running, host.parentId])
        .apply(([known, running]) => probe(known, running ?? true));
}

/** A value that is known in preview, and yet makes what uses it wait for the resource. */
export function after<T>(
    resource: pulumi.CustomResource,
    value: pulumi.Input<T>,
): pulumi.Output<pulumi.Unwrap<T>> {
    return pulumi.all([value, resource.urn]).apply(([known]) => known);
}

function environmentOf(
    key: string,
    args: HostResourceArgs,
    host: HostParts,
    incarnation: pulumi.Output<number> | undefined,
    triggers: unknown[],
): Record<string, pulumi.Input<string>> {
    const { ssh } = host;
    const timeoutSec = args.timeoutSec ?? defaultTimeoutSec;
    const scriptVariables = {
        ...Object.fromEntries(
            Object.entries(args.environment ?? {}).map(([n, value]) => [n, orEmpty(value)]),
        ),
        KUBEDEV_KEY: key,
        KUBEDEV_SCOPE: stackScope(),
        KUBEDEV_DIR: ssh.apply((known) => (known === undefined ? path.join(stackDir(), key) : "")),
        // So that who waits in vain for another run is told so, before the time limit ends it.
        KUBEDEV_LOCK_SEC: String(Math.ceil(timeoutSec / 2)),
        KUBEDEV_INCARNATION: incarnation?.apply(String) ?? "",
        KUBEDEV_SPEC: pulumi.output(triggers).apply(digestOf),
    };
    return {
        ...scriptVariables,
        KUBEDEV_VARS: Object.keys(scriptVariables).join(" "),
        KUBEDEV_HOST_NAME: ssh.apply((known) => hostEnvironment(known)["KUBEDEV_HOST_NAME"] ?? ""),
        KUBEDEV_SSH: ssh.apply((known) => hostEnvironment(known)["KUBEDEV_SSH"] ?? ""),
        KUBEDEV_SHADOW_DIR: ssh.apply((known) => (known === undefined ? "" : shadowDir(known))),
        KUBEDEV_MANAGED: host.parentUrn.apply((urn) => (urn === undefined ? "" : "1")),
        KUBEDEV_HOST_RUNNING: host.running.apply((running) => String(running ?? true)),
        KUBEDEV_PAYLOAD_FILE: orEmpty(args.payloadFile),
        KUBEDEV_CONNECT_SEC: "30",
        KUBEDEV_TIMEOUT_SEC: String(timeoutSec),
    };
}

/** What tells a host from another one; nothing for this machine. */
function targetOf(ssh: Ssh | undefined): Record<string, unknown> | undefined {
    if (ssh === undefined) {
        return undefined;
    }
    const { address, port = 22, user = "root", container } = ssh;
    return {
        ...(address === "" ? {} : { address, port, user }),
        ...(container === undefined ? {} : { container: container.name }),
        ...(container?.ownEngine === true ? { engine: "own" } : {}),
    };
}

/** By the system of the host, which an output may tell. */
function textsFor(
    scripts: VerbScripts,
    host: HostParts,
    { check, first }: Pick<HostResourceArgs, "check" | "first">,
): Record<string, pulumi.Output<string>> {
    const texts = pulumi.all([host.os, first, host.container]).apply(([os, before, container]) => {
        const checked = check?.(os ?? HostOs.Linux) ?? pulumi.output(undefined);
        return checked.apply(() =>
            guarded(async () => {
                const made = scriptTexts(scripts, os, before, container);
                if (os === HostOs.Windows) {
                    await windowsAgentBuilt();
                }
                return made;
            }),
        );
    });
    return Object.fromEntries(
        textNames(scripts).map((name) => [name, texts.apply((all) => all[name] ?? "")]),
    );
}

function orEmpty(value: pulumi.Input<string | undefined>): pulumi.Input<string> {
    return value === undefined || typeof value === "string"
        ? (value ?? "")
        : pulumi.output(value).apply((known) => known ?? "");
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

/** The machine that a host's things go away with. */
function machineBehind(parentUrn: pulumi.Output<string | undefined>): pulumi.Resource {
    // One of another stack, whose host came by a stack reference, is nothing that this stack's state could point to.
    const here = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::`;
    const urn = parentUrn.apply((known) => (known?.startsWith(here) === true ? known : undefined));
    // The SDK awaits the URN only when it registers; nothing or unknown means that there is no such machine.
    return Object.assign(new pulumi.DependencyResource(""), { urn });
}

function compact(values: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function compactList(ids: readonly (string | undefined)[]): string[] {
    return ids.filter((id) => id !== undefined);
}
