/** The Debian with cloud-init that libvirt's machines run: see test/support/foreign-image.sh. It is started by UEFI alone. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

export const firmware = {
    code: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.fd",
};

/** User data of cloud-init with which root may log in by this key. */
export function userData(publicKey: string, greeting: string): string {
    return [
        "#cloud-config",
        "disable_root: false",
        "users:",
        `    - { name: root, ssh_authorized_keys: [${JSON.stringify(publicKey)}] }`,
        "write_files:",
        `    - { path: /etc/greeting, content: ${JSON.stringify(greeting)} }`,
        "",
    ].join("\n");
}

/**
 * Makes seed.iso in a directory. Machines get it as a disk: Debian's kernel for clouds has no driver for the usual CD drive, and
 * cloud-init looks for its seed before that of another one is loaded.
 */
export function makeSeed(dir: string, publicKey: string): void {
    fs.writeFileSync(path.join(dir, "user-data"), userData(publicKey, "hello"));
    fs.writeFileSync(path.join(dir, "meta-data"), "instance-id: first\n");
    execFileSync(
        "xorrisofs",
        ["-quiet", "-V", "cidata", "-J", "-r", "-o", "seed.iso", "user-data", "meta-data"],
        { cwd: dir, stdio: "ignore" },
    );
}
