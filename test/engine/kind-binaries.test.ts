/** A preview knows which nodes an edit reaches, though it does not know yet what the build will give. */
import { library, ScratchStack } from "../support/engine";

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({ program: "export {};\n" });
});
afterAll(() => stack.dispose());

const program = (ldflags: string) => `
import * as kubedev from "${library}";
const build = new kubedev.Build("kubelet", {
    module: "k8s.io/kubernetes@v1.36.1", targets: ["k8s.io/kubernetes/cmd/kubelet"], platforms: ["linux/amd64"],
    ldflags: ${JSON.stringify(ldflags)},
});
const kubelet = build.binaries["kubelet-linux-amd64"]!;
new kubedev.KindCluster("c", {
    engine: { own: true }, image: "kubedev/node:v1", kindPath: "/usr/bin/kind", clusterName: "mine",
    nodes: [{}, { role: kubedev.KindRole.Worker }], binaries: { kubelet },
});
export const tag = new kubedev.NodeImage("over", { engine: { own: true }, base: "kubedev/node:v1", binaries: { kubelet } }).tag;
`;

test("what another kubelet is put into is named by its fingerprint, before it is built", async () => {
    const linesOf = async (ldflags: string) => {
        stack.program(program(ldflags));
        const { steps } = await stack.preview();
        const inputs = (wanted: string) =>
            steps.find(({ name }) => name === wanted)?.newInputs as
                { environment: Record<string, string> } | undefined;
        const [node, worker, image] = [
            "c-control-plane-binaries",
            "c-worker-binaries",
            "over-overlay",
        ].map((name) => inputs(name)?.environment);
        expect(node?.["KUBEDEV_BINARIES"]).toMatch(/^kubelet [0-9a-f]{16} \/\S+\/kubelet$/);
        expect(worker?.["KUBEDEV_BINARIES"]).toBe(node?.["KUBEDEV_BINARIES"]);
        expect(image?.["KUBEDEV_IMAGE_TAG"]).toMatch(/^kubedev\/node:[0-9a-f]{16}$/);
        return [node?.["KUBEDEV_BINARIES"], image?.["KUBEDEV_IMAGE_TAG"]];
    };
    const one = await linesOf("-X main.a=1");
    expect(await linesOf("-X main.a=1")).toEqual(one);
    const two = await linesOf("-X main.a=2");
    expect(two[0]).not.toBe(one[0]);
    expect(two[1]).not.toBe(one[1]);
});
