/** What a run waits for, how long, and what it says when that does not come. */
import { ControlPlane } from "../support/control-plane";
import { ScratchStack } from "../support/engine";
import { clusterSuite, differs, either, withStack } from "./kubernetes-support";

const deployment = (more = "{}") => `
new k8s.apps.v1.Deployment("d", {
    metadata: { name: "waiting", annotations: ${more} },
    spec: { selector: matches("waiting"), template: template("waiting") },
}, { ...opts, customTimeouts: env.CREATE ? { create: env.CREATE, update: env.CREATE } : undefined });`;

const until = async <T>(probe: () => T | undefined): Promise<T> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
        const found = probe();
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error("not within a minute");
};
const podOf = (plane: ControlPlane, selector: string) =>
    until(() => plane.list("pods", selector)[0]?.metadata.name);
const running = {
    phase: "Running",
    conditions: [
        { type: "Ready", status: "True" },
        { type: "ContainersReady", status: "True" },
    ],
};
const waiting = (reason: string, message: string) => ({
    phase: "Pending",
    containerStatuses: [
        {
            ...{ name: "main", image: "x", imageID: "", ready: false, restartCount: 0 },
            state: { waiting: { reason, message } },
        },
    ],
});
const initErrors = async (stack: ScratchStack, type: string) =>
    (await stack.exportState()).deployment.resources?.find((r) => r.type.endsWith(type)) as
        { initErrors?: string[] } | undefined;

const anyText: unknown = expect.any(String);

clusterSuite("waiting", (plane) => {
    test("a time-out says what is missing and why; the next run goes on with the same object", async () => {
        await withStack(plane(), deployment(), async (stack) => {
            const up = stack.up({ env: { CREATE: "12s" }, expectFailure: true });
            const pod = await podOf(plane(), "app=waiting");
            plane().setPodStatus(pod, waiting("ImagePullBackOff", "no such image, alas"));
            const text = (await up).errors.join("\n");
            expect(text).toContain("waiting");
            expect(text).toMatch(either("words of messages", /no such image, alas/, /timed out/));
            expect((await initErrors(stack, "Deployment"))?.initErrors).toContainEqual(anyText);
            await stack.refresh();
            expect((await initErrors(stack, "Deployment"))?.initErrors).toContainEqual(anyText);
            const { uid } = plane().get("deployment", "waiting")?.metadata ?? {};
            plane().setPodStatus(pod, running);
            const next = await stack.up({ env: { CREATE: "60s" } });
            expect(next.step("d").op).toBe("update");
            expect(plane().get("deployment", "waiting")?.metadata.uid).toBe(uid);
            expect((await initErrors(stack, "Deployment"))?.initErrors ?? []).toEqual([]);
            expect((await stack.preview()).changed).toEqual([]);
        });
    });

    differs(
        "words of messages",
        "the message of a time-out has the time, the pods, the events",
        async () => {
            const annotations = '{ "pulumi.com/timeoutSeconds": "4" }';
            await withStack(plane(), deployment(annotations), async (stack) => {
                const up = stack.up({ expectFailure: true });
                const pod = await podOf(plane(), "app=waiting");
                const event = {
                    ...{ apiVersion: "v1", kind: "Event", type: "Warning", reason: "FailedMount" },
                    metadata: { name: `${pod}.1`, namespace: "default" },
                    involvedObject: { kind: "Pod", name: pod, namespace: "default" },
                    message: "the disk is on holiday",
                    lastTimestamp: new Date().toISOString(),
                };
                plane().kubectl("create", "-f", stack.write("event.json", JSON.stringify(event)));
                const result = await up;
                const text = result.errors.join("\n");
                expect(text).toContain(
                    "Deployment default/waiting is not ready, timed out after 4s",
                );
                expect(text).toContain(`pod ${pod}: phase Pending, not ready`);
                expect(text).toContain(`event FailedMount of Pod ${pod}: the disk is on holiday`);
                expect(result.shown("d").join("\n")).toMatch(/Available: 0\/1/);
            });
        },
    );

    differs("warnings of the server", "what the server warns of is shown", async () => {
        const label = "pod-security.kubernetes.io/warn";
        await withStack(
            plane(),
            `
const ns = new v1.Namespace("ns", { metadata: { labels: { "${label}": "restricted" } } }, opts);
new k8s.apps.v1.Deployment("d", {
    metadata: { namespace: ns.metadata.name },
    spec: { replicas: 0, selector: matches("a"), template: template("a") },
}, opts);`,
            async (stack) => {
                const said = (await stack.up()).warnings.join("\n");
                expect(said).toContain('would violate PodSecurity "restricted:latest"');
            },
        );
    });

    test("a service that finds no pods is ready", async () => {
        const service = `
new v1.Service("s", { spec: { selector: matches("none").matchLabels, ports: [{ port: 80 }] } }, opts);`;
        await withStack(plane(), service, async (stack) => {
            expect((await stack.up()).step("s").status).toBe("done");
        });
    });

    differs("services with pods", "a service is ready before its pods are", async () => {
        const service = `
new v1.Service("s", {
    spec: { selector: matches("late").matchLabels, ports: [{ port: 80 }] },
}, { ...opts, customTimeouts: { create: "15s" } });`;
        await withStack(plane(), service, async (stack) => {
            // A pod counts for services once it has a node and an address.
            const pod = {
                ...{ apiVersion: "v1", kind: "Pod" },
                metadata: { name: "late", labels: { app: "late" } },
                spec: { nodeName: "nowhere", containers: [{ name: "main", image: "x" }] },
            };
            plane().kubectl("create", "-f", stack.write("pod.json", JSON.stringify(pod)));
            const unready = { phase: "Running", podIP: "10.9.9.9", podIPs: [{ ip: "10.9.9.9" }] };
            plane().setPodStatus("late", unready);
            expect((await stack.up()).step("s").status).toBe("done");
        });
    });

    test("skipAwait waits for nothing", async () => {
        const annotations = '{ "pulumi.com/skipAwait": "true" }';
        await withStack(plane(), deployment(annotations), async (stack) => {
            expect((await stack.up()).step("d").status).toBe("done");
        });
    });

    test("a cancelled run keeps what it made", async () => {
        await withStack(plane(), deployment(), async (stack) => {
            const child = stack.spawn(["up", "--yes", "--skip-preview"]);
            const ended = new Promise((resolve) => child.once("exit", resolve));
            const pod = await podOf(plane(), "app=waiting");
            child.kill("SIGINT");
            await ended;
            expect((await initErrors(stack, "Deployment"))?.initErrors).toContainEqual(anyText);
            plane().setPodStatus(pod, running);
            expect((await stack.up()).step("d").op).toBe("update");
        });
    });

    test("a job is done when it has run, and has failed when it says so", async () => {
        const job = (name: string) => `
new k8s.batch.v1.Job("${name}", {
    metadata: { name: "${name}" },
    spec: { backoffLimit: 0, template: { spec: {
        restartPolicy: "Never", containers: [{ name: "main", image: "x" }],
    } } },
}, { ...opts, customTimeouts: { create: "60s" } });`;
        await withStack(plane(), job("good") + job("bad"), async (stack) => {
            const up = stack.up({ expectFailure: true, args: ["--continue-on-error"] });
            const end = async (name: string, phase: string, exitCode: number) =>
                plane().setPodStatus(await podOf(plane(), `job-name=${name}`), {
                    phase,
                    containerStatuses: [
                        {
                            ...{
                                name: "main",
                                image: "x",
                                imageID: "",
                                ready: false,
                                restartCount: 0,
                            },
                            state: { terminated: { exitCode, reason: "Error" } },
                        },
                    ],
                });
            await end("good", "Succeeded", 0);
            await end("bad", "Failed", 3);
            const result = await up;
            expect(result.step("good").status).toBe("done");
            expect(result.step("bad").status).toBe("failed");
            expect(result.errors.join("\n")).toMatch(/[Jj]ob.*(failed|Failed)/s);
        });
    });

    differs("suspended jobs", "a job that is suspended is not waited for", async () => {
        const job = `
new k8s.batch.v1.Job("later", {
    spec: { suspend: true, template: {
        spec: { restartPolicy: "Never", containers: [{ name: "main", image: "x" }] },
    } },
}, { ...opts, customTimeouts: { create: "10s" } });`;
        await withStack(plane(), job, async (stack) => {
            expect((await stack.up()).step("later").status).toBe("done");
        });
    });

    test("a claim that waits for its first consumer is not waited for", async () => {
        await withStack(
            plane(),
            `
const sc = new k8s.storage.v1.StorageClass("sc", {
    metadata: { name: "late" }, provisioner: "a.b/c", volumeBindingMode: "WaitForFirstConsumer",
}, opts);
new v1.PersistentVolumeClaim("claim", { spec: {
    storageClassName: sc.metadata.name, accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "1Gi" } },
} }, opts);`,
            async (stack) => {
                expect((await stack.up()).step("claim").status).toBe("done");
            },
        );
    });

    // skipAwait counts for the delete of what runs pods alone.
    test("an object is gone when its finalizers are, with skipAwait too", async () => {
        await withStack(
            plane(),
            `
if (!env.GONE) new v1.ConfigMap("held", {
    metadata: {
        name: "held", finalizers: ["example.com/hold"], annotations: { "pulumi.com/skipAwait": "true" },
    },
}, { ...opts, customTimeouts: { delete: "3s" } });`,
            async (stack) => {
                await stack.up();
                const env = { GONE: "1" };
                const failed = await stack.up({ env, expectFailure: true });
                expect(failed.errors.join("\n")).toMatch(
                    either("words of messages", /held/, /timed out/),
                );
                plane().kubectl(
                    "patch",
                    "cm",
                    "held",
                    "--type=merge",
                    "-p",
                    '{"metadata":{"finalizers":null}}',
                );
                expect((await stack.up({ env })).step("held").op).toBe("delete");
            },
        );
    });
});
