import * as pulumi from "@pulumi/pulumi";
import { inputError } from "../internal/validate";
import { MachineNetworkMembers } from "./machine-network";
import { guestNetworks, joinProblems, KnownNetwork, MachineCard } from "./network-cards";

/** The networks, once it is known that the machine can join them all. */
export function joined(machine: string, networks: KnownNetwork[]): KnownNetwork[] {
    const problems = joinProblems(machine, networks);
    if (problems.length > 0) {
        throw inputError(`VirtualMachine ${machine}`, problems);
    }
    return networks;
}

/** What guest-networks.sh takes: nothing where there are no networks. */
export function guestEnvironment(
    networks: pulumi.Input<pulumi.Input<MachineNetworkMembers>[]> | undefined,
    cards: pulumi.Output<MachineCard[]>,
): Record<string, pulumi.Output<string>> | undefined {
    if (networks === undefined) {
        return undefined;
    }
    const wanted = pulumi
        .all([networks, cards])
        .apply(([known, joinedCards]) => guestNetworks(joinedCards, known));
    return { GUEST_NETWORKS: wanted.cards, GUEST_HOSTS: wanted.hosts };
}
