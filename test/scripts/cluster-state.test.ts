/** scripts/cluster/state-create.sh with programs that stand for kubeadm and kubectl: what it makes once, keeps and clears. */
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells, startScript } from "../support/script-process";

/** Makes what kubeadm's phases make, each time another text; the file `fail` names the phase that fails. */
const kubeadm = `#!/bin/sh
set -eu
here=\${0%/*}
echo "$*" >>"$here/calls"
[ "$(cat "$here/fail" 2>/dev/null)" != "$4" ] || { echo "no luck with $4" >&2; exit 1; }
[ ! -e "$here/hang" ] || [ "$4" != scheduler ] || { : >"$here/hangs"; exec sleep 600; }
case $3 in
certs)
    config=$6
    pki=$(sed -n 's/^certificatesDir: "\\(.*\\)"$/\\1/p' "$config")
    mkdir -p "$pki/etcd"
    for name in ca.key ca.crt etcd/ca.key; do cat /proc/sys/kernel/random/uuid >"$pki/$name"; done
    chmod 644 "$pki/ca.crt"
    ;;
kubeconfig)
    [ -f "$6/pki/ca.key" ] || { echo 'no authority' >&2; exit 1; }
    printf 'kind: Config # %s\\nserver: elsewhere\\n' "$4" >"$6/$4.conf"
    ;;
esac
`;
const kubectl = `#!/bin/sh
set -eu
server=\${4#--server=}
sed -i "s|elsewhere|$server|" "$6"
`;

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let dir: string;
    beforeEach(() => {
        directory = scratchDirectory();
        dir = path.join(directory, ".local/state/kubedev/project/stack/c-state");
        for (const [name, text] of Object.entries({ kubeadm, kubectl })) {
            fs.writeFileSync(path.join(directory, name), text, { mode: 0o755 });
        }
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const values = (more: Record<string, string> = {}) => ({
        HOME: directory,
        KUBEDEV_SCOPE: "project/stack",
        KUBEDEV_KEY: "c-state",
        KUBEDEV_INCARNATION: "7",
        KUBEDEV_SPEC: "spec",
        KUBEDEV_KUBEADM: path.join(directory, "kubeadm"),
        KUBEDEV_KUBECTL: path.join(directory, "kubectl"),
        KUBEDEV_KUBEADM_CONFIG: "kind: ClusterConfiguration\n",
        KUBEDEV_AUTHENTICATION: "kind: AuthenticationConfiguration\n",
        KUBEDEV_CLUSTER: "c",
        KUBEDEV_SERVER: "https://127.9.9.9:6443",
        KUBEDEV_SERVICE_CIDR: "10.100.0.0/24",
        ...more,
    });
    const create = (more: Record<string, string> = {}) =>
        runScript("cluster/state-create", values(more), { shell });
    const read = (name: string) => fs.readFileSync(path.join(dir, name), "utf8");
    const calls = () =>
        fs.readFileSync(path.join(directory, "calls"), "utf8").split("\n").length - 1;

    test("makes keys and kubeconfigs for their user alone, and does nothing when asked again", async () => {
        expect(json(await create())).toEqual({
            kubeconfigPath: path.join(dir, "kubeconfig"),
            kubeconfig: "kind: Config # super-admin\nserver: https://127.9.9.9:6443",
            id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        });
        expect(fs.readdirSync(dir).sort()).toEqual([
            ...["authentication.yaml", "controller-manager.conf", "etcd", "kubeconfig", "lock"],
            ...["pki", "record", "scheduler.conf"],
        ]);
        expect(fs.statSync(path.join(dir, "pki/ca.crt")).mode & 0o777).toBe(0o600);
        expect(fs.statSync(path.join(dir, "kubeconfig")).mode & 0o777).toBe(0o600);
        const before = read("pki/ca.key");
        fs.writeFileSync(path.join(dir, "etcd/db"), "data");
        const made = calls();
        json(await create());
        expect([read("pki/ca.key"), read("etcd/db"), calls()]).toEqual([before, "data", made]);
    });

    test("another AuthenticationConfiguration is written, and a kubeconfig that is gone made again, of the same authority", async () => {
        json(await create());
        const before = read("pki/ca.key");
        fs.writeFileSync(path.join(dir, "etcd/db"), "data");
        fs.rmSync(path.join(dir, "scheduler.conf"));
        json(await create({ KUBEDEV_AUTHENTICATION: "another\n" }));
        expect(read("authentication.yaml")).toBe("another\n");
        expect(read("scheduler.conf")).toContain("# scheduler\nserver: https://127.9.9.9:6443");
        expect([read("pki/ca.key"), read("etcd/db")]).toEqual([before, "data"]);
    });

    test("of a machine that was started anew it is the same cluster", async () => {
        json(await create());
        const before = read("pki/ca.key");
        fs.writeFileSync(path.join(dir, "etcd/db"), "data");
        const id = async (more: Record<string, string>) =>
            (
                json(
                    await create({ KUBEDEV_SPEC: "other", KUBEDEV_INCARNATION: "8", ...more }),
                ) as { id: string }
            ).id;
        const same = await id({});
        expect([read("pki/ca.key"), read("etcd/db")]).toEqual([before, "data"]);
        expect(read("record")).toContain("incarnation=8\nspec=other\n");
        expect(read("record")).toContain(`fact.id=${same}\n`);
        expect(await id({ KUBEDEV_SPEC: "a", KUBEDEV_SERVER: "https://127.9.9.9:7443" })).not.toBe(
            same,
        );
    });

    test.each<[string, Record<string, string>, string | undefined]>([
        ["one of which nothing is said", { KUBEDEV_SERVICE_CIDR: "" }, undefined],
        ["another endpoint", { KUBEDEV_SERVER: "https://127.9.9.9:7443" }, undefined],
        ["another range of Services", { KUBEDEV_SERVICE_CIDR: "10.101.0.0/24" }, undefined],
        ["one whose keys were removed", {}, "pki"],
        ["one whose data was removed", {}, "etcd"],
    ])("%s: other keys, and no data", async (_what, more, removed) => {
        json(await create());
        const before = read("pki/ca.key");
        fs.writeFileSync(path.join(dir, "etcd/db"), "data");
        if (removed !== undefined) fs.rmSync(path.join(dir, removed), { recursive: true });
        json(await create({ KUBEDEV_SPEC: "other", ...more }));
        expect(read("pki/ca.key")).not.toBe(before);
        expect(fs.readdirSync(path.join(dir, "etcd"))).toEqual([]);
    });

    test.each(["all", "controller-manager"])(
        "phase %s fails: what it said, and nothing is left",
        async (phase) => {
            fs.writeFileSync(path.join(directory, "fail"), phase);
            const ran = await create();
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toContain(`no luck with ${phase}`);
            expect(ran.stderr).toContain("kubeadm init phase");
            expect(fs.existsSync(dir)).toBe(false);
        },
    );

    test("without kubeadm it says which argument has it", async () => {
        const ran = await create({ KUBEDEV_KUBEADM: "/nowhere/kubeadm" });
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain(
            "no program /nowhere/kubeadm on this host; expected binaries.kubeadm",
        );
        expect(fs.existsSync(dir)).toBe(false);
    });

    test("killed in the middle: the next run begins anew", async () => {
        fs.writeFileSync(path.join(directory, "hang"), "");
        const { child, ended } = startScript("cluster/state-create", values(), { shell });
        child.stdin.end();
        while (!fs.existsSync(path.join(directory, "hangs"))) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const kubeadmPid = fs
            .readFileSync(`/proc/${String(child.pid)}/task/${String(child.pid)}/children`, "utf8")
            .trim();
        child.kill("SIGKILL");
        process.kill(Number(kubeadmPid), "SIGKILL");
        await ended;
        expect(fs.existsSync(path.join(dir, "new"))).toBe(true);
        fs.rmSync(path.join(directory, "hang"));
        json(await create());
        expect(fs.existsSync(path.join(dir, "new"))).toBe(false);
        expect(read("scheduler.conf")).toContain("server: https://127.9.9.9:6443");
    });
});
