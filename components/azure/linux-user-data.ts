import { cloudConfig, type CloudFile } from "../internal/cloud-config";

/** What a Linux agent is asked for at its first boot. */
export interface LinuxUserData {
    /** Its administrator, whom Azure makes (osProfile.adminUsername); may use the container engine. */
    user: string;
    /** Packages beside those that every build host takes. */
    packages?: readonly string[];
    files?: readonly CloudFile[];
    /** Argument vectors that are run last. */
    commands?: readonly (readonly string[])[];
}

/** Debian and Ubuntu packages of a build host; what a BuildHost looks for there (components/source/build-host.ts). */
export const agentPackages = [
    ...["git", "make", "jq", "curl", "unzip", "rsync"],
    ...["docker.io", "gcc", "libc6-dev"],
];

/**
 * User data of a Linux agent (osProfile.customData, before base64). It holds no secret; keys come by run commands, see
 * scripts/azure/linux-access.sh. Its host name comes from osProfile.computerName.
 */
export function linuxUserData({
    user,
    packages = [],
    files,
    commands = [],
}: LinuxUserData): string {
    return cloudConfig({
        files,
        packageUpdate: true,
        packages: [...new Set([...agentPackages, ...packages])],
        commands: [
            // Its group comes with the package.
            ["usermod", "--append", "--groups", "docker", user],
            ["systemctl", "enable", "--now", "docker.service"],
            ...commands,
        ],
    });
}
