import * as pulumi from "@pulumi/pulumi";
import { Ssh } from "../host/host";
import { PerRun } from "../host/scope";
import { hostName } from "../host/ssh-argv";
import { overlap } from "../internal/address-range";
import { runError } from "../internal/errors";
import { freeRange, HostNetworkPlan, overlapping, parseRoutes } from "./host-network-plan";
import { rangeOf } from "./network-addresses";

/** What host-network-look.sh said, by name; nothing of a host that does not answer. */
export type Seen = Readonly<Record<string, string>>;

/** A range that another network of the same program has on the same host. */
export interface NotedRange {
    what: string;
    cidr: string;
}

const noted = new PerRun(() => new Map<string, NotedRange[]>());

/** Notes the range of a network; answers those of others of this run there, which no look at the host shows before they are made. */
export function notedRange(
    what: string,
    { cidr }: HostNetworkPlan,
    ssh: Ssh | undefined,
): NotedRange[] {
    const here = hostName(ssh);
    const others = noted.get().get(here) ?? [];
    noted.get().set(here, [...others, { what, cidr }]);
    return others;
}

/**
 * Refuses, before anything is touched, a network whose bridge or addresses are something else's. Of a network that is up
 * its range is not looked at: a route that comes later, as a VPN's, does not hold up its stack.
 */
export function assertFree(
    what: string,
    plan: HostNetworkPlan,
    seen: Seen,
    others: readonly NotedRange[],
): void {
    const { bridge, cidr } = plan;
    if (seen["root"] === "false") {
        throw runError(
            `${what}: got a user who is not root; expected root: bridges, rules and name servers are root's. Run it as root, give it a host with ssh as root to this computer and user: "<who runs the machines>", or take a MachineNetwork, which needs no root`,
        );
    }
    const state = seen["bridge"] ?? "absent";
    if (state !== "absent" && state !== "own") {
        throw runError(
            `${what}: bridge: got ${bridge}, which is there already (${state}) and none of kubedev's; expected a name that no network device has; give it another bridge`,
        );
    }
    const met = others.find((other) => overlap(rangeOf(other.cidr), rangeOf(cidr)));
    const routes = parseRoutes(seen["routes"] ?? "");
    const route =
        state === "own" && seen["address"] === "true"
            ? undefined
            : overlapping(cidr, routes, state === "own" ? bridge : "");
    if (met === undefined && route === undefined) {
        return;
    }
    const got = met
        ? `${cidr}, which has addresses of ${met.what} with ${met.cidr}`
        : `${cidr}, which has addresses that this host reaches by ${route?.device ?? ""} (${route?.range ?? ""})`;
    const free = freeRange(
        routes,
        others.map((other) => other.cidr),
    );
    throw runError(
        `${what}: cidr: got ${got}; expected a range that leads nowhere else; give it another cidr${free === undefined ? "" : `, as "${free}"`}`,
    );
}

/** How often something of the network was found missing, and put back, this run included. */
export function repairsOf(seen: Seen, facts: Readonly<Record<string, string>> | undefined): string {
    const missing = seen["missing"] ?? "";
    return String(Number(facts?.["repairs"] ?? "0") + (missing === "" ? 0 : 1));
}

/** Says that another program's rules keep machines from the outside: rules of others are never touched. */
export async function dropsWarning(
    what: string,
    { bridge, nat }: HostNetworkPlan,
    seen: Seen,
): Promise<void> {
    if (nat && seen["drops"] === "true") {
        await pulumi.log.warn(
            `${what}: the host drops what is forwarded (policy of iptables' chain FORWARD, as Docker sets it): its machines do not reach the outside by ${bridge}. ` +
                `Let them: iptables -I DOCKER-USER -i ${bridge} -j ACCEPT; iptables -I DOCKER-USER -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
        );
    }
}
