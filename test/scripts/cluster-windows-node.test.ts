/** The scripts of this machine for a WindowsNode with a program that stands for kubectl: what is kept, said, and left. */
import * as fs from "node:fs";
import * as path from "node:path";
import { until } from "../support/host-state";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

const kubectl = `#!/bin/sh
here=\${0%/*}
echo "$*" >>"$here/asked"
[ ! -e "$here/unreachable" ] || { echo 'connection refused' >&2; exit 1; }
case "$*" in
*/version) printf '{"gitVersion": "v1.36.1"}' ;;
*"get configmap"*) [ ! -e "$here/no $6" ] || { echo "no $6" >&2; exit 1; }; printf 'text of "%s"' "$6" ;;
*"get secret"*) [ -e "$here/expired" ] || printf found ;;
*"get lease"*) [ ! -e "$here/renewing" ] || cat /proc/sys/kernel/random/uuid ;;
*nodeInfo*) cat "$here/version" ;;
*"get node"*) [ ! -e "$here/node" ] || cat "$here/node" ;;
*apply*) cat >"$here/applied" ;;
esac
`;

describe.each(shells)("%s", (shell) => {
    let directory: string;
    beforeEach(() => {
        directory = scratchDirectory();
        put("kubectl", kubectl);
        put("kubeconfig", "");
        put("version", "v1.36.1");
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });
    const put = (name: string, text: string) => {
        fs.writeFileSync(path.join(directory, name), text, { mode: 0o755 });
    };
    const said = (name: string) => fs.readFileSync(path.join(directory, name), "utf8");
    const dir = () => path.join(directory, ".local/state/kubedev/project/stack/n");
    const run = (name: string, more: Record<string, string> = {}) =>
        runScript(
            `cluster/windows-node-${name}`,
            {
                ...{ HOME: directory, KUBEDEV_SCOPE: "project/stack", KUBEDEV_KEY: "n" },
                ...{ KUBEDEV_INCARNATION: "1", KUBEDEV_SPEC: "spec", KUBEDEV_NODE_NAME: "win" },
                KUBEDEV_KUBECTL: path.join(directory, "kubectl"),
                KUBEDEV_KUBECONFIG: path.join(directory, "kubeconfig"),
                ...{ KUBEDEV_READY: "true", KUBEDEV_READY_SEC: "1", KUBEDEV_RUNNING: "true" },
                KUBEDEV_AFTER: "",
                ...more,
            },
            { shell },
        );

    test("one token until the cluster forgets it, for its user alone, and in no argument", async () => {
        const admitted = async () => json(await run("admit")) as Record<string, string>;
        const made = await admitted();
        expect(made).toMatchObject({
            token: expect.stringMatching(/^[a-z0-9]{6}\.[a-z0-9]{16}$/) as unknown,
            version: '{"gitVersion": "v1.36.1"}',
            configuration: 'text of "kubeadm-config"',
            network: 'text of "kube-flannel-cfg"',
        });
        const { items } = JSON.parse(said("applied")) as { items: Record<string, unknown>[] };
        expect(items.map(({ kind }) => kind)).toEqual(["Secret", "ClusterRoleBinding"]);
        expect(said("asked")).not.toContain((made["token"] ?? "").split(".")[1]);
        expect(fs.statSync(path.join(dir(), "token")).mode & 0o777).toBe(0o600);
        // Its own node is no other's.
        put("node", "win");
        expect((await admitted())["token"]).toBe(made["token"]);
        put("expired", "");
        expect((await admitted())["token"]).not.toBe(made["token"]);
    });

    test.each([
        ["no kubectl", () => fs.rmSync(path.join(directory, "kubectl")), "argument kubectlPath"],
        [
            "no kubeconfig",
            () => fs.rmSync(path.join(directory, "kubeconfig")),
            "of an administrator",
        ],
        ["no cluster", () => put("unreachable", ""), "does not answer; expected one that this"],
        [
            "none of kubeadm's",
            () => put("no kubeadm-config", ""),
            "expected a cluster that kubeadm",
        ],
        ["no flannel", () => put("no kube-flannel-cfg", ""), "expected the network add-on flannel"],
        ["another node", () => put("node", "win"), "the cluster has a node win already"],
    ])("%s: it is said, and nothing is left", async (_what, spoil, expected) => {
        spoil();
        const ran = await run("admit");
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain(expected);
        expect(fs.existsSync(dir())).toBe(false);
        expect(fs.existsSync(path.join(directory, "applied"))).toBe(false);
    });

    test("a node without a range, or that is not Ready, is waited for in vain", async () => {
        put("renewing", "");
        put("node", " False 12:00");
        const registered = await run("await", { KUBEDEV_READY: "false" });
        expect(registered.stderr).toContain('got range and readiness " False" after 1 s');
        put("node", "10.244.3.0/24 False 12:00");
        expect((await run("await", { KUBEDEV_READY: "false" })).code).toBe(0);
        expect((await run("await")).stderr).toContain("expected a range for its pods and True");
        expect((await run("await", { KUBEDEV_RUNNING: "false" })).code).toBe(0);
    });

    test("it is Ready by what was reported after its programs were made, not before", async () => {
        const after = (ids: string, more: Record<string, string> = {}) =>
            run("await", { KUBEDEV_AFTER: ids, KUBEDEV_READY_SEC: "60", ...more });
        const inVain = async (ids: string, more: Record<string, string> = {}) => {
            const ran = await after(ids, { KUBEDEV_READY_SEC: "1", ...more });
            expect(ran.code).not.toBe(0);
            return ran.stderr;
        };
        put("node", "10.244.3.0/24 True 12:00");
        expect(await inVain("a")).toContain(
            '24 True", and no new report of its kubelet, after 1 s',
        );
        expect(fs.existsSync(dir())).toBe(false);
        // Another report, with another version.
        const before = said("asked").length;
        const running = after("a");
        await until(() => said("asked").slice(before).includes("get lease"), "the first look");
        put("version", "v1.36.2");
        put("node", "10.244.3.0/24 True 12:01");
        expect(json(await running)).toMatchObject({ kubeletVersion: "v1.36.2" });
        // For no other program it is the kubelet of before, for another one a report or a lease that is renewed.
        json(await after("a"));
        await inVain("b");
        await inVain("a", { KUBEDEV_SPEC: "other" });
        put("renewing", "");
        json(await after("b"));
        fs.rmSync(path.join(directory, "renewing"));
        json(await after("b"));
        json(await after("b", { KUBEDEV_RUNNING: "false" }));
        await inVain("b");
    });

    test("it is emptied before it is taken out; a cluster that is gone is no reason to fail", async () => {
        put("renewing", "");
        put("node", "10.244.3.0/24 True 12:00");
        json(await run("await", { KUBEDEV_READY_SEC: "60" }));
        expect(await run("leave")).toMatchObject({ code: 0 });
        const asked = said("asked");
        expect(asked.indexOf("drain win")).toBeLessThan(asked.indexOf("delete node win"));
        expect(fs.existsSync(dir())).toBe(false);
        fs.rmSync(path.join(directory, "node"));
        json(await run("admit"));
        put("unreachable", "");
        const ran = await run("dismiss");
        expect(ran).toMatchObject({ code: 0 });
        expect(ran.stderr).toContain("kubectl delete node win");
        expect(fs.existsSync(dir())).toBe(false);
        for (const name of ["leave", "dismiss"]) {
            expect((await run(name)).code).toBe(0);
        }
    });
});
