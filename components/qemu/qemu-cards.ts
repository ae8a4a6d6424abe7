import { escaped, option } from "./qemu-option";
import { MachineSpec } from "./qemu-spec";

/** The card of the user-mode network first, then those of cables, then those of taps. */
export function cardArguments(spec: MachineSpec): string[] {
    const { forwards, mac, cableCards = [], tapCards = [] } = spec;
    const ports = forwards.map(
        ({ address, hostPort, guestPort }) => `hostfwd=tcp:${address}:${hostPort}-:${guestPort}`,
    );
    return [
        "-netdev",
        // The user-mode network has no IPv6 way out, and with an address in it guests try one.
        option("user", "id=net0", "ipv6=off", ...ports),
        "-device",
        // No option ROM: nothing boots from the network.
        option("virtio-net-pci", "netdev=net0", `mac=${mac}`, "romfile="),
        ...cableCards.flatMap((card, at) => [
            "-netdev",
            option(
                "dgram",
                `id=net${at + 1}`,
                "local.type=unix",
                `local.path=${escaped(card.localPath)}`,
                "remote.type=unix",
                `remote.path=${escaped(card.switchPath)}`,
            ),
            "-device",
            option("virtio-net-pci", `netdev=net${at + 1}`, `mac=${card.mac}`, "romfile="),
        ]),
        ...tapCards.flatMap((card, at) => {
            const id = `net${cableCards.length + at + 1}`;
            return [
                "-netdev",
                // No script: QEMU may start none, and the device is on its bridge already.
                option("tap", `id=${id}`, `ifname=${card.tap}`, "script=no", "downscript=no"),
                "-device",
                option("virtio-net-pci", `netdev=${id}`, `mac=${card.mac}`, "romfile="),
            ];
        }),
    ];
}
