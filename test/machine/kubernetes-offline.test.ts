/** The plugin without a cluster: what it refuses, and what it can still say. */
import * as fs from "fs";
import * as path from "path";
import { ScratchStack } from "../support/engine";
import { freePort } from "../support/sshd";
import { clusterSuite, differs, program, stackOn } from "./kubernetes-support";

const kubeconfig = (port: number) => `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:${port}", insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: t } }]
`;

const cm = `new v1.ConfigMap("cm", { metadata: { name: "cm" }, data: { a: env.A ?? "1" } }, opts);`;

describe("without a cluster", () => {
    const stacks: ScratchStack[] = [];
    const offline = async (body: string, text?: string) => {
        const stack = await ScratchStack.create({
            program: program(body),
            env: { KUBECONFIG: undefined, KUBECONFIG_TEXT: text ?? kubeconfig(await freePort()) },
        });
        stacks.push(stack);
        return stack;
    };
    const refusal = async (body: string) =>
        (await (await offline(body)).preview({ expectFailure: true })).errors.join("\n");
    afterAll(() => Promise.all(stacks.map((stack) => stack.dispose())));

    differs(
        "other kinds",
        "another kind is refused, with a list of those that there are",
        async () => {
            const text = await refusal(`new k8s.networking.v1.Ingress("i", { spec: {} }, opts);`);
            expect(text).toContain(
                "kubedev drop-in for kubernetes 4.34.2 has no kubernetes:networking.k8s.io/v1:Ingress",
            );
            expect(text).toContain("kubernetes:core/v1:ConfigMap");
            expect(text).toContain("pulumi plugin install resource kubernetes 4.34.2");
        },
    );

    differs("other kinds", "components of the plugin are refused", async () => {
        const text = await refusal(`new k8s.yaml.v2.ConfigGroup("g", { yaml: "" }, opts);`);
        expect(text).toContain("has no kubernetes:yaml/v2:ConfigGroup");
    });

    differs("other settings", "another setting of the provider is refused", async () => {
        for (const [setting, words] of [
            [`renderYamlToDirectory: "/tmp/x"`, "has no setting renderYamlToDirectory"],
            ["enableServerSideApply: false", "server-side apply only"],
        ] as const) {
            const text = await refusal(`new k8s.Provider("other", { ${setting} });`);
            expect(text).toContain(words);
        }
    });

    differs(
        "unwanted annotations",
        "an annotation that would change what is waited for is refused",
        async () => {
            const text = await refusal(`
new v1.Pod("p", { metadata: { annotations: { "pulumi.com/waitFor": "condition=Ready" } } }, opts);`);
            expect(text).toContain("pulumi.com/waitFor");
        },
    );

    test("the server cannot make a name", async () => {
        const text = await refusal(`new v1.Pod("p", { metadata: { generateName: "p-" } }, opts);`);
        expect(text).toContain("metadata.generateName");
    });

    test("a preview compares inputs and says so; an up fails", async () => {
        const stack = await offline(cm);
        const preview = await stack.preview();
        expect(preview.step("cm").op).toBe("create");
        expect(preview.durationMs).toBeLessThan(60_000);
        const failed = await stack.up({ expectFailure: true });
        expect(failed.errors.join("\n")).toMatch(/unreachable|cannot be reached/);
    });

    differs("words of messages", "one warning for all resources", async () => {
        const stack = await offline(
            `for (const i of [1, 2, 3]) new v1.ConfigMap("cm" + i, {}, opts);`,
        );
        const said = (await stack.preview()).stdout.match(/The preview compares inputs only/g);
        expect(said).toHaveLength(1);
    });

    test("YAML is read without a cluster", async () => {
        const stack = await offline(
            `new k8s.yaml.ConfigGroup("g", { yaml: "apiVersion: v1\\nkind: Pod\\nmetadata: {name: p}\\n---\\n\\n" }, opts);`,
        );
        const pods = (await stack.preview()).steps.filter(
            (s) => s.type === "kubernetes:core/v1:Pod",
        );
        expect(pods.map((s) => s.op)).toEqual(["create"]);
    });
});

clusterSuite("a cluster that comes and goes", (plane) => {
    /** The state of a ConfigMap that lives in the cluster, and a program that looks elsewhere. */
    const moved = async (body: string, run: (stack: ScratchStack) => Promise<void>) => {
        const stack = await stackOn(plane(), body);
        try {
            await stack.up();
            await run(stack);
        } finally {
            await stack.dispose();
        }
    };
    test("what is in a dead cluster stays in the state, until the user says that it is gone", async () => {
        const file = path.join(path.dirname(plane().kubeconfig), "copy.conf");
        fs.copyFileSync(plane().kubeconfig, file);
        const stack = await stackOn(plane(), cm, { KUBECONFIG_PATH: file });
        try {
            await stack.up();
            fs.rmSync(file);
            expect((await stack.preview()).changed).toEqual([]);
            expect((await stack.preview({ env: { A: "2" } })).step("cm").op).toBe("replace");
            const failed = await stack.refresh({ expectFailure: true });
            expect(failed.errors.join("\n")).toContain("PULUMI_K8S_DELETE_UNREACHABLE");
            await stack.destroy({ expectFailure: true });
            await stack.destroy({ env: { PULUMI_K8S_DELETE_UNREACHABLE: "true" } });
            expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
            expect(plane().get("cm", "cm")).toBeDefined();
        } finally {
            plane().kubectl("delete", "cm", "cm", "--ignore-not-found");
            await stack.dispose();
        }
    });

    test("another cluster takes other objects; clusterIdentifier says what is another", async () => {
        await moved(cm, async (stack) => {
            const text = plane().kubeconfigText.replace("127.0.0.1", "127.0.0.2");
            const preview = await stack.preview({ env: { KUBECONFIG_TEXT: text } });
            expect(preview.step("cm").op).toBe("replace");
            const same = plane().kubeconfigText.replace("kubernetes-super-admin", "someone");
            const other = await stack.preview({ env: { KUBECONFIG_TEXT: same } });
            expect(other.step("cm").op).toBe("same");
        });
    });

    test("a kubeconfig that is not known yet makes a preview, not a failure", async () => {
        const stack = await stackOn(
            plane(),
            `
import * as command from "@pulumi/command";
const made = new command.local.Command("made", { create: "cat $KUBECONFIG_PATH" });
const late = new k8s.Provider("late", { kubeconfig: made.stdout });
new v1.ConfigMap("cm", { data: { a: "1" } }, { provider: late });`,
        );
        try {
            expect((await stack.preview()).step("cm").op).toBe("create");
            await stack.up();
            expect((await stack.preview()).changed).toEqual([]);
        } finally {
            await stack.dispose();
        }
    });

    differs(
        "late cluster",
        "a kubeconfig that the run itself writes is read when it is there",
        async () => {
            const file = path.join(path.dirname(plane().kubeconfig), "late.conf");
            const stack = await stackOn(
                plane(),
                `
import * as command from "@pulumi/command";
const made = new command.local.Command("made", {
    create: "sleep 1; cp $KUBECONFIG_PATH ${file}", delete: "true",
});
const late = new k8s.Provider("late", { kubeconfig: "${file}" });
new v1.ConfigMap("cm", { data: { a: "1" } }, { provider: late, dependsOn: made });`,
            );
            try {
                await stack.up();
                expect((await stack.preview()).changed).toEqual([]);
            } finally {
                await stack.dispose();
            }
        },
    );
});
