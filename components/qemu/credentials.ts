import { runError } from "../internal/errors";
import { shellExports } from "../internal/quote";

/**
 * Names of the systemd credentials that the base image reads at every boot (see
 * scripts/qemu/image/guest-setup.sh). Each is a file on the host that QEMU hands over by fw_cfg, so
 * that neither a key nor its digest is on a command line. At most 28 bytes: fw_cfg's limit.
 */
export const credentialNames = {
    /** OpenSSH private key that the guest's sshd proves itself with. The file is secret. */
    hostKey: "kubedev.ssh-host-key",
    /** Public keys that may log in as root, one a line. */
    loginKeys: "kubedev.ssh-login-keys",
    /** Further files, as `guestFilesCredential` writes them. Secret if one of the files is. */
    files: "tmpfiles.extra",
} as const;

/** A file that the guest gets at each boot, before its services start. */
export interface GuestFile {
    /** Absolute path in the guest. */
    path: string;
    /** Text (UTF-8) or bytes. */
    content: string | Uint8Array;
    /** Permission bits in octal. Default "0644". */
    mode?: string;
    /** Owner. Default "root". */
    user?: string;
    /** Group. Default "root". */
    group?: string;
}

/** Content of the credential `loginKeys`. */
export function loginKeysCredential(publicKeys: readonly string[]): string {
    for (const key of publicKeys) {
        if (/[\r\n]/.test(key.trim()) || !/^\S+ \S+/.test(key)) {
            throw runError(
                `login key ${JSON.stringify(key.slice(0, 40))}: expected one line of an OpenSSH ` +
                    "public key file, such as ssh-ed25519 AAAA... comment",
            );
        }
    }
    return publicKeys.map((key) => `${key.trim()}\n`).join("");
}

/** Content of the credential `files`: systemd-tmpfiles writes each of them anew at every boot. */
export function guestFilesCredential(files: readonly GuestFile[]): string {
    return files.map(tmpfilesLine).join("");
}

function tmpfilesLine(file: GuestFile): string {
    const { path, mode = "0644", user = "root", group = "root" } = file;
    const parts = path.split("/").slice(1);
    if (!path.startsWith("/") || /[\0\r\n]/.test(path) || parts.some(isNoName)) {
        throw runError(
            `guest file ${JSON.stringify(path)}: expected an absolute path without ".", ".." and ` +
                "empty parts",
        );
    }
    if (!/^0?[0-7]{3}$/.test(mode)) {
        throw runError(`guest file ${path}: got mode ${mode}; expected octal such as 0644`);
    }
    for (const owner of [user, group]) {
        if (!/^([a-z_][a-z0-9_-]*|[0-9]+)$/.test(owner)) {
            throw runError(
                `guest file ${path}: got owner ${JSON.stringify(owner)}; expected a user or group`,
            );
        }
    }
    // f+: replace the content. ~: the last field is base64, so content needs no quoting.
    const base64 = Buffer.from(file.content).toString("base64");
    return `f+~ ${quotePath(path)} ${mode} ${user} ${group} - ${base64}\n`;
}

function isNoName(part: string): boolean {
    return part === "" || part === "." || part === "..";
}

/** Quotes a path for tmpfiles.d(5): C escapes within double quotes; % starts a specifier. */
function quotePath(path: string): string {
    const escaped = path.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%");
    return /[\s\\"']/.test(path) ? `"${escaped}"` : escaped;
}

/** Shell text that adds lines of systemd-tmpfiles to those that machine-prepare.sh wrote; not a word more for a machine without. */
export function moreGuestFiles(variable: string, lines: string): string {
    return lines === ""
        ? ""
        : `${shellExports({ [variable]: lines })}printf '%s' "$${variable}" >>credential-tmpfiles\n`;
}
