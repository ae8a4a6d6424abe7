import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { guarded, runError } from "../internal/errors";
import { script } from "../internal/scripts";
import { HostOs, Ssh } from "./host";
import { PerRun, stackDir, stackScope } from "./scope";
import { hostName } from "./ssh-argv";
import { hostEnvironment, probeText } from "./transport";
import { windowsAgentBuilt } from "./windows-agent-program";

/** What the probe found about one thing. */
export interface Sighting {
    /** The incarnation that will be true after this run: as recorded if alive, else one more. */
    incarnation: number;
    /** What the record of a living thing says that a preview may know. Undefined of a dead one. */
    facts: Record<string, string> | undefined;
    /** How its files are laid out, living or dead; undefined if it has no record. */
    format?: number;
}

/** What the probe found on one host. */
export interface Sightings {
    /** Incarnation of a thing that is not there. */
    absent: number;
    /** Why the host could not be looked at; what is said of its things is the last that was known. */
    unreachable?: string;
    /** By key of the thing. */
    things: ReadonlyMap<string, Sighting>;
}

const probes = new PerRun(() => new Map<string, Promise<Sightings>>());

/**
 * Looks at all things of this stack on one host, once a run. A machine that is declared as stopped is not called: what
 * is on it is as it was last seen.
 */
export function probe(ssh: Ssh | undefined, running: boolean): Promise<Sightings> {
    const environment = {
        ...hostEnvironment(ssh),
        KUBEDEV_HOST_RUNNING: String(running || ssh === undefined),
    };
    const key = JSON.stringify(environment);
    const known = probes.get().get(key);
    if (known !== undefined) {
        return known;
    }
    const made = guarded(() => runProbe(ssh, environment));
    probes.get().set(key, made);
    return made;
}

async function runProbe(
    ssh: Ssh | undefined,
    environment: Record<string, string>,
): Promise<Sightings> {
    const printed = await look("host/probe.sh", ssh, environment, {
        KUBEDEV_SCOPE: stackScope(),
        KUBEDEV_DIR: ssh === undefined ? stackDir() : "",
    });
    const sightings = parseSightings(printed);
    // A machine that is still to be made has nothing on it, and is no reason to worry.
    if (sightings.unreachable !== undefined && sightings.things.size > 0) {
        await pulumi.log.warn(
            `${hostName(ssh)} does not answer (${sightings.unreachable}): what is on it is taken as it was last seen`,
        );
    }
    return sightings;
}

/**
 * Runs a script that only looks, while the program runs, in a preview too; answers what it printed. Only a local look
 * comes without the transport, which costs a few milliseconds.
 */
export async function look(
    name: string,
    ssh: Ssh | undefined,
    environment: Record<string, string>,
    values: Record<string, string>,
    timeoutSec = 10,
): Promise<string> {
    if (ssh?.os === HostOs.Windows) {
        await windowsAgentBuilt();
    }
    const looking = command.local.run({
        command: ssh === undefined ? script(name) : probeText(name, ssh.os, ssh.container),
        environment: {
            ...environment,
            ...values,
            KUBEDEV_VARS: Object.keys(values).join(" "),
            KUBEDEV_CONNECT_SEC: "0",
            KUBEDEV_TIMEOUT_SEC: String(timeoutSec),
            KUBEDEV_SHADOW_DIR: ssh === undefined ? "" : shadowDir(ssh),
        },
        // A preview reads nothing from its own standard input.
        stdin: "",
        logging: "none",
        addPreviousOutputInEnv: false,
    });
    try {
        return (await looking).stdout;
    } catch (error) {
        throw runError(`cannot look at ${hostName(ssh)}: ${String(error)}`);
    }
}

/** Where this machine remembers what it last knew of the things on a remote host. */
export function shadowDir(ssh: Ssh): string {
    const machine =
        ssh.address === ""
            ? []
            : [`${ssh.user ?? "root"}@${ssh.address}:${String(ssh.port ?? 22)}`];
    const engine = ssh.container?.ownEngine === true ? "own-" : "";
    const container =
        ssh.container === undefined ? [] : [`container-${engine}${ssh.container.name}`];
    const name = [...machine, ...container].join("-");
    return path.join(stackDir(), ".remote", name.replace(/[^A-Za-z0-9@.:-]/g, "_"));
}

/** Reads what scripts/host/probe.sh prints: what holds for the host, then `[key]` and its record for each thing. */
export function parseSightings(text: string): Sightings {
    const [host, ...sections] = text.split(/^\[(?=.*\]$)/m);
    const fields = fieldsOf(host ?? "");
    const reason = fields.get("unreachable");
    const things = sections.map((section): [string, Sighting] => {
        const end = section.indexOf("]\n");
        return [section.slice(0, end), sightingOf(fieldsOf(section.slice(end + 2)))];
    });
    return {
        absent: Number(fields.get("absent") ?? "1"),
        // Without a reason the machine is declared as stopped.
        ...(reason === undefined || reason === "" ? {} : { unreachable: reason }),
        things: new Map(things),
    };
}

function sightingOf(record: ReadonlyMap<string, string>): Sighting {
    const incarnation = Number(record.get("incarnation") ?? "0");
    // What a run that was broken off has left has no record.
    const written = record.get("fact.format") ?? (record.has("spec") ? "1" : undefined);
    const format = written === undefined ? {} : { format: Number(written) };
    if (record.get("alive") !== "true") {
        return { incarnation: incarnation + 1, facts: undefined, ...format };
    }
    const facts = [...record]
        .filter(([name]) => name.startsWith("fact."))
        .map(([name, value]) => [name.slice("fact.".length), value]);
    return { incarnation, facts: Object.fromEntries(facts) as Record<string, string>, ...format };
}

/** The `name=value` lines; the last one of a name counts. */
function fieldsOf(text: string): Map<string, string> {
    return new Map(
        text
            .split("\n")
            .filter((line) => line.includes("="))
            .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
}
