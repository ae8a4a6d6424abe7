import { cloudConfig } from "../internal/cloud-config";
import { digestOf } from "../internal/hash";
import { shellExports } from "../internal/quote";
import { script } from "../internal/scripts";
import { leaseMetric, MachineCard, managerFiles } from "./network-cards";
import { moreGuestFiles } from "./credentials";

/** What cloud-init of a guest is told: all of it makes the instance. Its further cards do not, which come and go. */
export interface CloudSeed {
    /** UUID of the machine. */
    uuid: string;
    /** Digest of the image that it starts from. */
    baseImage: string;
    hostname: string;
    mac: string;
    /** The user's own user data, in any form that cloud-init takes. */
    userData?: string;
}

/** Shell text that makes the seed's image in the machine's directory, behind `prepareText`. */
export function seedText(seed: CloudSeed, cards: readonly MachineCard[] = []): string {
    const exports = {
        SEED_META_DATA: metaData(seed),
        SEED_NETWORK_CONFIG: networkConfig(seed.mac, cards),
        SEED_USER_DATA: seedUserData(seed.userData, cards.length > 0),
    };
    return (
        shellExports(exports) +
        script("qemu/seed-create.sh") +
        moreGuestFiles("SEED_CARD_FILES", managerFiles(cards))
    );
}

/** JSON is YAML. Another instance is one that cloud-init has not provisioned yet. */
export function metaData(seed: CloudSeed): string {
    return `${JSON.stringify({
        "instance-id": `kubedev-${digestOf(seed)}`,
        "local-hostname": seed.hostname,
    })}\n`;
}

/**
 * The user-mode network has no IPv6, nor have those of machines. What systemd-networkd is told of further cards (network-cards.ts)
 * counts more than this; guests with another manager of networks have them by this alone.
 */
export function networkConfig(mac: string, cards: readonly MachineCard[] = []): string {
    const ethernets: Record<string, object> = {
        card0: { match: { macaddress: mac }, dhcp4: true },
    };
    for (const [at, card] of cards.entries()) {
        ethernets[`card${String(at + 1)}`] = {
            match: { macaddress: card.mac },
            ...(card.tap === undefined ? { addresses: [card.address] } : lease),
            "accept-ra": false,
            optional: true,
        };
    }
    return `${JSON.stringify({ version: 2, ethernets })}\n`;
}

/** A card on a bridge asks for its address: with it come the router, if there is one, and the name server. */
const lease = {
    dhcp4: true,
    "dhcp4-overrides": { "route-metric": leaseMetric, "use-hostname": false },
};

interface Part {
    type: string;
    name: string;
    text: string;
}

/**
 * User data in parts, which cloud-init merges itself: of two settings of the same name the later one counts, scripts all
 * run. So the user's part counts more than what kubedev would rather have, and less than what its login takes.
 */
export function seedUserData(given: string | undefined, furtherCards = false): string {
    const users = given === undefined ? [] : [userPart(given)];
    const parts = [
        encoded({
            type: "text/cloud-config",
            name: "kubedev-defaults",
            // guest-networks.sh writes names there.
            text: cloudConfig({ keepHosts: true, networkAtBoot: furtherCards || undefined }),
        }),
        ...users,
        encoded({
            type: "text/cloud-config",
            name: "kubedev-login",
            text: cloudConfig({ refusePasswords: false, rootLogin: true, keepHostKeys: true }),
        }),
        encoded({
            type: "text/cloud-boothook",
            name: "kubedev-keys",
            text: `#!/bin/sh\n${script("qemu/guest-keys.sh")}`,
        }),
    ];
    // Made of the parts, so that it stands in none.
    const boundary = `kubedev-${digestOf(parts)}`;
    return [
        `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n`,
        ...parts.map((part) => `--${boundary}\n${part}\n`),
        `--${boundary}--\n`,
    ].join("");
}

/** Of a message its own headers say what it is; of all else cloud-init finds out by its first line. */
function userPart(text: string): string {
    return isMimeMessage(text) ? text : encoded({ type: "text/plain", name: "user-data", text });
}

/** Whether user data is a MIME message already. */
export function isMimeMessage(text: string): boolean {
    return /^(content-type|mime-version):/i.test(text);
}

function encoded({ type, name, text }: Part): string {
    const lines = Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\n");
    return [
        `Content-Type: ${type}; charset="utf-8"`,
        "Content-Transfer-Encoding: base64",
        `Content-Disposition: attachment; filename="${name}"`,
        "",
        lines,
    ].join("\n");
}
