import "./promise-traces";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";

// Only the chosen environment is loaded: another one's providers cost time in every preview.
const name = new pulumi.Config("kubedev").get("environment") ?? "local-kvm";
const known = fs
    .readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
if (!known.includes(name)) {
    throw new pulumi.RunError(
        `kubedev:environment is "${name}"; expected one of: ${known.join(", ")}. Set it: pulumi config set kubedev:environment ${known[0] ?? "local-kvm"} -s ${pulumi.getStack()}`,
    );
}

/** The stack's outputs are those of the environment, which only require() loads without the others. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
module.exports = (require(path.join(__dirname, name)) as { outputs: unknown }).outputs;
