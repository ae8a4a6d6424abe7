/** The Debian with cloud-init that libvirt's machines run: see test/support/foreign-image.sh. It is started by UEFI alone. */
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
