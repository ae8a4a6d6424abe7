/**
 * kubeadm-init.sh, kubeadm-join.sh and kubeadm-images.sh with programs that stand for kubeadm, containerd and systemd, in a
 * mount namespace: what is never undone, and what a run that failed leaves to the next one.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { describeUnless, MountNamespace, namespaceMissing } from "../support/mount-namespace";
import { json } from "../support/script-process";

const programs: Record<string, string> = {
    kubeadm: `
k=/etc/kubernetes
echo "$*" >>"$here/calls"
manifests() {
    mkdir -p $k/manifests
    for p in etcd kube-apiserver kube-controller-manager; do echo $p >$k/manifests/$p.yaml; done
    cp "$1" $k/manifests/kube-scheduler.yaml
}
case "$*" in
"init phase etcd"*) ;;
"init phase control-plane all"*) manifests "$6" ;;
"init --config"*)
    manifests "$3"
    mkdir -p /var/lib/kubelet /var/lib/etcd/member
    touch $k/admin.conf $k/kubelet.conf /var/lib/kubelet/config.yaml
    ;;
"join --config"*)
    mkdir -p $k/pki /var/lib/kubelet
    echo authority >$k/pki/ca.crt
    touch $k/kubelet.conf /var/lib/kubelet/config.yaml
    ;;
"config images list"*) echo registry.k8s.io/kube-scheduler:v1.36.1 ;;
esac`,
    // The file \`containers\` has lines: program, container. A container that is ended is no more; its file tells an image's digest.
    ctr: `
shift 4
case "$1 $2" in
"tasks list") awk '{ print $2, 1, "RUNNING" }' "$here/containers" ;;
"tasks kill") echo "$5" >>"$here/killed"; sed -i "/ $5\\$/d" "$here/containers" ;;
"containers list") sed -n "s/^\${4##*==} //p" "$here/containers" ;;
"images list")
    if [ ! -e "$here/digest" ]; then :
    elif [ "$3" = --quiet ]; then echo image
    else echo REF TYPE DIGEST; echo image type "$(cat "$here/digest")"; fi
    ;;
"images import") tar -xOf "$3" config.json | sha256sum | cut -c 1-9 >"$here/digest"; [ ! -e "$here/break" ] || kill -9 $PPID ;;
esac`,
    systemctl: `case $1 in is-active) [ ! -e "$here/stopped" ] ;; esac`,
    curl: "exit 0",
    modprobe: "exit 1",
    // Minutes go by while somebody asks how late it is.
    date: `t=$(($(cat "$here/now") + 40)); echo $t >"$here/now"; echo $t`,
    sleep: "exec /bin/sleep 0.01",
};

describeUnless(namespaceMissing, "what kubeadm made", () => {
    let there: MountNamespace;
    let calls: () => string[];
    beforeEach(async () => {
        there = await MountNamespace.start();
        there.output("mount", "-t", "tmpfs", "lib", "/var/lib");
        there.output("rm", "-rf", "/etc/kubernetes");
        fs.mkdirSync(there.at("bin"));
        for (const [name, text] of Object.entries(programs)) {
            const whole = `#!/bin/sh\nhere='${there.dir}'\n${text}\n`;
            fs.writeFileSync(there.at(`bin/${name}`), whole, { mode: 0o755 });
        }
        fs.writeFileSync(there.at("now"), "1000");
        fs.mkdirSync(there.at("pki"));
        fs.writeFileSync(there.at("pki/ca.key"), "key\n");
        fs.writeFileSync(there.at("pki/ca.crt"), "authority\n");
        runs({ etcd: "e1", "kube-apiserver": "a1", "kube-controller-manager": "m1" }, "s1");
        calls = () => fs.readFileSync(there.at("calls"), "utf8").trim().split("\n");
    });
    afterEach(() => there.dispose());

    const others = { etcd: "e1", "kube-apiserver": "a1", "kube-controller-manager": "m1" };
    /** Sets which containers run. */
    function runs(all: Record<string, string>, scheduler?: string): void {
        const lines = Object.entries({
            ...all,
            ...(scheduler === undefined ? {} : { "kube-scheduler": scheduler }),
        });
        const text = lines.map(([program, container]) => `${program} ${container}\n`).join("");
        fs.writeFileSync(there.at("containers"), text);
    }
    const record = (key: string) => there.at(`things/${key}/record`);
    const run = (name: string, key: string, more: Record<string, string> = {}) => {
        const pki = execFileSync("tar", ["-C", there.at("pki"), "-cz", "."]).toString("base64");
        return there.run(
            `cluster/${name}`,
            {
                PATH: `${there.at("bin")}:${process.env["PATH"] ?? ""}`,
                ...{ HOME: there.dir, KUBEDEV_DIR: there.at(`things/${key}`), KUBEDEV_KEY: key },
                ...{ KUBEDEV_INCARNATION: "7", KUBEDEV_SPEC: "spec", KUBEDEV_MADE: "made" },
                KUBEDEV_KUBEADM: there.at("bin/kubeadm"),
                ...{ KUBEDEV_KUBELET: "/bin/true", KUBEDEV_ADDRESS: "198.18.0.7" },
                ...{ KUBEDEV_KUBELET_UNIT: "unit", KUBEDEV_KUBELET_DROP_IN: "drop-in" },
                ...{ KUBEDEV_KUBEADM_CONFIG: "config", KUBEDEV_AUTHENTICATION: "who" },
                ...{ KUBEDEV_PKI: pki, KUBEDEV_CA: "authority", KUBEDEV_KUBE_PROXY_CONF: "proxy" },
                ...{ KUBEDEV_SKIP_PHASES: "x", KUBEDEV_DISCOVERY: "token", KUBEDEV_JOIN_SEC: "9" },
                ...more,
            },
            "dash",
        );
    };
    const lives = async (key: string) => {
        const { stdout } = await there.run("host/probe", {
            ...{ HOME: there.dir, KUBEDEV_DIR: there.at("things"), KUBEDEV_SCOPE: "s" },
        });
        return stdout.split(`[${key}]`)[1]?.includes("alive=true");
    };

    const flag = { KUBEDEV_KUBEADM_CONFIG: "another flag" };

    test.each([
        ["kubeadm-init", "c-init", "pki/ca.key"],
        ["kubeadm-join", "n-join", "pki/ca.crt"],
    ])(
        "%s: what another has made is not undone in place, and a preview sees what is gone",
        async (name, key, file) => {
            json(await run(name, key));
            expect(await lives(key)).toBe(true);
            fs.writeFileSync(there.at("stopped"), "");
            json(await run(name, key, flag));

            there.output("sh", "-c", `echo another >/etc/kubernetes/${file}`);
            const before = calls();
            const ran = await run(name, key, { KUBEDEV_KUBEADM_CONFIG: "a third flag" });
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toContain(`nothing was touched`);
            expect(ran.stderr).toContain(`pulumi up --replace '**::${key}'`);
            expect(calls()).toEqual(before);
            expect(there.output("cat", `/etc/kubernetes/${file}`)).toBe("another");
            expect(there.output("ls", "/var/lib/kubelet")).toBe("config.yaml");

            there.output("mv", `/etc/kubernetes/${file}`, "/etc/kubernetes/aside");
            expect(await lives(key)).toBe(false);
            // As the preview has said it would.
            json(await run(name, key, { KUBEDEV_INCARNATION: "8" }));
            expect(there.output("ls", "/etc/kubernetes")).not.toContain("aside");
            fs.rmSync(there.at(`things/${key}/made`));
            expect(await lives(key)).toBe(false);
        },
    );

    test("a flag with which a program falls fails each run, until one sees it go on", async () => {
        json(await run("kubeadm-init", "c-init"));
        runs(others);
        for (let tries = 0; tries < 2; tries++) {
            const ran = await run("kubeadm-init", "c-init", flag);
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toContain("waited 300 s for kube-scheduler to run anew");
            // So that a preview shows an update, also when the flag is taken back.
            expect(fs.readFileSync(record("c-init"), "utf8")).toMatch(/^fact\.begun=\d+$/m);
        }
        runs(others, "s2");
        json(await run("kubeadm-init", "c-init", { ...flag, KUBEDEV_BEGUN: "5" }));
        expect(fs.readFileSync(record("c-init"), "utf8")).toMatch(/^fact\.begun=5$/m);
        expect(fs.readdirSync(there.at("things/c-init")).sort()).toEqual(
            ["bin", "kubeadm.yaml", "lock", "log", "made", "record"].sort(),
        );
    });

    test("one that was taken back is waited for, too", async () => {
        json(await run("kubeadm-init", "c-init"));
        const scheduler = () =>
            there.output("cat", "/etc/kubernetes/manifests/kube-scheduler.yaml");
        runs(others, "s1");
        expect((await run("kubeadm-init", "c-init", flag)).code).not.toBe(0);
        runs(others);
        expect((await run("kubeadm-init", "c-init")).code).not.toBe(0);
        expect(scheduler()).toBe("config");
        runs(others, "s2");
        json(await run("kubeadm-init", "c-init"));
    });

    describe("images", () => {
        const images = () =>
            run("kubeadm-images", "c-images", {
                KUBEDEV_PROGRAM_IMAGES: `kube-scheduler ${there.at("kube-scheduler")}`,
                KUBEDEV_KUBEADM_ASKS: "--x",
                KUBEDEV_ARCHIVES: " ",
            });
        const program = (text: string) => fs.writeFileSync(there.at("kube-scheduler"), text);
        const killed = () =>
            fs.existsSync(there.at("killed")) ? fs.readFileSync(there.at("killed"), "utf8") : "";
        beforeEach(async () => {
            program("one");
            json(await images());
            expect(killed()).toBe("");
        });

        test("of another program end its container; the same by another time ends none", async () => {
            fs.utimesSync(there.at("kube-scheduler"), 1, 1);
            json(await images());
            expect(killed()).toBe("");
            program("two");
            const ran = await images();
            expect(killed()).toBe("s1\n");
            expect(ran.stderr).toContain("waited 300 s for kube-scheduler to run anew");
            // None was seen to run: the next run says so, too, though all images are there.
            expect((await images()).stderr).toContain("waited 300 s for kube-scheduler");
            runs(others, "s2");
            json(await images());
            expect(killed()).toBe("s1\n");
        });

        test("whose run ended in the middle: the next one ends what still runs", async () => {
            program("two");
            fs.writeFileSync(there.at("break"), "");
            expect((await images()).code).not.toBe(0);
            expect(killed()).toBe("");
            fs.rmSync(there.at("break"));
            expect((await images()).stderr).toContain("waited 300 s");
            expect(killed()).toBe("s1\n");
        });

        test("without a kubelet nobody is waited for", async () => {
            fs.writeFileSync(there.at("stopped"), "");
            program("two");
            json(await images());
            expect(killed()).toBe("s1\n");
        });
    });
});
