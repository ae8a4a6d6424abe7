import { createHash, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { yaml } from "../internal/yaml";
import { isLoopbackAddress } from "../internal/loopback-address";
import { inputError } from "../internal/validate";

/** What a node must know of a cluster to trust it. */
export interface KubeconfigFacts {
    /** Its API server, as "10.0.0.4:6443". */
    endpoint: string;
    /** Digest of its authority's public key, as kubeadm takes it: "sha256:...". */
    caCertHash: string;
}

interface Kubeconfig {
    "current-context"?: string;
    contexts?: { name: string; context: { cluster: string } }[];
    clusters?: {
        name: string;
        cluster: { server?: string; "certificate-authority-data"?: string };
    }[];
}

/** Reads the cluster of a kubeconfig's current context; in words what is wrong with it. */
export function kubeconfigFacts(text: string): KubeconfigFacts | string {
    const cluster = clusterOf(text);
    const authority = cluster?.["certificate-authority-data"];
    if (cluster?.server === undefined || authority === undefined) {
        return "expected a kubeconfig whose current context has a cluster with server and certificate-authority-data (kubectl config view --minify --flatten --raw prints one)";
    }
    const endpoint = endpointOfUrl(cluster.server);
    if (endpoint === undefined) {
        return `expected a server as https://10.0.0.4:6443 in it, not ${cluster.server}`;
    }
    try {
        return { endpoint, caCertHash: publicKeyHash(Buffer.from(authority, "base64")) };
    } catch {
        return "expected a certificate as its certificate-authority-data";
    }
}

/** What a kubeconfig's file says. Unknown in a preview that makes the cluster, and its file, first. */
export function readKubeconfig(
    what: string,
    file: string,
    endpoint: string | undefined,
): KubeconfigFacts {
    const refused = (propertyPath: string, reason: string) =>
        inputError(what, [{ propertyPath, reason }]);
    if (!fs.existsSync(file)) {
        if (pulumi.runtime.isDryRun()) {
            return pulumi.unknown as unknown as KubeconfigFacts;
        }
        throw refused(
            "kubeconfigPath",
            `got ${file}; expected a file that is there on this machine`,
        );
    }
    const facts = kubeconfigFacts(fs.readFileSync(file, "utf8"));
    if (typeof facts === "string") {
        throw refused("kubeconfigPath", `got ${file}; ${facts}`);
    }
    const reached = endpoint ?? facts.endpoint;
    if (isLoopbackEndpoint(reached)) {
        throw refused(
            "endpoint",
            `got nothing for the API server ${reached} of ${file}; expected the address and port at which the host reaches it, as "10.0.0.4:6443": on loopback it is this machine's alone`,
        );
    }
    return { ...facts, endpoint: reached };
}

/** Server of a kubeconfig's first cluster, as kubeadm's cluster-info has one without contexts. */
export function serverOf(text: string): string | undefined {
    return read(text)?.clusters?.[0]?.cluster.server;
}

/** Host and port of a server's URL; undefined if it is none, or has a path. */
export function endpointOfUrl(server: string): string | undefined {
    try {
        const { protocol, hostname, port, pathname } = new URL(server);
        return protocol === "https:" && pathname === "/"
            ? `${hostname}:${port === "" ? "443" : port}`
            : undefined;
    } catch {
        return undefined;
    }
}

/** Whether host:port is only reached on the very machine. */
export function isLoopbackEndpoint(endpoint: string): boolean {
    const host = endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
    return isIP(host) === 0
        ? /(^|\.)localhost$/i.test(host)
        : isLoopbackAddress(host) || host === "::1";
}

function read(text: string): Kubeconfig | undefined {
    try {
        const given: unknown = yaml().parse(text);
        return typeof given === "object" && given !== null ? given : undefined;
    } catch {
        return undefined;
    }
}

function clusterOf(text: string) {
    const config = read(text);
    const context = config?.contexts?.find(({ name }) => name === config["current-context"]);
    return config?.clusters?.find(({ name }) => name === context?.context.cluster)?.cluster;
}

function publicKeyHash(pem: Buffer): string {
    const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
