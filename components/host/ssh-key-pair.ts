import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { assertArgs, checkedInputs } from "../internal/validate";
import { applied, mapped, outputOf } from "../internal/outputs";
import { after, hostResource, textOf } from "./host-resource";

/** Arguments of a SshKeyPair. */
export interface SshKeyPairArgs {
    /** What stands behind the public key. Defaults to the component's name. */
    comment?: pulumi.Input<string>;
}

/** Where the files of a key pair are: plain data. */
export interface SshKeyFiles {
    /** Absolute path of the private key. */
    privateKeyPath: pulumi.Input<string>;
    /** Absolute path of the public key. */
    publicKeyPath: pulumi.Input<string>;
    /** The public key, as `ssh-ed25519 AAAA... comment`. */
    publicKey: pulumi.Input<string>;
    /** Id of the resource that holds them. */
    instanceId: pulumi.Input<string>;
}

const rules = {
    comment: z
        .string({ error: "expected one line of text" })
        .regex(/^[^\r\n\0]*$/, { error: "expected one line of text" })
        .optional(),
};

/**
 * An ed25519 key pair on the machine that runs Pulumi: made once, 0600, never in the stack's state. It serves to log in
 * with, or as the host key of a machine that is made.
 */
export class SshKeyPair extends pulumi.ComponentResource {
    /** Absolute path of the private key. */
    public readonly privateKeyPath: pulumi.Output<string>;
    /** Absolute path of the public key. */
    public readonly publicKeyPath: pulumi.Output<string>;
    /** Absolute path of a known_hosts file that pins the public key for any host name. */
    public readonly knownHostsPath: pulumi.Output<string>;
    /** The public key, as `ssh-ed25519 AAAA... comment`. */
    public readonly publicKey: pulumi.Output<string>;
    /** What a VirtualMachine takes as its loginKey. */
    public readonly files: pulumi.Output<SshKeyFiles>;
    /** Changes whenever a new pair was made. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: SshKeyPairArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:SshKeyPair", name, args, opts);
        assertArgs(`SshKeyPair ${name}`, args, rules);
        const { comment } = checkedInputs(`SshKeyPair ${name}`, args, rules);
        const pair = hostResource(
            `${name}-key-pair`,
            {
                host: undefined,
                create: "host/key-pair-make.sh",
                delete: "host/forget.sh",
                spec: { type: "ed25519" },
                environment: { KUBEDEV_COMMENT: mapped(comment, (given) => given ?? name) },
                timeoutSec: 60,
            },
            { parent: this },
        );
        this.privateKeyPath = after(pair.resource, path.join(pair.dir, "id_ed25519"));
        this.publicKeyPath = after(pair.resource, path.join(pair.dir, "id_ed25519.pub"));
        this.knownHostsPath = after(pair.resource, path.join(pair.dir, "known_hosts"));
        // A preview takes it from the record, since what a script prints is unknown there as soon as the script changes.
        this.publicKey = applied([pair.facts], ([facts]) =>
            pulumi.runtime.isDryRun() && facts?.["publicKey"] !== undefined
                ? facts["publicKey"]
                : pair.result().apply((result) => textOf(result, "publicKey")),
        );
        this.instanceId = pair.resource.id;
        this.files = outputOf({
            privateKeyPath: this.privateKeyPath,
            publicKeyPath: this.publicKeyPath,
            publicKey: this.publicKey,
            instanceId: this.instanceId,
        });
        this.registerOutputs({
            privateKeyPath: this.privateKeyPath,
            publicKeyPath: this.publicKeyPath,
            knownHostsPath: this.knownHostsPath,
            publicKey: this.publicKey,
            files: this.files,
            instanceId: this.instanceId,
        });
    }
}
