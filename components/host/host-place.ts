import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { guarded } from "../internal/errors";
import { applied } from "../internal/outputs";
import { probe, shadowDir, Sightings } from "./drift-probe";
import { Host, HostOs, HostParts, hostParts, Ssh } from "./host";
import { PerRun, stackDir } from "./scope";
import { hostName } from "./ssh-argv";
import { hostEnvironment, scriptTexts, textNames, VerbScripts } from "./transport";
import { windowsAgentBuilt } from "./windows-agent-program";

/** What decides the texts of a thing's scripts, beside the host's system. */
export interface TextChoice {
    /** Script below scripts/ whose text `create` begins with, where an output says so. Defaults to none. */
    first?: pulumi.Input<string | undefined>;
    /** Refuses what the host's system does not have, for a host whose system is known only now. Nothing is done before. */
    check?: (os: HostOs) => pulumi.Output<unknown> | undefined;
}

const places = new PerRun(() => new WeakMap<HostParts, HostPlace>());

/** What the things on a host have in common. */
export function hostPlace(host: pulumi.Input<Host> | undefined): HostPlace {
    const parts = hostParts(host);
    const known = places.get().get(parts) ?? new HostPlace(parts);
    places.get().set(parts, known);
    return known;
}

/**
 * All that is the same for every thing on a host: made once, since each of a machine's things would cost a preview as much.
 * On the machine that runs Pulumi it is plain, as far as it can be: that costs a preview next to nothing.
 */
export class HostPlace {
    /** What tells the host from another one; nothing for this machine. */
    public readonly target: pulumi.Output<Record<string, unknown> | undefined> | undefined;
    /** What the transport takes of the environment. */
    public readonly variables: Record<string, pulumi.Input<string>>;
    /** The machine that its things go away with. */
    public readonly machineBehind: pulumi.Resource | undefined;
    /** Its id. */
    public readonly parentId: pulumi.Input<string | undefined>;
    private seen: pulumi.Output<Sightings> | undefined;
    private awayOnce: pulumi.Output<boolean> | undefined;
    private readonly textsOf = new Map<string, Record<string, pulumi.Input<string>>>();

    public constructor(public readonly parts: HostParts) {
        const { here, ssh, parentUrn, running } = parts;
        if (here) {
            this.variables = {
                // The one that waits, so that nothing is done before a check has passed.
                KUBEDEV_HOST_NAME: ssh.apply(hostName),
                ...{ KUBEDEV_SSH: "", KUBEDEV_SHADOW_DIR: "", KUBEDEV_MANAGED: "" },
                KUBEDEV_HOST_RUNNING: "true",
            };
            return;
        }
        this.target = ssh.apply(targetOf);
        this.variables = {
            KUBEDEV_HOST_NAME: ssh.apply(hostName),
            KUBEDEV_SSH: ssh.apply((known) => hostEnvironment(known)["KUBEDEV_SSH"] ?? ""),
            KUBEDEV_SHADOW_DIR: ssh.apply((known) => (known === undefined ? "" : shadowDir(known))),
            KUBEDEV_MANAGED: parentUrn.apply((urn) => (urn === undefined ? "" : "1")),
            KUBEDEV_HOST_RUNNING: running.apply((runs) => String(runs ?? true)),
        };
        this.machineBehind = machineBehind(parentUrn);
        this.parentId = parts.parentId;
    }

    /** Whether it is another machine, or a container. Of an address that is secret that is none. */
    private get away(): pulumi.Output<boolean> {
        this.awayOnce ??= pulumi.unsecret(this.parts.ssh.apply((known) => known !== undefined));
        return this.awayOnce;
    }

    /** Directory of a thing, as its scripts are told it: empty on a remote host, where they know it themselves. */
    public dirOf(key: string): pulumi.Input<string> {
        const dir = path.join(stackDir(), key);
        return this.parts.here
            ? dir
            : this.parts.ssh.apply((known) => (known === undefined ? dir : ""));
    }

    /** While the machine behind the host is being made anew there is nothing to look at: its id is unknown then. */
    public sightings(): pulumi.Output<Sightings> {
        const { ssh, running, parentId } = this.parts;
        this.seen ??= applied([ssh, running, parentId], ([known, runs]) =>
            probe(known, runs ?? true),
        );
        return this.seen;
    }

    /** The texts of a thing's scripts, by the system of the host, which an output may tell. */
    public texts(
        scripts: VerbScripts,
        { check, first }: TextChoice,
    ): Record<string, pulumi.Input<string>> {
        const isPlain = first === undefined || typeof first === "string";
        const make = () =>
            this.parts.here && check === undefined && isPlain
                ? scriptTexts(scripts, { away: false }, first)
                : textsFor(scripts, this.away, this.parts, { check, first });
        if (check !== undefined || !isPlain) {
            return make();
        }
        const key = JSON.stringify([scripts, first]);
        const texts = this.textsOf.get(key) ?? make();
        this.textsOf.set(key, texts);
        return texts;
    }
}

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

function textsFor(
    scripts: VerbScripts,
    elsewhere: pulumi.Output<boolean>,
    { os: system, container }: HostParts,
    { check, first }: TextChoice,
): Record<string, pulumi.Output<string>> {
    const texts = applied([elsewhere, system, first, container], ([away, os, before, inside]) => {
        const made = () =>
            guarded(async () => {
                const all = scriptTexts(scripts, { away, os, container: inside }, before);
                if (os === HostOs.Windows) {
                    await windowsAgentBuilt();
                }
                return all;
            });
        return check?.(os ?? HostOs.Linux)?.apply(made) ?? made();
    });
    return Object.fromEntries(
        textNames(scripts).map((name) => [name, texts.apply((all) => all[name] ?? "")]),
    );
}

function machineBehind(parentUrn: pulumi.Output<string | undefined>): pulumi.Resource {
    // One of another stack, whose host came by a stack reference, is nothing that this stack's state could point to.
    const here = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::`;
    const urn = parentUrn.apply((known) => (known?.startsWith(here) === true ? known : undefined));
    // The SDK awaits the URN only when it registers; nothing or unknown means that there is no such machine.
    return Object.assign(new pulumi.DependencyResource(""), { urn });
}
