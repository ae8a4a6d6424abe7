/** scripts/cluster/kubeadm-keys.sh with a program that stands for kubeadm: what it makes once, keeps and clears. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

/** Makes what kubeadm's phases make, each time another text; the file `fail` names the phase that fails. */
const kubeadm = `#!/bin/sh
set -eu
here=\${0%/*}
echo "$*" >>"$here/calls"
case "$*" in *"$(cat "$here/fail" 2>/dev/null || echo nothing)"*) echo "no luck with $*" >&2; exit 1 ;; esac
text() { cat /proc/sys/kernel/random/uuid; }
pki() { sed -n 's/^certificatesDir: "\\(.*\\)"$/\\1/p' "$1"; }
case "$*" in
"init phase certs all "*)
    mkdir -p "$(pki "$6")/etcd"
    for name in ca front-proxy-ca sa apiserver etcd/ca etcd/server; do
        text >"$(pki "$6")/$name.key"
        text >"$(pki "$6")/$name.crt"
        chmod 644 "$(pki "$6")/$name.crt"
    done
    ;;
"token generate") echo abcdef.0123456789abcdef ;;
"kubeconfig user --config "*) [ -f "$(pki "$4")/ca.key" ]; echo "of $8: $(sed -n 's/^server: //p' "$4")" ;;
esac
`;

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let dir: string;
    beforeEach(() => {
        directory = scratchDirectory();
        dir = path.join(directory, ".local/state/kubedev/project/stack/c-keys");
        fs.writeFileSync(path.join(directory, "kubeadm"), kubeadm, { mode: 0o755 });
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });
    const create = (more: Record<string, string> = {}) =>
        runScript(
            "cluster/kubeadm-keys",
            {
                HOME: directory,
                KUBEDEV_SCOPE: "project/stack",
                KUBEDEV_KEY: "c-keys",
                KUBEDEV_INCARNATION: "7",
                KUBEDEV_SPEC: "spec",
                KUBEDEV_KUBEADM: path.join(directory, "kubeadm"),
                KUBEDEV_ADMIN_CONFIG: "server: tunnel\n",
                KUBEDEV_NODES_CONFIG: "server: node\n",
                KUBEDEV_VALIDITY: "1h0m0s",
                ...more,
            },
            { shell },
        );
    const read = (name: string) => fs.readFileSync(path.join(dir, name), "utf8");
    const calls = () => fs.readFileSync(path.join(directory, "calls"), "utf8").split("\n").length;

    test("makes authorities, token and kubeconfigs for their user alone, and does nothing when asked again", async () => {
        const printed = json(await create());
        expect(printed).toMatchObject({
            token: "abcdef.0123456789abcdef",
            kubeconfig: "of kubernetes-admin: tunnel",
            kubeProxy: "of system:kube-proxy: node",
        });
        const packed = execFileSync("tar", ["-tzf", "-"], {
            input: Buffer.from((printed as { pki: string }).pki, "base64"),
            encoding: "utf8",
        });
        expect(packed.split("\n")).toEqual(
            expect.arrayContaining(["./ca.key", "./ca.crt", "./front-proxy-ca.key", "./sa.key"]),
        );
        expect(packed).toContain("./etcd/ca.key");
        // Those of one host are made there.
        expect(packed).not.toMatch(/apiserver|server/);
        for (const name of ["pki/ca.crt", "token", "kubeconfig", "kube-proxy.conf"]) {
            expect(fs.statSync(path.join(dir, name)).mode & 0o077).toBe(0);
        }
        const made = calls();
        expect(json(await create())).toEqual(printed);
        expect(calls()).toBe(made);
    });

    test("another cluster has other keys", async () => {
        json(await create());
        const before = read("pki/ca.key");
        json(await create({ KUBEDEV_SPEC: "other" }));
        expect(read("pki/ca.key")).not.toBe(before);
    });

    test("what a run left that was killed is no half of the keys", async () => {
        fs.mkdirSync(path.join(dir, "pki"), { recursive: true });
        fs.writeFileSync(path.join(dir, "pki/ca.key"), "half");
        fs.mkdirSync(path.join(dir, "new"));
        json(await create());
        expect(read("pki/ca.key")).not.toBe("half");
        expect(fs.existsSync(path.join(dir, "new"))).toBe(false);
    });

    test.each(["certs all", "token generate", "kubernetes-admin"])(
        "%s fails: what it said, and nothing is left",
        async (phase) => {
            fs.writeFileSync(path.join(directory, "fail"), phase);
            const ran = await create();
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toMatch(/no luck with .*\n.*kubedev: kubeadm .* failed/);
            expect(fs.existsSync(dir)).toBe(false);
        },
    );

    test("without kubeadm it says which argument has it", async () => {
        const ran = await create({ KUBEDEV_KUBEADM: "/nowhere/kubeadm" });
        expect(ran.stderr).toContain("expected localBinaries.kubeadm");
        expect(fs.existsSync(dir)).toBe(false);
    });
});
