/** A program that enforces the policy: what it refuses, in a preview and in a run, and what it leaves as it is. */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, repoRoot, ScratchStack } from "../support/engine";

const policy = path.join(repoRoot, "policy/index");
const program = (enforced: string, more = "") => `
import * as fs from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};
import * as policy from ${JSON.stringify(policy)};

${enforced}
const file = new kubedev.HostFile("file", { path: __dirname + "/made/file.txt", content: "there\\n" });
const copy = new kubedev.HostFile("copy", { path: __dirname + "/made/copy.txt", content: file.sha256 });
${more}
`;
const open = `
class Wrapped extends pulumi.ComponentResource {
    constructor(name: string) {
        super("test:index:Wrapped", name);
        // Nothing answers there, and nothing is asked.
        const provider = new k8s.Provider("nowhere", { kubeconfig: "{}" }, { parent: this });
        new k8s.core.v1.Pod(name + "-pod", {
            spec: { containers: [{ name: "c", image: pulumi.output("registry.example/app:1") }] },
        }, { parent: this, provider });
    }
}
new Wrapped("wrapped");
new kubedev.AgentNetwork("net", { allowedCidrs: ["0.0.0.0/0"], openToInternet: true, location: "x" });
`;

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({ program: "", project: "policy" });
});
afterAll(async () => {
    await stack.dispose();
});

test("what breaks a rule is refused in a preview and in a run; what does not is as without a policy", async () => {
    stack.program(program("policy.enforce();", open));
    const refused = await stack.preview({ expectFailure: true });
    const told = refused.errors.join("\n");
    expect(told).toContain(`the policy of this program refuses net (kubedev:index:AgentNetwork):
  openToInternet: got true; expected it to be left out (open-ranges)
  allowedCidrs: got "0.0.0.0/0"; expected only ranges that you come from, as "203.0.113.7/32" (open-ranges)`);
    expect(told).toContain(`the policy of this program refuses wrapped-pod (kubernetes:core/v1:Pod):
  spec.containers[0].image: got "registry.example/app:1"; expected a digest in it, as name:tag@sha256:... (unpinned-images)`);
    expect(Object.keys(refused.ops())).not.toEqual(expect.arrayContaining(["net"]));

    const run = await stack.up({ expectFailure: true });
    expect(run.errors.join("\n")).toContain("the policy of this program refuses net");
    expect(Object.keys(run.ops())).not.toEqual(expect.arrayContaining(["net"]));

    const also = `({ type }) => type === "kubedev:index:HostFile" ? [{ path: "mode", reason: "ours" }] : []`;
    stack.program(program(`policy.enforce({ also: ${also} });`));
    expect((await stack.preview({ expectFailure: true })).errors.join("\n")).toContain(
        "mode: ours (also)",
    );

    stack.program(program("policy.enforce();"));
    await stack.up();
    expect(fs.existsSync(path.join(stack.dir, "made/copy.txt"))).toBe(true);
    const kept = await dependencies();
    stack.program(program("void policy;"));
    expect((await stack.up()).ops()).toEqual({});
    expect(await dependencies()).toEqual(kept);
}, 300_000);

/** What the state knows of the order. */
async function dependencies(): Promise<Record<string, unknown>> {
    const { deployment } = await stack.exportState();
    return Object.fromEntries(
        (deployment.resources ?? []).map(({ urn, dependencies }) => [urn, dependencies]),
    );
}
