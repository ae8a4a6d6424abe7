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

/** What a guest must know to be this machine and no other. */
export interface Provisioning {
    /** OpenSSH private key that the guest's sshd proves itself with. Secret. */
    hostPrivateKey: string;
    /** Public keys, one line each, that may log in as root. */
    loginPublicKeys: string[];
    /** Further files. */
    files?: GuestFile[];
}

/** A systemd credential: a file on the host (0600) that QEMU hands to the guest by fw_cfg. */
export interface Credential {
    /** Name in the guest, at most 28 bytes. */
    name: string;
    /** Content of the file. */
    content: string;
}

/** Where the image's sshd looks for keys that the host provides; see guest-setup.sh. */
const hostKeyPath = "/etc/ssh/ssh_host_ed25519_key";
const loginKeysPath = "/etc/ssh/authorized_keys.d/root";

/**
 * Credentials of a machine. All goes through one, tmpfiles.extra: systemd-tmpfiles writes the
 * files early in every boot, so a changed key takes effect at the next start with no agent, and
 * nothing secret is on a command line.
 */
export function machineCredentials(provisioning: Provisioning): Credential[] {
    const files: GuestFile[] = [
        { path: hostKeyPath, content: withNewline(provisioning.hostPrivateKey), mode: "0600" },
        {
            path: loginKeysPath,
            content: provisioning.loginPublicKeys.map(withNewline).join(""),
        },
        ...(provisioning.files ?? []),
    ];
    return [{ name: "tmpfiles.extra", content: files.map(tmpfilesLine).join("") }];
}

/** One line of tmpfiles.d(5) that writes a file: replaced at each boot, content in base64. */
export function tmpfilesLine(file: GuestFile): string {
    const { path, mode = "0644", user = "root", group = "root" } = file;
    if (!path.startsWith("/") || /[\0\n]/.test(path) || path.split("/").includes("..")) {
        throw new Error(
            `guest file ${JSON.stringify(path)}: expected an absolute path without ".." and ` +
                "line breaks",
        );
    }
    if (!/^[0-7]{3,4}$/.test(mode)) {
        throw new Error(`guest file ${path}: mode is ${mode}, expected octal such as 0644`);
    }
    for (const owner of [user, group]) {
        if (!/^[a-z_0-9][a-z_0-9-]*$/.test(owner)) {
            throw new Error(`guest file ${path}: "${owner}" is no user or group name`);
        }
    }
    const base64 = Buffer.from(file.content).toString("base64");
    return `f+~ ${quotePath(path)} ${mode} ${user} ${group} - ${base64}\n`;
}

/** Quotes a path for tmpfiles.d: C escapes in double quotes, and % starts a specifier. */
function quotePath(path: string): string {
    const escaped = path.replace(/[\\"]/g, "\\$&").replace(/\t/g, "\\t").replace(/%/g, "%%");
    return /[\s\\"']/.test(path) ? `"${escaped}"` : escaped;
}

function withNewline(text: string): string {
    return text.endsWith("\n") ? text : `${text}\n`;
}
