/** Pure functions of DebugSession: what clients are given, what a service under delve is, what commands get profiles. */
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { profileCommands } from "../../components/cluster/profile-commands";
import { verbosityCommands } from "../../components/cluster/verbosity-commands";
import { defaultPorts } from "../../components/cluster/cluster-rules";
import { placeOf, presetPrograms, presetsOf } from "../../components/debug/breakpoints";
import {
    connectCommand,
    golandRun,
    initScript,
    launchJson,
    nvimDap,
    tunnelCommand,
} from "../../components/debug/client-settings";
import { sessionProblems, sessionRules } from "../../components/debug/session-rules";
import {
    delveAttachArgv,
    delveExecArgv,
    delveHealthText,
    delveServerRule,
    underDelve,
} from "../../components/host/under-delve";

const place = {
    ...{ name: "kcm", address: "127.1.2.3", port: 38697 },
    sourcePaths: { "/build/k8s": "/home/me/my k8s" },
};
const server = {
    ...{ delvePath: "/d/dlv", binaryPath: "/b/kube-controller-manager" },
    ...{ address: "127.1.2.3", port: 38697 },
};

test("delve lets the program run, takes many clients, and listens on loopback", () => {
    expect(delveExecArgv(server, ["--leader-elect=false"])).toEqual([
        ...["/d/dlv", "exec", "/b/kube-controller-manager", "--headless", "--continue"],
        ...["--accept-multiclient", "--api-version=2", "--listen=127.1.2.3:38697"],
        ...["--", "--leader-elect=false"],
    ]);
    expect(delveAttachArgv(server, 42)).toEqual([
        ...["/d/dlv", "attach", "42", "--headless", "--continue"],
        ...["--accept-multiclient", "--api-version=2", "--listen=127.1.2.3:38697"],
    ]);
});

test.each(["0.0.0.0", "10.0.0.1", "::1", "localhost", "128.0.0.1"])(
    "%s is no address for a debugger",
    (address) => {
        expect(delveServerRule.safeParse({ ...server, address }).success).toBe(false);
        const { error } = sessionRules.address.safeParse(address);
        expect(error?.issues[0]?.message).toContain("an ssh tunnel leads there");
    },
);

test("the text of a service has the arguments as they are given", () => {
    fc.assert(
        fc.property(fc.array(fc.string().filter((text) => !/\0/.test(text))), (args) => {
            const text = underDelve(delveExecArgv(server, args));
            const [line = ""] = text.split("\nattached=''\n");
            const words = execFileSync("sh", ["-c", `${line}\nprintf '%s\\0' "$@"`]).toString();
            expect(words.split("\0").slice(0, -1)).toEqual(delveExecArgv(server, args));
        }),
        { numRuns: 30 },
    );
    expect(underDelve(delveAttachArgv(server, 42), 42)).toContain("\nattached=42\n");
});

test("the health check is one that bash can read", () => {
    const line = delveHealthText(server).replace(/^timeout 5 bash -c /, "printf '%s' ");
    const text = execFileSync("sh", ["-c", line])
        .toString()
        .replace(/127\.1\.2\.338697$/, "");
    execFileSync("bash", ["-n", "-c", text]);
    expect(text).toContain("RPCServer.State");
});

test("clients get the address, the port and where the sources are", () => {
    expect(connectCommand("/d/dlv", place)).toBe("/d/dlv connect 127.1.2.3:38697");
    expect(tunnelCommand("ssh -p 2222 root@10.0.0.2", place)).toBe(
        "ssh -p 2222 root@10.0.0.2 -N -L 127.1.2.3:38697:127.1.2.3:38697",
    );
    expect(initScript(place, ["main.main"])).toBe(
        'config substitute-path /build/k8s "/home/me/my k8s"\nbreak main.main\n',
    );
    expect(JSON.parse(launchJson(place))).toEqual({
        version: "0.2.0",
        configurations: [
            {
                ...{ name: "kcm", type: "go", request: "attach", mode: "remote" },
                ...{ debugAdapter: "dlv-dap", host: "127.1.2.3", port: 38697 },
                substitutePath: [{ from: "/home/me/my k8s", to: "/build/k8s" }],
            },
        ],
    });
    expect(launchJson({ ...place, sourcePaths: {} })).not.toContain("substitutePath");
    expect(nvimDap(place)).toBe(`local dap = require("dap")
dap.adapters["kcm"] = { type = "server", host = "127.1.2.3", port = 38697 }
dap.configurations.go = dap.configurations.go or {}
table.insert(dap.configurations.go, {
    type = "kcm",
    name = "kcm",
    request = "attach",
    mode = "remote",
    substitutePath = {
        { from = "/home/me/my k8s", to = "/build/k8s" },
    },
})
`);
    expect(golandRun({ ...place, name: 'a "b" & <c>' })).toContain(
        'name="a &quot;b&quot; &amp; &lt;c&gt;" type="GoRemoteDebugConfigurationType" factoryName="Go Remote" host="127.1.2.3" port="38697"',
    );
});

test("presets are by the name of the program's file, and anything else is a place", () => {
    expect(presetPrograms).toEqual([
        ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"],
        ...["kubelet", "kube-proxy"],
    ]);
    expect(placeOf("/any/kubelet", "syncPod")).toBe(
        "k8s.io/kubernetes/pkg/kubelet.(*Kubelet).SyncPod",
    );
    expect(placeOf("/any/kubelet", "main.go:12")).toBe("main.go:12");
    expect(presetsOf("/any/etcd")).toEqual({});
});

test("profiles are asked for at the program itself, and written to a file each", () => {
    const commands = profileCommands("/b/kubectl --kubeconfig /s/kubeconfig", {
        address: "127.1.2.3",
        ports: defaultPorts,
    });
    expect(Object.keys(commands)).toEqual([
        ...["kubeApiserver", "kubeControllerManager", "kubeScheduler"],
    ]);
    expect(commands["kubeApiserver"]?.heap).toBe(
        "/b/kubectl --kubeconfig /s/kubeconfig get --raw /debug/pprof/heap > kube-apiserver-heap.pprof",
    );
    expect(commands["kubeScheduler"]?.cpu).toBe(
        "/b/kubectl --kubeconfig /s/kubeconfig --server=https://127.1.2.3:10259 --insecure-skip-tls-verify get --raw '/debug/pprof/profile?seconds=30' > kube-scheduler-cpu.pprof",
    );
});

test("how much a program says is raised and restored at the program itself", () => {
    const commands = verbosityCommands(
        "/b/kubectl --kubeconfig /s/kubeconfig",
        { address: "127.1.2.3", ports: defaultPorts },
        { kubeScheduler: 2 },
    );
    const set = "replace --raw /debug/flags/v -f -";
    const itself = "--server=https://127.1.2.3:10259 --insecure-skip-tls-verify ";
    expect(commands["kubeScheduler"]).toEqual({
        raise: `printf 6 | /b/kubectl --kubeconfig /s/kubeconfig ${itself}${set}`,
        restore: `printf 2 | /b/kubectl --kubeconfig /s/kubeconfig ${itself}${set}`,
    });
    expect(commands["kubeApiserver"]?.restore).toBe(
        `printf 0 | /b/kubectl --kubeconfig /s/kubeconfig ${set}`,
    );
});

test.each([
    [{}, ["binary"]],
    [{ binary: "/b" }, []],
    [{ binary: "/b", arguments: [] }, []],
    [{ binary: "/b", arguments: [], environment: {}, healthCheck: {}, parentIds: [] }, []],
    [{ processId: 1, parentIds: [] }, []],
    [{ processId: 1, arguments: [] }, ["arguments"]],
    [{ processName: "kubelet", parentIds: [], healthCheck: {} }, []],
    [{ processName: "kubelet", processId: 1, binary: "/b" }, ["processId", "binary"]],
    [{ processName: "kubelet", arguments: [] }, ["arguments"]],
    [{ processId: 1, environment: {} }, ["environment"]],
    [{ binary: "/b", workingDirectory: "/", healthCheck: {} }, ["workingDirectory", "healthCheck"]],
])("%j: wrong together are %j", (args, wrong) => {
    expect(sessionProblems(args).map(({ propertyPath }) => propertyPath)).toEqual(wrong);
});
