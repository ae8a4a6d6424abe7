/**
 * Programs of documents against mocks, in a process of its own: a list of { text, preview } on standard input, what each
 * declares on file descriptor 3, since logs are on the others. As previews of an empty stack, or as a first run.
 */
import fs from "node:fs";
import os from "node:os";
import { Readable } from "node:stream";
import * as pulumi from "@pulumi/pulumi";
import * as ts from "typescript";
import * as kubedev from "../../index";
import * as policy from "../../policy";
import { DeclaredOptions, DeclaredResource, Snippet, SnippetResult } from "./snippet-run";

/** What is asked of hosts while a program runs; the answers are those of a host where all is well and nothing is there. */
function looked(asked: Record<string, string>): string {
    if (asked["KUBEDEV_TOOLS"] !== undefined) {
        return "unreachable=not asked";
    }
    const fingerprint = "a".repeat(64);
    const targets = (asked["KUBEDEV_TARGETS"] ?? "").split("\n");
    const platforms = (asked["KUBEDEV_PLATFORMS"] ?? "").split("\n");
    return [
        "absent=1",
        ...targets.flatMap((target) =>
            platforms.map((platform) => `fingerprint=${target} ${platform} ${fingerprint}`),
        ),
        "",
    ].join("\n");
}

const publicKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const host = { ssh: { address: "node.example", user: "me", hostKey: publicKey } };
/** What a document leaves to its reader with `declare const`, by its type. */
const given: Record<string, () => unknown> = {
    string: () => "/usr/local/bin/program",
    "kubedev.Host": () => host,
    "kubedev.BuildHost": () => ({ host }),
    "kubedev.WindowsAgent": () => ({ host: { ...host, os: kubedev.HostOs.Windows } }),
    "kubedev.ClusterBinariesArgs": () => binaries,
    "kubedev.Cluster": () =>
        new kubedev.Cluster("given-cluster", { kubernetesVersion: "v1.36.1", binaries }),
    "kubedev.VirtualMachine": () =>
        new kubedev.VirtualMachine("given-machine", {
            baseImage: new kubedev.BaseImage("given-image", {}).files,
        }),
};
const program = (name: string) => `/usr/local/bin/${name}`;
const binaries = {
    etcd: program("etcd"),
    kubeApiserver: program("kube-apiserver"),
    kubeControllerManager: program("kube-controller-manager"),
    kubeScheduler: program("kube-scheduler"),
    kubeadm: program("kubeadm"),
    kubectl: program("kubectl"),
};

/** Files of the reader's. */
const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443" } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
});
const object = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "given" } });
const { existsSync, readFileSync, createReadStream } = fs;
const textOf = (file: string) => (/\.ya?ml$/.test(file) ? object : kubeconfig);
const asIfThere = {
    readFileSync: ((file: fs.PathOrFileDescriptor, options?: BufferEncoding) =>
        typeof file !== "string" || existsSync(file)
            ? readFileSync(file, options)
            : textOf(file)) as typeof readFileSync,
    createReadStream: ((file: fs.PathLike) =>
        existsSync(file)
            ? createReadStream(file)
            : Readable.from([textOf(String(file))])) as unknown as typeof createReadStream,
};

/** What a document shortens. */
const completed = (text: string) => text.replaceAll("ssh-ed25519 AAAA...", publicKey);

const noOptions: DeclaredOptions = { below: [], deletedFirst: false, aliases: [] };

async function runSnippet({ text, preview }: Snippet): Promise<DeclaredResource[]> {
    const declared: DeclaredResource[] = [];
    const options = new Map<string, DeclaredOptions>();
    const key = (type: string, name: string) => `${type} ${name}`;
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                const known = options.get(key(type, name)) ?? noOptions;
                declared.push({ type, name, inputs: inputs as Record<string, unknown>, ...known });
                return preview
                    ? { id: undefined, state: inputs as object }
                    : { id: `${name}-id`, state: { ...(inputs as object), stdout: "{}" } };
            },
            call: ({ token, inputs }) => {
                const { environment } = inputs as { environment?: Record<string, string> };
                return token === "command:local:run"
                    ? { stdout: looked(environment ?? {}), stderr: "", command: "" }
                    : {};
            },
        },
        "project",
        "stack",
        preview,
    );
    pulumi.runtime.setAllConfig({ "project:cloudImageSha256": "b".repeat(64) });
    const compiled = ts.transpileModule(completed(text), {
        compilerOptions: {
            module: ts.ModuleKind.CommonJS,
            target: ts.ScriptTarget.ES2022,
            esModuleInterop: true,
        },
    }).outputText;
    await pulumi.runtime.runInPulumiStack(() => {
        const places = new Map<pulumi.Resource, DeclaredOptions["below"]>();
        pulumi.runtime.registerStackTransformation(({ type, name, opts, resource }) => {
            const below = opts.parent === undefined ? [] : (places.get(opts.parent) ?? []);
            places.set(resource, [...below, { type, name }]);
            const { deleteBeforeReplace = false } = opts as pulumi.CustomResourceOptions;
            const aliases = (opts.aliases ?? []) as unknown[];
            options.set(key(type, name), { below, deletedFirst: deleteBeforeReplace, aliases });
            return undefined;
        });
        const left = leftToReader(text);
        // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- what a document says is code
        new Function("require", "exports", ...Object.keys(left), compiled)(
            required,
            {},
            ...Object.values(left),
        );
        return Promise.resolve();
    });
    await pulumi.runtime.disconnect();
    return declared.filter(({ type }) => type !== "pulumi:pulumi:Stack");
}

function leftToReader(text: string): Record<string, unknown> {
    const lists = [...text.matchAll(/^declare const (.+?);/gm)].map(([, list]) => list ?? "");
    const made = lists
        .flatMap((list) => list.split(","))
        .map((one) => {
            const [name = "", type = ""] = one.split(":").map((part) => part.trim());
            const make = given[type];
            if (make === undefined) {
                throw new Error(`declare const ${one.trim()}: snippet-program.ts has no ${type}`);
            }
            return [name, make()];
        });
    return Object.fromEntries(made) as Record<string, unknown>;
}

function required(name: string): unknown {
    const known: Record<string, unknown> = {
        ...{ kubedev, "kubedev/policy": policy, "@pulumi/pulumi": pulumi },
    };
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as the program would
    return known[name] ?? (require(name) as unknown);
}

/** An error of a program is its result, also one that nothing waits for. */
async function main(): Promise<void> {
    // All of the package, whose areas are loaded when they are read, before files are others than they are.
    Object.values(kubedev);
    Object.assign(fs, asIfThere);
    // Names, addresses and programs come of these: they are the same on every machine.
    Object.assign(os, { userInfo: () => ({ username: "me" }), homedir: () => "/home/me" });
    Object.defineProperty(process, "arch", { value: "x64" });
    let failed: (error: unknown) => void = () => undefined;
    process.on("unhandledRejection", (error) => {
        failed(error);
    });
    const snippets = JSON.parse(readFileSync(0, "utf8")) as Snippet[];
    const results: SnippetResult[] = [];
    process.on("exit", () => {
        // One that waits for ever ends the process: nothing is left to be done.
        const waiting = snippets[results.length];
        if (waiting !== undefined) {
            process.stderr.write(`this program does not come to its end:\n${waiting.text}\n`);
        }
    });
    for (const snippet of snippets) {
        const failure = new Promise<never>((_, reject) => {
            failed = reject;
        });
        failure.catch(() => undefined);
        try {
            results.push({ declared: await Promise.race([runSnippet(snippet), failure]) });
        } catch (error) {
            results.push({
                declared: [],
                error: error instanceof Error ? error.message : String(error),
            });
        }
    }
    fs.writeFileSync(3, JSON.stringify(results));
    // Whatever a failed program still waits for, of which the SDK would say that it leaks.
    process.removeAllListeners("exit");
    process.exit(0);
}

void main();
