/** The scripts of a ClusterNode with programs that stand for kubeadm, kubectl and those of a node: what is kept, refused, and left. */
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

/** What the scripts themselves take. */
const basics = [
    "sh",
    "mkdir",
    "flock",
    "rm",
    "rmdir",
    "sed",
    "expr",
    "cat",
    "ls",
    "tr",
    "sleep",
    "date",
];

const kubeadm = `#!/bin/sh
set -eu
here=\${0%/*}
echo "$*" >>"$here/calls"
[ ! -e "$here/fail" ] || { echo 'no authority' >&2; exit 1; }
grep -q '^certificatesDir: "/' "$4" || { echo 'no certificatesDir' >&2; exit 1; }
echo "kubeconfig of $8"
`;
const kubectl = `#!/bin/sh
here=\${0%/*}
echo "$*" >>"$here/asked"
[ ! -e "$here/unreachable" ] || { echo 'connection refused' >&2; exit 1; }
case "$*" in
*nodeInfo*) cat "$here/status" ;;
*"get lease"*) cat /proc/sys/kernel/random/uuid ;;
*InternalIP*) printf 10.0.2.15 ;;
*podCIDR*) printf 172.19.0.0/24 ;;
*Ready*message*) printf 'cni plugin not initialized' ;;
esac
`;

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let things: string;
    beforeEach(() => {
        directory = scratchDirectory();
        things = path.join(directory, ".local/state/kubedev/project/stack");
        for (const [name, text] of Object.entries({ kubeadm, kubectl })) {
            put(name, text);
        }
        fs.mkdirSync(path.join(things, "c-state/pki"), { recursive: true });
        for (const file of ["pki/ca.key", "pki/ca.crt", "kubeconfig"]) {
            fs.writeFileSync(path.join(things, "c-state", file), `${file} of c\n`);
        }
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const put = (name: string, text: string) => {
        fs.writeFileSync(path.join(directory, name), text, { mode: 0o755 });
    };
    const said = (name: string) => fs.readFileSync(path.join(directory, name), "utf8");
    const values = (key: string, more: Record<string, string> = {}) => ({
        ...{ HOME: directory, KUBEDEV_SCOPE: "project/stack", KUBEDEV_KEY: key },
        ...{ KUBEDEV_INCARNATION: "7", KUBEDEV_SPEC: "spec", KUBEDEV_STATE: "../c-state" },
        KUBEDEV_KUBEADM: path.join(directory, "kubeadm"),
        KUBEDEV_KUBECTL: path.join(directory, "kubectl"),
        KUBEDEV_KUBEADM_CONFIG: "kind: ClusterConfiguration\n",
        ...{ KUBEDEV_NODE_NAME: "n", KUBEDEV_VALIDITY: "87600h0m0s" },
        ...more,
    });
    const run = (name: string, key: string, more: Record<string, string> = {}) =>
        runScript(`cluster/${name}`, values(key, more), { shell });

    describe("credentials", () => {
        const dir = () => path.join(things, "n-credentials");

        test("are made once, for their user alone, and are the same when asked again", async () => {
            const made = json(await run("node-credentials", "n-credentials"));
            expect(made).toEqual({
                kubelet: "kubeconfig of system:node:n",
                kubeProxy: "kubeconfig of system:kube-proxy",
                ca: "pki/ca.crt of c",
            });
            expect(said("calls")).toContain("--client-name system:node:n --org system:nodes");
            expect(fs.statSync(path.join(dir(), "kubelet.conf")).mode & 0o777).toBe(0o600);
            expect(json(await run("node-credentials", "n-credentials"))).toEqual(made);
            expect(said("calls").trim().split("\n")).toHaveLength(2);
            json(await run("node-credentials", "n-credentials", { KUBEDEV_SPEC: "other" }));
            expect(said("calls").trim().split("\n")).toHaveLength(4);
        });

        test.each([
            ["no kubeadm", () => fs.rmSync(path.join(directory, "kubeadm")), "binaries.kubeadm"],
            ["no keys", () => fs.rmSync(path.join(things, "c-state/pki/ca.key")), "keys of the"],
            ["kubeadm fails", () => put("fail", ""), "no authority"],
        ])("%s: it is said, and nothing is left", async (_what, spoil, expected) => {
            spoil();
            const ran = await run("node-credentials", "n-credentials");
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toContain(expected);
            expect(fs.existsSync(dir())).toBe(false);
        });

        test.each([
            ["answers", () => undefined, ""],
            ["does not answer", () => put("unreachable", ""), "kubectl delete node n"],
            ["is gone", () => fs.rmSync(path.join(things, "c-state"), { recursive: true }), ""],
        ])("are removed when the control plane %s", async (_what, spoil, expected) => {
            json(await run("node-credentials", "n-credentials"));
            spoil();
            const ran = await run("node-forget", "n-credentials");
            expect(ran).toMatchObject({ code: 0 });
            expect(ran.stderr).toContain(expected);
            expect(fs.existsSync(dir())).toBe(false);
            expect((await run("node-forget", "n-credentials")).code).toBe(0);
        });

        test.each([
            ["10.0.2.15", true],
            ["10.0.2.16", false],
        ])("the node of that name is taken out for %s: %s", async (address, expected) => {
            json(await run("node-credentials", "n-credentials"));
            const ran = await run("node-forget", "n-credentials", { KUBEDEV_ADDRESS: address });
            expect(ran.code).toBe(0);
            expect(said("asked").includes("delete node n ")).toBe(expected);
            expect(ran.stderr.includes("stays in the cluster: it is that of 10.0.2.15")).toBe(
                !expected,
            );
            expect(fs.existsSync(dir())).toBe(false);
        });
    });

    describe("readiness", () => {
        const ready = (labels: string, more: Record<string, string> = {}) =>
            run("node-ready", "n-ready", {
                ...{ KUBEDEV_KUBELET_VERSION: "v1.36.1", KUBEDEV_READY_SEC: "1" },
                KUBEDEV_LABELS: labels,
                ...more,
            });

        test("of the kubelet that runs now; labels are set, and those that were dropped taken away", async () => {
            put("status", "True v1.36.1");
            expect(json(await ready("a=1\nb=2"))).toEqual({
                ...{ kubeletVersion: "v1.36.1", internalIp: "10.0.2.15", podCidr: "172.19.0.0/24" },
            });
            expect(said("asked")).toContain("label --overwrite node n a=1 b=2\n");
            json(await ready("a=3"));
            expect(said("asked")).toContain("label --overwrite node n a=3 b-\n");
            json(await ready(""));
            expect(said("asked")).toContain("label --overwrite node n a-\n");
        });

        test.each(["True v1.36.0", "False v1.36.1", "Unknown v1.36.1"])(
            "%s is not it: the reason is told, and nothing is left",
            async (status) => {
                put("status", status);
                const ran = await ready("");
                expect(ran.code).not.toBe(0);
                expect(ran.stderr).toContain(`got "${status}": cni plugin not initialized`);
                expect(fs.existsSync(path.join(things, "n-ready"))).toBe(false);
            },
        );
    });

    describe("a host", () => {
        const program = (name: string, version: string) => {
            put(name, `#!/bin/sh\necho 'Kubernetes ${version}'\n`);
        };
        beforeEach(() => {
            fs.mkdirSync(path.join(directory, "bin"));
            // Who runs this is root, as far as the script sees.
            put("bin/id", "#!/bin/sh\ncase $1 in -u) echo 0 ;; *) echo root ;; esac\n");
            put("bin/stat", "#!/bin/sh\necho cgroup2fs\n");
            program("kubelet", "v1.36.1");
            program("kube-proxy", "v1.36.1");
        });
        const create = (more: Record<string, string> = {}) =>
            run("node-create", "n-node", {
                PATH: `${path.join(directory, "bin")}:${process.env.PATH ?? ""}`,
                KUBEDEV_KUBELET: path.join(directory, "kubelet"),
                KUBEDEV_KUBE_PROXY: path.join(directory, "kube-proxy"),
                ...{ KUBEDEV_KUBELET_CONF: "a", KUBEDEV_KUBE_PROXY_CONF: "b", KUBEDEV_CA: "c" },
                ...{ KUBEDEV_APISERVER_VERSION: "v1.36.1", KUBEDEV_PROXY_MODE: "nftables" },
                ...{ KUBEDEV_CGROUP_DRIVER: "cgroupfs", KUBEDEV_CGROUP_V1: "false" },
                ...more,
            });

        test.each<[string, () => void, Record<string, string>, string]>([
            [
                "no kubelet",
                () => fs.rmSync(path.join(directory, "kubelet")),
                {},
                "binaries.kubelet",
            ],
            ["a newer kubelet", () => program("kubelet", "v1.37.0"), {}, "got kubelet v1.37.0"],
            ["a much older proxy", () => program("kube-proxy", "v1.32.9"), {}, "got kube-proxy v1"],
            [
                "cgroup v1",
                () => put("bin/stat", "#!/bin/sh\necho tmpfs\n"),
                {},
                "with which a kubelet v1.36.1 does not start; expected cgroup v2",
            ],
            [
                "not root",
                () => put("bin/id", "#!/bin/sh\ncase $1 in -u) echo 1 ;; *) echo u ;; esac\n"),
                {},
                "got the user u; expected root",
            ],
            ["no packages", () => undefined, { PATH: "basics" }, "apt-get install"],
        ])(
            "with %s is refused before anything is touched",
            async (_what, spoil, more, expected) => {
                spoil();
                const ran = await create(
                    "PATH" in more
                        ? { PATH: `${path.join(directory, "bin")}:${onlyBasics()}` }
                        : more,
                );
                expect(ran.code).not.toBe(0);
                expect(ran.stderr).toContain(expected);
                expect(fs.existsSync(path.join(things, "n-node"))).toBe(false);
            },
        );

        /** A PATH with none of a node's programs. */
        function onlyBasics(): string {
            const dir = path.join(directory, "basics");
            fs.mkdirSync(dir);
            for (const name of [shell, ...basics]) {
                const file = ["/usr/bin", "/bin"]
                    .map((at) => path.join(at, name))
                    .find(fs.existsSync);
                fs.symlinkSync(file ?? "", path.join(dir, name));
            }
            return dir;
        }

        test.each([
            ["v1.34.2", "false"],
            ["v1.36.1", "true"],
        ])(
            "with cgroup v1 takes a kubelet %s when allowCgroupV1 is %s",
            async (version, allowed) => {
                put("bin/stat", "#!/bin/sh\necho tmpfs\n");
                program("kubelet", version);
                const ran = await create({
                    KUBEDEV_CGROUP_V1: allowed,
                    PATH: `${path.join(directory, "bin")}:${onlyBasics()}`,
                });
                // It comes as far as the packages.
                expect(ran.stderr).toContain("expected the packages containerd runc");
            },
        );
    });
});
