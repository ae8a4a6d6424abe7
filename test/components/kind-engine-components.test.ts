/** ContainerEngine, LocalRegistry and ProgramImage against mocks: what is in an engine beside clusters. */
import * as pulumi from "@pulumi/pulumi";
import { ContainerEngine } from "../../components/kind/container-engine";
import { LocalRegistry } from "../../components/kind/local-registry";
import { ProgramImage, ProgramImageArgs } from "../../components/kind/program-image";
import { binary, MockedKind } from "../support/mocked-kind";
import { known } from "../support/mocked-run";

const mocked = new MockedKind();

test("an engine that died is started again in place", async () => {
    mocked.seen = {
        ...mocked.seen,
        engine: "state=dead\n",
        probe: "absent=1\n[own-engine]\nalive=true\nincarnation=1\nfact.starts=4\n",
    };
    const engine = new ContainerEngine("own", {});
    expect(await known(engine.engine)).toEqual({ own: true });
    expect(await known(engine.dockerHost)).toBe("unix:///state/kubedev/engine/docker.sock");
    const { inputs } = mocked.run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(inputs.environment["KUBEDEV_STARTS"]).toBe("5");
    const settings = JSON.parse(inputs.environment["KUBEDEV_ENGINE_CONFIG"] ?? "") as {
        hosts: string[];
    };
    // Nothing but a socket of its own.
    expect(settings.hosts).toEqual(["unix://@DIR@/docker.sock"]);
});

test("an image of a program is named after what is in it, not after where that lies", async () => {
    const imageOf = (name: string, args: Partial<ProgramImageArgs> = {}) =>
        known(
            new ProgramImage(name, { binary: binary("f1"), repository: "localhost/tool", ...args })
                .image,
        );
    const one = await imageOf("a");
    expect(one).toMatch(/^localhost\/tool:[0-9a-f]{16}$/);
    expect(await imageOf("b", { binary: binary("f1", "/elsewhere") })).toBe(one);
    const others = [
        { binary: binary("f2") },
        { entrypoint: ["/tool", "--flag"] },
        { user: 0 },
        { caCertificates: true },
    ];
    const made = await Promise.all(others.map((args, at) => imageOf(`c${String(at)}`, args)));
    expect(new Set([one, ...made]).size).toBe(5);
    expect(mocked.commandOf("a-program")?.inputs.environment).toMatchObject({
        KUBEDEV_IMAGE_TAG: one,
        KUBEDEV_PROGRAM: "/bin/it",
        KUBEDEV_IMAGE_PROGRAM: "/tool",
        KUBEDEV_IMAGE_ENTRYPOINT: '["/tool"]',
        KUBEDEV_IMAGE_USER: "65532",
        KUBEDEV_IMAGE_CA: "false",
    });
    // Another image is an update in place.
    expect(mocked.commandOf("a-program")?.inputs.triggers).toEqual([
        { incarnation: 1 },
        { parents: [] },
    ]);
    expect(await known(new ProgramImage("My_Tool", { binary: binary("f") }).image)).toMatch(
        /^program\.kubedev\.invalid\/my-tool:/,
    );
});

test("a registry is on loopback alone; one that died is started again in place", async () => {
    mocked.seen = {
        ...mocked.seen,
        registry: "state=dead\n",
        probe: "absent=1\n[r-registry]\nalive=true\nincarnation=1\nfact.starts=2\n",
    };
    const registry = new LocalRegistry("r", { image: "registry:3", address: "127.9.9.9" });
    expect(await known(registry.address)).toBe("127.9.9.9:5000");
    const { host, container } = await known(registry.registry);
    expect([host, container]).toEqual([
        "127.9.9.9:5000",
        expect.stringMatching(/^stack-r-.*-registry$/),
    ]);
    const { inputs } = mocked.run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(inputs.environment).toMatchObject({
        KUBEDEV_REGISTRY: container,
        KUBEDEV_REGISTRY_HOST: "127.9.9.9:5000",
        KUBEDEV_REGISTRY_IMAGE: "registry:3",
        KUBEDEV_STARTS: "3",
    });
});

test("a registry's program is built where no image of it is given", async () => {
    const registry = new LocalRegistry("r", {});
    expect(await known(registry.address)).toMatch(/^127\.\d+\.\d+\.\d+:5000$/);
    await pulumi.runtime.disconnect();
    const image = mocked.commandOf("r-registry")?.inputs.environment["KUBEDEV_REGISTRY_IMAGE"];
    expect(image).toMatch(/^program\.kubedev\.invalid\/r-image:[0-9a-f]{16}$/);
    expect(mocked.commandOf("r-image-program")?.inputs.environment["KUBEDEV_IMAGE_TAG"]).toBe(
        image,
    );
});

test.each([
    [
        () =>
            new ProgramImage("x", {
                binary: binary("f"),
                repository: "a:tag",
                user: -1,
                entrypoint: ["tool"],
            }),
        /repository: got "a:tag"; expected the name of an image without a tag.*\n.*entrypoint\.0: got "tool"; expected an absolute path.*\n.*user: got -1/,
    ],
    [() => new LocalRegistry("x", { address: "0.0.0.0" }), "127.0.0.0/8: whoever reaches"],
    [() => new LocalRegistry("x", { version: "v2.8.0" }), 'expected a version, as "v3.1.2"'],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
