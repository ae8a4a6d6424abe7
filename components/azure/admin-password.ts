import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { after, hostResource } from "../host/host-resource";
import { secretFile } from "../host/secret-file";

/** A password that is made once, on the machine that runs Pulumi: a file of its owner alone, and a secret in the state. */
export function adminPassword(name: string, parent: pulumi.Resource): pulumi.Output<string> {
    const made = hostResource(
        `${name}-password`,
        {
            host: undefined,
            create: "azure/password-make.sh",
            delete: "host/forget.sh",
            spec: { length: 24 },
            timeoutSec: 60,
        },
        { parent },
    );
    return secretFile(after(made.resource, path.join(made.dir, "password")), made.resource.id);
}
