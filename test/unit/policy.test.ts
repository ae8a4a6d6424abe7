/** The checks of the policy: what each refuses, and what it lets through. */
import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import {
    Check,
    DeclaredResource,
    machinesWithoutExpiry,
    openRanges,
    unpinnedImages,
    violations,
} from "../../policy";
import { knownValues, typesIn } from "../../policy/resource";

const of = (type: string, inputs: object, ...parentTypes: string[]): DeclaredResource => ({
    ...{ type, name: "it", parentTypes },
    inputs: inputs as Record<string, unknown>,
});
const pathsOf = (found: { path: string }[]) => found.map(({ path }) => path);

const inbound = { access: "Allow", direction: "Inbound" };
const group = (...rules: object[]) =>
    of("azure-native:network/v20240501:NetworkSecurityGroup", { securityRules: rules });
const service = (spec: object) => of("kubernetes:core/v1:Service", { spec });

test.each<[string, DeclaredResource, string[]]>([
    [
        "a network for one address",
        of("kubedev:index:AgentNetwork", { allowedCidrs: ["203.0.113.7/32"] }),
        [],
    ],
    [
        "a network for all",
        of("kubedev:index:AgentNetwork", {
            allowedCidrs: ["203.0.113.7/32", "::/0"],
            openToInternet: true,
        }),
        ["openToInternet", "allowedCidrs"],
    ],
    ["a network whose ranges are not known", of("kubedev:index:AgentNetwork", {}), []],
    [
        "a rule by tag",
        group({ ...inbound, sourceAddressPrefix: "Internet" }),
        ["securityRules[0].sourceAddressPrefix"],
    ],
    [
        "the second rule, by a list",
        group(
            { ...inbound, sourceAddressPrefix: "10.0.0.0/8" },
            { ...inbound, sourceAddressPrefixes: ["10.0.0.0/8", "0.0.0.0/1"] },
        ),
        ["securityRules[1].sourceAddressPrefixes"],
    ],
    [
        "what is denied, and the way out",
        group(
            { ...inbound, access: "Deny", sourceAddressPrefix: "*" },
            { ...inbound, direction: "Outbound", sourceAddressPrefix: "*" },
        ),
        [],
    ],
    [
        "a rule of its own",
        of("azure-native:network:SecurityRule", { ...inbound, sourceAddressPrefix: "*" }),
        ["sourceAddressPrefix"],
    ],
    ["a service within", service({ type: "ClusterIP" }), []],
    [
        "a load balancer for all",
        service({ type: "LoadBalancer" }),
        ["spec.loadBalancerSourceRanges"],
    ],
    [
        "a load balancer for few",
        service({ type: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] }),
        [],
    ],
])("open ranges: %s", (_name, resource, paths) => {
    expect(pathsOf(openRanges(resource))).toEqual(paths);
});

test.each([
    ...[
        "*",
        "Any",
        "internet",
        "0.0.0.0/0",
        " 0.0.0.0/0",
        "203.0.113.7/0",
        "::/0",
        "2001:db8::1/3",
    ],
    ...["10.0.0.0/x", "10.0.0.0-10.0.0.9"],
])("open: %j", (range) => {
    const rule = { access: "allow", direction: "inbound", sourceAddressPrefix: range };
    expect(openRanges(group(rule))).toHaveLength(1);
});

test.each([
    "203.0.113.7",
    "203.0.113.7/32",
    "10.0.0.1/8",
    "VirtualNetwork",
    "AzureCloud.west",
    "fd00::/32",
])("not open: %j", (range) => {
    expect(openRanges(group({ ...inbound, sourceAddressPrefix: range }))).toEqual([]);
});

test("a patch of a service is one", () => {
    const spec = { type: "LoadBalancer" };
    expect(openRanges(of("kubernetes:core/v1:ServicePatch", { spec }))).toHaveLength(1);
});

const today = new Date("2026-11-29T23:00:00Z");
const agent = (inputs: object) => of("kubedev:index:LinuxAgent", inputs);
const machine = (inputs: object, ...parents: string[]) =>
    of("azure-native:compute:VirtualMachine", inputs, ...parents);

test.each<[string, DeclaredResource, string[]]>([
    ["an agent with its shutdown", agent({}), []],
    ["an agent without", agent({ autoShutdown: false }), ["autoShutdown"]],
    [
        "an agent with a last day",
        agent({ autoShutdown: false, tags: { expires: "2026-11-29" } }),
        [],
    ],
    ["an agent whose day is over", agent({ tags: { expires: "2026-11-28" } }), ["tags.expires"]],
    ["another machine", machine({}), ["tags.expires"]],
    ["another machine with a last day", machine({ tags: { expires: "2027-01-31" } }), []],
    ["no day", machine({ tags: { expires: "soon" } }), ["tags.expires"]],
    ["no such day", machine({ tags: { expires: "2027-02-31" } }), ["tags.expires"]],
    ["what an agent is made of", machine({}, "kubedev:index:WindowsAgent"), []],
    ["another thing", of("kubedev:index:VirtualMachine", {}), []],
    [
        "an agent with the last day of its network",
        agent({ autoShutdown: false, network: { tags: { expires: "2027-01-31" } } }),
        [],
    ],
    [
        "an agent of a network whose day is over",
        agent({ network: { tags: { expires: "2026-11-28" } } }),
        ["tags.expires"],
    ],
])("machines without expiry: %s", (_name, resource, paths) => {
    expect(pathsOf(machinesWithoutExpiry(resource, today))).toEqual(paths);
});

const digest = `@sha256:${"0".repeat(64)}`;
const deployment = (...containers: object[]) =>
    of("kubernetes:apps/v1:Deployment", { spec: { template: { spec: { containers } } } });

test.each<[string, DeclaredResource, string[]]>([
    ["pinned", deployment({ image: `a${digest}` }, { image: `a:1${digest}` }), []],
    ["a tag", deployment({ image: "a:1" }), ["spec.template.spec.containers[0].image"]],
    ["loaded, never pulled", deployment({ image: "a:1", imagePullPolicy: "Never" }), []],
    ["not known yet", deployment({}), []],
    [
        "a volume",
        of("kubernetes:core/v1:Pod", { spec: { volumes: [{ image: { reference: "a:1" } }, {}] } }),
        ["spec.volumes[0].image.reference"],
    ],
    [
        "in a list, and before the others",
        of("kubernetes:x/v1:Own", { pods: [{ initContainers: [{ image: "a" }] }] }),
        ["pods[0].initContainers[0].image"],
    ],
    ["a field of that name elsewhere", of("aws:x:Y", { containers: [{ image: "a" }] }), []],
    ["an agent's default", agent({}), ["image.version"]],
    ["an agent's version", agent({ image: { version: "1.2.3" } }), []],
    [
        "a machine's",
        machine({ storageProfile: { imageReference: { version: "latest" } } }),
        ["storageProfile.imageReference.version"],
    ],
    ["a machine's version", machine({ storageProfile: { imageReference: { version: "1" } } }), []],
    [
        "what an agent is made of",
        machine(
            { storageProfile: { imageReference: { version: "latest" } } },
            "kubedev:index:LinuxAgent",
        ),
        [],
    ],
])("unpinned images: %s", (_name, resource, paths) => {
    expect(pathsOf(unpinnedImages(resource))).toEqual(paths);
});

test.each<[string, DeclaredResource]>([
    [
        "an address of a load balancer",
        service({ type: "LoadBalancer", loadBalancerSourceRanges: [] }),
    ],
    ["the day of a machine", machine({ tags: {} })],
    ["the tags of an agent", agent({ autoShutdown: false })],
    ["the image of an agent", agent({})],
])("of what is not known yet nothing is said: %s", (_name, resource) => {
    const found = [
        ...openRanges(resource),
        ...machinesWithoutExpiry(resource, today),
        ...unpinnedImages(resource),
    ];
    expect(found).not.toEqual([]);
    const unknownPaths = ["spec.loadBalancerSourceRanges[0]", "tags.expires", "image"];
    expect(violations({ ...resource, unknownPaths })).toEqual([]);
});

test("checks are chosen, and exceptions are of one check and one resource", () => {
    const resource = agent({ autoShutdown: false });
    const checks = (args: object) => violations(resource, args).map(({ check }) => check);
    expect(checks({})).toEqual([Check.MachinesWithoutExpiry, Check.UnpinnedImages]);
    expect(checks({ checks: [Check.UnpinnedImages] })).toEqual([Check.UnpinnedImages]);
    const exception = { check: Check.UnpinnedImages, name: "it", reason: "a trial" };
    expect(checks({ exceptions: [exception] })).toEqual([Check.MachinesWithoutExpiry]);
    expect(checks({ exceptions: [{ ...exception, name: "other" }] })).toHaveLength(2);
    const also = () => [{ path: "x", reason: "y" }];
    expect(violations(resource, { checks: [], also })).toEqual([
        { path: "x", reason: "y", check: "also" },
    ]);
});

test("of any inputs: a check neither fails nor changes them", () => {
    const kinds = [
        "kubernetes:a/v1:B",
        "kubedev:index:AgentNetwork",
        "azure-native:network:SecurityRule",
    ];
    fc.assert(
        fc.property(fc.constantFrom(...kinds), fc.object(), (type, inputs) => {
            const before = JSON.stringify(inputs);
            violations(of(type, inputs));
            expect(JSON.stringify(inputs)).toBe(before);
        }),
    );
});

test("values of outputs are found, deep inside and secret ones, too; what is unknown is not there", async () => {
    const unknown = pulumi.output(Promise.resolve(pulumi.unknown));
    const value = {
        a: [pulumi.output({ b: pulumi.secret("s") })],
        c: Promise.resolve(1),
        d: unknown,
    };
    const unknownPaths: string[] = [];
    expect(await knownValues(value, unknownPaths)).toEqual({
        ...{ a: [{ b: "s" }], c: 1, d: undefined },
    });
    expect(unknownPaths).toEqual(["d"]);
});

test("types along a URN", () => {
    const urn =
        "urn:pulumi:stack::project::kubedev:index:LinuxAgent$azure-native:compute:VirtualMachine::a::b";
    expect(typesIn(urn)).toEqual([
        "kubedev:index:LinuxAgent",
        "azure-native:compute:VirtualMachine",
    ]);
    expect(typesIn("urn:pulumi:stack::project::pulumi:pulumi:Stack::project-stack")).toEqual([]);
    expect(typesIn("")).toEqual([]);
});
