import { createHash } from "node:crypto";
import * as os from "node:os";
import * as pulumi from "@pulumi/pulumi";

/** What makes a machine one of a kind on a host: everything derived for it comes from this. */
export interface MachineIdentity {
    /** Login name of the developer on the host. */
    user: string;
    /** Pulumi project. */
    project: string;
    /** Pulumi stack. */
    stack: string;
    /** Name of the machine in the stack. */
    machine: string;
}

/** Identity of a machine of the stack that runs now. */
export function machineIdentity(machine: string): MachineIdentity {
    return {
        user: os.userInfo().username,
        project: pulumi.getProject(),
        stack: pulumi.getStack(),
        machine,
    };
}

/** SHA-256 of an identity for one purpose, so that no two derived values are related. */
export function identityDigest(identity: MachineIdentity, purpose: string): Buffer {
    const { user, project, stack, machine } = identity;
    // JSON keeps the parts apart: ("a", "bc") and ("ab", "c") differ.
    const text = JSON.stringify([purpose, user, project, stack, machine]);
    return createHash("sha256").update(text).digest();
}

/**
 * UUID of a machine (RFC 9562 version 8, from its identity). It is the guest's DMI product UUID,
 * which kubeadm wants to be unique, and the source of its machine-id: both survive a new disk.
 */
export function machineUuid(identity: MachineIdentity): string {
    const bytes = identityDigest(identity, "uuid").subarray(0, 16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString("hex");
    return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        hex.slice(12, 16),
        hex.slice(16, 20),
        hex.slice(20),
    ].join("-");
}
