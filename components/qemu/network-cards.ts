import { overlap } from "../internal/address-range";
import { keyOf } from "../host/scope";
import { guestFilesCredential } from "./credentials";
import { NetworkMember, rangeOf } from "./network-addresses";

/** A network with all of its machines: plain data. */
export interface KnownNetwork {
    name: string;
    cidr: string;
    machines: NetworkMember[];
    /** Domain of their names. Defaults to the network's name. */
    domain?: string;
}

/** A machine's card in a network. */
export interface MachineCard {
    network: string;
    /** Address with the length of its prefix. */
    address: string;
    mac: string;
    /** Tap device that it is plugged into, in a network on a bridge. */
    tap?: string;
}

/** Ends each line in a guest's /etc/hosts that is ours; guest-networks.sh looks for it. */
const hostsMark = "# kubedev network";

/** Name of the service that passes a network's frames on. */
export function switchName(network: string): string {
    return `${network}-switch`;
}

/** The cards of a machine, in the order of its networks. */
export function cardsOf(machine: string, networks: readonly KnownNetwork[]): MachineCard[] {
    return networks.flatMap(({ name, cidr, machines }) =>
        machines
            .filter((member) => member.name === machine)
            .map(({ address, mac, tap }) => ({
                network: name,
                address: `${address}/${String(rangeOf(cidr).prefix)}`,
                mac,
                // Not a word more for a card in another network.
                ...(tap === undefined ? {} : { tap }),
            })),
    );
}

/** What is wrong with the networks that a machine is to join. */
export function joinProblems(
    machine: string,
    networks: readonly KnownNetwork[],
): { propertyPath: string; reason: string }[] {
    return networks.flatMap(({ name, cidr, machines, domain }, at) => {
        const propertyPath = `networks.${String(at)}`;
        const earlier = networks.slice(0, at);
        if (earlier.some((other) => other.name === name)) {
            return [{ propertyPath, reason: `got ${name} again; expected each network once` }];
        }
        const met = earlier.find((other) => overlap(rangeOf(other.cidr), rangeOf(cidr)));
        if (met !== undefined) {
            return [
                {
                    propertyPath,
                    reason: `got ${name} with ${cidr}, which has addresses of ${met.name} with ${met.cidr}; expected ranges without a common address: give one of the two another cidr`,
                },
            ];
        }
        const names = machines.map((member) => member.name);
        return names.includes(machine)
            ? []
            : [
                  {
                      propertyPath,
                      reason: `got ${name}, which has the machines ${names.join(", ")}; expected a network with this one: add { name: "${machine}" } to machines of ${domain === undefined ? "MachineNetwork" : "HostNetwork"} ${name}`,
                  },
              ];
    });
}

/**
 * QEMU's end and the switch's of the cable of a card. Both are as seen from the directory of a machine, and from that of
 * the switch alike: what QEMU binds is what the switch answers to.
 */
export function cablePaths(machineKey: string, network: string) {
    return {
        localPath: `../${machineKey}/net-${keyOf(network)}.sock`,
        switchPath: `../${keyOf(switchName(network))}/switch.sock`,
    };
}

/** systemd-tmpfiles lines by which the guest gets the configuration of its cards at each boot. */
export function cardFiles(cards: readonly MachineCard[]): string {
    return guestFilesCredential(
        cards.map((card) => ({ path: cardFilePath(card.network), content: cardFile(card) })),
    );
}

/**
 * Where guest-networks.sh looks for those that are no longer wanted. Of files that match a card the first counts: it sorts
 * before those of images for any card, as 10-netplan-all-en.network of Debian's.
 */
function cardFilePath(network: string): string {
    return `/etc/systemd/network/05-kubedev-${keyOf(network)}.network`;
}

/**
 * On a switch no router and no name server: the way out stays that of QEMU's user networking. A bridge or VLAN over the card has its
 * MAC address too, and is the guest's own affair.
 */
function cardFile({ address, mac, tap }: MachineCard): string {
    return [
        "[Match]",
        `MACAddress=${mac}`,
        "Type=ether",
        "",
        "[Link]",
        "RequiredForOnline=no",
        "",
        "[Network]",
        tap === undefined ? `Address=${address}` : "DHCP=ipv4",
        "LinkLocalAddressing=no",
        "IPv6AcceptRA=no",
        ...(tap === undefined ? [] : leaseSettings),
        "",
    ].join("\n");
}

/** The way out by a network on a bridge, where it has one, is the better one: that of the user network has 1024. */
export const leaseMetric = 512;
/** The same where NetworkManager looks after the cards, which counts up from 100. */
const managerMetric = 90;

/**
 * systemd-tmpfiles lines by which NetworkManager of a guest with cloud-init gets to know which way out is the better one:
 * cloud-init 22.4 reads that of the seed, and does not pass it on.
 */
export function managerFiles(cards: readonly MachineCard[]): string {
    return guestFilesCredential(
        cards
            .filter(({ tap }) => tap !== undefined)
            .map(({ network, mac }) => ({
                path: `/etc/NetworkManager/conf.d/05-kubedev-${keyOf(network)}.conf`,
                content: `[connection-kubedev-${keyOf(network)}]\nmatch-device=mac:${mac}\nipv4.route-metric=${String(managerMetric)}\n`,
            })),
    );
}

/** What a card in a network on a bridge asks its lease by. */
const leaseSettings = [
    ...["", "[DHCPv4]", "ClientIdentifier=mac", "UseHostname=no"],
    `RouteMetric=${String(leaseMetric)}`,
];

/** What guest-networks.sh takes: the cards with their files, and the names of all machines that they lead to. */
export function guestNetworks(
    cards: readonly MachineCard[],
    networks: readonly KnownNetwork[],
): { cards: string; hosts: string } {
    return {
        cards: lines(
            cards.map((card) =>
                [
                    ...[keyOf(card.network), card.mac, card.address],
                    Buffer.from(cardFile(card)).toString("base64"),
                ].join(" "),
            ),
        ),
        hosts: lines(
            networks.flatMap(({ name, machines, domain = name }) =>
                machines.map(
                    (member) =>
                        `${member.address} ${member.name} ${member.name}.${domain} ${hostsMark}`,
                ),
            ),
        ),
    };
}

function lines(all: readonly string[]): string {
    return all.map((line) => `${line}\n`).join("");
}
