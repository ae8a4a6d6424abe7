/**
 * What runs in a real cluster of the environment `kind`, with package mirrors only: its default add-on, images of programs,
 * images from a local registry, volumes; and that all of it comes again when the cluster is replaced under it.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network, sh, until } from "../support/kind";
import { imageCache } from "../support/local-kvm";
import { scratchDir } from "../support/scratch";

jest.setTimeout(3_600_000);

/** The environment, and an add-on of one's own that takes an image of a program. */
const program = `
import * as kubedev from "${library}";
module.exports = async () => {
const environment = await require("${path.join(repoRoot, "stacks")}")();
const tool = new kubedev.ProgramImage("tool", {
    // Which runs once the cluster does.
    engine: environment.address.apply(() => ({ own: true })),
    binary: { path: "${sh("command -v busybox").trim()}", fingerprint: process.env.TOOL ?? "one" },
    entrypoint: ["/bin/busybox", "sleep"],
});
new kubedev.Addon("tool", {
    ...{ kubeconfig: environment.kubeconfig, instanceId: environment.instanceId },
    deleteUnreachable: true,
    objects: process.env.WITH_TOOL !== "yes" ? [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "tool" } }] : [{
        apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "tool", namespace: "default" },
        spec: {
            selector: { matchLabels: { app: "tool" } },
            template: {
                metadata: { labels: { app: "tool" } },
                spec: {
                    containers: [{ name: "tool", image: tool.image, args: ["infinity"] }],
                    terminationGracePeriodSeconds: 0,
                },
            },
        },
    }],
});
return { ...environment, tool: tool.image };
};
`;

let home: KindHome;
let stack: ScratchStack;
let before: string;
let endTurn: () => Promise<void>;

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        before = network();
        home = new KindHome(scratchDir("kubedev-home-"));
        stack = await ScratchStack.create({
            program,
            project: "kubedev",
            stack: `addons-${String(process.pid)}`,
            env: { ...imageCache(), XDG_STATE_HOME: path.join(home.dir, "state"), GOFLAGS: "" },
            config: { "kubedev:environment": "kind", "kind:registry": "true" },
        });
    }),
);
afterAll(
    kindHook(async () => {
        await stack.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
    }),
);

const withTool = { WITH_TOOL: "yes" };
async function kubectl(...args: string[]): Promise<string> {
    const node = Object.keys((await stack.outputs())["nodes"] as object)[0] ?? "";
    const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
    return home.docker("exec", node, ...admin, ...args);
}
/** What changes in a preview beside components. */
async function touched(env: Record<string, string>): Promise<Record<string, string>> {
    const preview = await stack.preview({ env });
    const things = preview.changed.filter(({ type }) => !type.startsWith("kubedev:"));
    const names = new Set(things.map(({ name }) => name));
    return Object.fromEntries(Object.entries(preview.ops()).filter(([name]) => names.has(name)));
}
/** metrics-server asks the kubelets every 15 seconds. */
const top = () =>
    until("metrics of the node", async () => {
        const said = await kubectl("top", "nodes", "--no-headers");
        return /-control-plane +\d+m +\d+% +\d+Mi/.test(said) ? true : undefined;
    });
/** An image of busybox that people push. */
async function pushed(name: string): Promise<string> {
    const image = `${String((await stack.outputs())["registry"])}/${name}`;
    home.importImage(image);
    home.docker("push", "-q", image);
    // So that it comes from the registry.
    home.docker("rmi", image);
    return image;
}
/** Runs a pod to its end; answers what it wrote. */
async function ran(name: string, image: string, script: string, claim?: string): Promise<string> {
    const mounted = {
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
        containers: [{ volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    };
    const container = { name, image, command: ["/bin/busybox", "sh", "-c", script] };
    const pod = {
        ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
        spec: {
            restartPolicy: "Never",
            ...(claim === undefined ? {} : { volumes: mounted.volumes }),
            containers: [{ ...container, ...(claim === undefined ? {} : mounted.containers[0]) }],
        },
    };
    await applied(pod);
    await kubectl(
        "wait",
        "--for=jsonpath={.status.phase}=Succeeded",
        `pod/${name}`,
        "--timeout=90s",
    );
    const said = await kubectl("logs", name);
    await kubectl("delete", "pod", name, "--now");
    return said;
}
async function applied(object: object): Promise<void> {
    const node = Object.keys((await stack.outputs())["nodes"] as object)[0] ?? "";
    const admin = "kubectl --kubeconfig /etc/kubernetes/admin.conf";
    const text = JSON.stringify(object).replaceAll("'", "'\\''");
    home.docker("exec", node, "sh", "-c", `printf %s '${text}' | ${admin} apply -f -`);
}

kindTest("the default add-on runs, from a Go module: kubectl top answers", async () => {
    await stack.up({ timeoutMs: 3_500_000 });
    expect((await stack.preview()).changed).toEqual([]);
    await top();
    const image = await kubectl(
        ...["-n", "kube-system", "get", "deployment", "metrics-server"],
        ...["-o", "jsonpath={.spec.template.spec.containers[0].image}"],
    );
    expect(image).toMatch(/^program\.kubedev\.invalid\/metrics-server:[0-9a-f]{16}$/);
    expect((await stack.outputs())["images"]).toEqual([image]);
});

kindTest(
    "an image of a program is loaded and runs; another one is named by the preview",
    async () => {
        const load = (image: unknown) => {
            stack.setConfig("kind:loadImages", JSON.stringify([image]));
        };
        load((await stack.outputs())["tool"]);
        await stack.up({ env: withTool, timeoutMs: 300_000 });
        const other = { ...withTool, TOOL: "two" };
        // Nothing else is touched.
        expect(await touched(other)).toEqual({
            "tool-program": "update",
            "tool-deployment-default/tool": "update",
        });
        const { newInputs } = (await stack.preview({ env: other })).step(
            "tool-deployment-default/tool",
        );
        const spec = newInputs?.["spec"] as {
            template: { spec: { containers: [{ image: string }] } };
        };
        await stack.up({ env: other, args: ["--target", "**::tool-program"] });
        load(spec.template.spec.containers[0].image);
        // Loading changes the cluster in place: what else is in it does not show for that.
        expect(await touched(other)).toEqual({
            "cluster-cluster": "update",
            "tool-deployment-default/tool": "update",
        });
        await stack.up({ env: other, timeoutMs: 300_000 });
        // It runs as no one in particular.
        expect(await kubectl("exec", "deploy/tool", "--", "/bin/busybox", "id", "-u")).toBe(
            "65532",
        );
        expect(
            home.docker("images", "-q", "program.kubedev.invalid/tool").split("\n"),
        ).toHaveLength(1);
        expect((await stack.preview({ env: other })).changed).toEqual([]);
    },
);

kindTest(
    "what is pushed to the registry is pulled by nodes; a volume is written and reclaimed",
    async () => {
        const image = await pushed("app:1");
        expect(await ran("hello", image, "/bin/busybox echo pulled")).toBe("pulled");
        const hosting = await kubectl(
            ...["-n", "kube-public", "get", "configmap", "local-registry-hosting"],
            ...["-o", "jsonpath={.data.localRegistryHosting\\.v1}"],
        );
        expect(hosting).toContain(`host: "${image.split("/")[0] ?? ""}"`);
        // Nowhere else but on that address.
        const listening = sh("ss -Hltn 'sport = :5000' | awk '{ print $4 }'").trim().split("\n");
        expect(listening).toEqual([image.split("/")[0]]);

        await applied({
            ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "claim" } },
            spec: {
                accessModes: ["ReadWriteOnce"],
                resources: { requests: { storage: "16Mi" } },
            },
        });
        await ran("writes", image, "/bin/busybox echo kept >/data/file", "claim");
        expect(await ran("reads", image, "/bin/busybox cat /data/file", "claim")).toBe("kept");
        await kubectl("delete", "pvc", "claim", "--timeout=60s");
        await until("the volume to be reclaimed", async () =>
            (await kubectl("get", "pv", "-o", "name")) === "" ? true : undefined,
        );
    },
);

kindTest("the cluster is replaced under its add-ons, in one up", async () => {
    const env = { ...withTool, TOOL: "two" };
    stack.setConfig("kind:nodes", JSON.stringify([{ labels: { generation: "two" } }]));
    expect(await touched(env)).toMatchObject({
        "cluster-cluster": "replace",
        "cluster-registry": "replace",
        "metrics-cluster": "update",
        "metrics-deployment-kube-system/metrics-server": "replace",
        "tool-deployment-default/tool": "replace",
    });
    await stack.up({ env, timeoutMs: 600_000 });
    expect((await stack.preview({ env })).changed).toEqual([]);
    expect(await kubectl("get", "nodes", "-l", "generation=two", "-o", "name")).toMatch(/^node/);
    await top();
    // What was pushed is still there.
    const image = `${String((await stack.outputs())["registry"])}/app:1`;
    expect(await ran("again", image, "/bin/busybox echo pulled")).toBe("pulled");
});

kindTest(
    "a registry that died is started again with what was pushed; without it the nodes forget it",
    async () => {
        const env = { ...withTool, TOOL: "two" };
        const [container = ""] = home
            .docker("ps", "--format", "{{.Names}}", "--filter", "name=-registry$")
            .split("\n");
        home.docker("stop", "-t", "5", container);
        expect(await touched(env)).toEqual({ "registry-registry": "update" });
        await stack.up({ env, timeoutMs: 300_000 });
        expect((await stack.preview({ env })).changed).toEqual([]);
        const url = `http://${String((await stack.outputs())["registry"])}/v2/_catalog`;
        expect(sh(`curl -fsS '${url}'`)).toContain('"app"');

        stack.setConfig("kind:registry", "false");
        expect(await touched(env)).toMatchObject({
            "cluster-registry": "delete",
            "registry-registry": "delete",
        });
        await stack.up({ env, timeoutMs: 300_000 });
        expect(home.docker("ps", "-aq", "--filter", "name=-registry$")).toBe("");
        expect(await kubectl("-n", "kube-public", "get", "configmap", "-o", "name")).not.toContain(
            "registry",
        );
    },
);

kindTest("destroy leaves nothing", async () => {
    await stack.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(path.join(home.dir, "state/kubedev"))).toBe(false);
    expect(sh(`grep -F '${home.dir}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(before);
});
