/**
 * A project beside an environment of kubedev: hosts, addresses and kubeconfig are outputs of that environment's stack, so that
 * both have a life of their own. `pulumi config set environment organization/kubedev/dev` says which one it is; of a backend
 * in files the organization is called "organization".
 */
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from "kubedev";

const name = new pulumi.Config().require("environment");
const environment = new pulumi.StackReference("environment", { name });

/** An output of the environment, known in a preview; undefined where it has none. A secret stays one. */
async function output<T>(key: string): Promise<T | undefined> {
    const found: { value?: unknown; secretValue?: unknown } =
        await environment.getOutputDetails(key);
    const { value, secretValue } = found;
    return (secretValue === undefined ? value : pulumi.secret(secretValue)) as T | undefined;
}

module.exports = async () => {
    const hosts = (await output<Record<string, pulumi.Unwrap<kubedev.Host>>>("hosts")) ?? {};
    for (const [host, where] of Object.entries(hosts)) {
        new kubedev.HostFile(`${host}-motd`, {
            host: where,
            path: "/etc/motd",
            content: `second-project is on ${host}, of ${name}\n`,
            overwrite: true,
        });
    }

    const kubeconfig = await output<pulumi.Output<string>>("kubeconfig");
    if (kubeconfig !== undefined) {
        new kubedev.Addon("settings", {
            kubeconfig,
            // Another cluster gets all objects anew.
            instanceId: await output<string>("instanceId"),
            objects: [
                {
                    apiVersion: "v1",
                    kind: "ConfigMap",
                    metadata: { name: "second-project", namespace: "default" },
                    data: { environment: name },
                },
            ],
        });
    }
    return {
        addresses: Object.fromEntries(
            Object.entries(hosts).map(([host, { ssh }]) => [host, ssh?.address]),
        ),
    };
};
