// What it puts off has to come before all else.
// eslint-disable-next-line boundaries/dependencies -- no area has it, and each loads what it puts off
import "../components/internal/lazy-modules";
import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command/local";
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

/** Has the engine start the plugin that every environment takes: it comes up while the sources are loaded, on another core. */
function startPlugin(): Promise<unknown> {
    const nothing = command.run({ command: ":", logging: "none" });
    // The call has to leave before the sources keep this thread busy. If it fails, so does the first thing that is declared.
    nothing.catch(() => undefined);
    return new Promise((resolve) => setTimeout(resolve, 5));
}

/** The stack's outputs are those of the environment, which only require() loads without the others. */
module.exports = async (): Promise<unknown> => {
    await startPlugin();
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return (require(path.join(__dirname, name)) as { outputs: unknown }).outputs;
};
