import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { script } from "../internal/scripts";
import { Ssh } from "./host";
import { PerRun, stackDir, stackScope } from "./scope";
import { hostEnvironment, hostScript } from "./transport";

/** What the probe found about one thing. */
export interface Sighting {
    /** The incarnation that will be true after this run: as recorded if alive, else one more. */
    incarnation: number;
    /** What the thing's record says that a preview may know. */
    facts: Record<string, string>;
}

/** What the probe found on one host. */
export interface Sightings {
    /** Incarnation of a thing that has no record. */
    absent: number;
    /** True if the host did not answer: the sightings are the last known ones. */
    unreachable: boolean;
    /** By key of the thing. */
    things: ReadonlyMap<string, Sighting>;
}

const probes = new PerRun(() => new Map<string, Promise<Sightings>>());

/** Looks at all things of this stack on one host: once a run and host, within a tenth of a second here. */
export function probe(ssh: Ssh | undefined): Promise<Sightings> {
    const environment = hostEnvironment(ssh);
    const known = probes.get().get(environment["KUBEDEV_SSH"] ?? "");
    if (known !== undefined) {
        return known;
    }
    const made = runProbe(ssh, environment);
    probes.get().set(environment["KUBEDEV_SSH"] ?? "", made);
    return made;
}

async function runProbe(
    ssh: Ssh | undefined,
    environment: Record<string, string>,
): Promise<Sightings> {
    const result = await command.local.run({
        command: ssh === undefined ? script("host/probe.sh") : hostScript("probe", "host/probe.sh"),
        environment: {
            ...environment,
            KUBEDEV_CONNECT_SEC: "0",
            KUBEDEV_TIMEOUT_SEC: "10",
            KUBEDEV_VARS: "KUBEDEV_SCOPE",
            KUBEDEV_SCOPE: stackScope(),
            KUBEDEV_DIR: ssh === undefined ? stackDir() : "",
            KUBEDEV_SHADOW_DIR: ssh === undefined ? "" : shadowDir(ssh),
        },
        // A preview reads nothing from its own standard input.
        stdin: "",
        logging: "none",
        addPreviousOutputInEnv: false,
    });
    const sightings = parseSightings(result.stdout);
    if (sightings.unreachable) {
        await pulumi.log.warn(
            `${environment["KUBEDEV_HOST_NAME"] ?? "a host"} does not answer: what is on it is taken as it was last seen`,
        );
    }
    return sightings;
}

/** Where this machine remembers what it last knew of the things on a remote host. */
export function shadowDir(ssh: Ssh): string {
    const name = `${ssh.user ?? "root"}@${ssh.address}:${String(ssh.port ?? 22)}`;
    return path.join(stackDir(), ".remote", name.replace(/[^A-Za-z0-9@.:-]/g, "_"));
}

/** Reads what scripts/host/probe.sh prints. */
export function parseSightings(text: string): Sightings {
    const things = new Map<string, Sighting>();
    let absent = 1;
    let unreachable = false;
    let alive = new Map<string, string>();
    const close = (key: string, fields: Map<string, string>) => {
        const recorded = Number(fields.get("incarnation") ?? "0");
        const facts = [...fields].flatMap(([name, value]) =>
            name.startsWith("fact.") ? [[name.slice("fact.".length), value] as const] : [],
        );
        things.set(key, {
            incarnation: fields.get("alive") === "true" ? recorded : recorded + 1,
            facts: Object.fromEntries(facts),
        });
    };
    let key: string | undefined;
    for (const line of text.split("\n")) {
        const header = /^\[(.*)\]$/.exec(line);
        if (header?.[1] !== undefined) {
            if (key !== undefined) {
                close(key, alive);
            }
            key = header[1];
            alive = new Map();
        } else if (key !== undefined) {
            const at = line.indexOf("=");
            if (at > 0) {
                alive.set(line.slice(0, at), line.slice(at + 1));
            }
        } else if (line.startsWith("absent=")) {
            absent = Number(line.slice("absent=".length));
        } else if (line === "unreachable") {
            unreachable = true;
        }
    }
    if (key !== undefined) {
        close(key, alive);
    }
    return { absent, unreachable, things };
}
