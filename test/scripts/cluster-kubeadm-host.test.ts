/** kubeadm-host.sh in a mount namespace: a host with a node or a kubelet of others is refused before anything is touched. */
import * as fs from "node:fs";
import * as path from "node:path";
import { describeUnless, MountNamespace, namespaceMissing } from "../support/mount-namespace";
import { json } from "../support/script-process";

const programs: Record<string, string> = {
    kubelet: "echo Kubernetes v1.36.1",
    kubeadm: "echo v1.36.1",
    containerd: "echo containerd x v2.0.0 y",
    ip: "echo '1: eth0 inet 198.18.0.7/24 x'",
    systemctl: `[ "$1" != show ] || cat "$here/shown"`,
    dpkg: `[ "$1" = -S ] && case $2 in */10-kubeadm.conf) echo "kubeadm: $2" ;; */lib/*) echo "kubelet: $2" ;; *) exit 1 ;; esac`,
    stat: "echo cgroup2fs",
    ...Object.fromEntries(
        ["runc", "curl", "iptables", "conntrack", "modprobe"].map((p) => [p, ""]),
    ),
};
const ours = "/etc/systemd/system/kubelet.service";

describeUnless(namespaceMissing, "a host", () => {
    let there: MountNamespace;
    beforeEach(async () => {
        there = await MountNamespace.start();
        // A successful run sets what the kernel does.
        for (const place of ["/var/lib", "/proc/sys/net"]) {
            there.output("mount", "-t", "tmpfs", "empty", place);
        }
        there.output("sh", "-ec", `rm -rf /etc/kubernetes ${ours}*; mkdir -p /run/systemd/system`);
        const cni =
            "mkdir /run/u /run/w; mount -t overlay u -o lowerdir=/usr/lib,upperdir=/run/u,workdir=/run/w /usr/lib; install -D /bin/true /usr/lib/cni/bridge";
        there.output("sh", "-ec", cni);
        fs.mkdirSync(there.at("bin"));
        for (const [name, text] of Object.entries(programs)) {
            const whole = `#!/bin/sh\nhere='${there.dir}'\n${text}\n`;
            fs.writeFileSync(there.at(`bin/${name}`), whole, { mode: 0o755 });
        }
        fs.writeFileSync(there.at("shown"), "\n\n");
    });
    afterEach(() => there.dispose());

    const look = () =>
        there.run(
            "cluster/kubeadm-host",
            {
                PATH: `${there.at("bin")}:${process.env["PATH"] ?? ""}`,
                ...{ HOME: there.dir, KUBEDEV_DIR: there.at("things/n-host") },
                ...{ KUBEDEV_INCARNATION: "7", KUBEDEV_SPEC: "spec", KUBEDEV_OWN: "n-join" },
                KUBEDEV_KUBEADM: there.at("bin/kubeadm"),
                KUBEDEV_KUBELET: there.at("bin/kubelet"),
                ...{ KUBEDEV_APISERVER_VERSION: "v1.36.1", KUBEDEV_ADDRESS: "198.18.0.7" },
                ...{ KUBEDEV_CGROUP_DRIVER: "systemd", KUBEDEV_CGROUP_V1: "false" },
            },
            "dash",
        );
    const thing = (name: string) => {
        fs.mkdirSync(there.at(path.dirname(`things/${name}`)), { recursive: true });
        fs.writeFileSync(there.at(`things/${name}`), "");
    };

    test("of another node is refused, also of one of the same stack; one's own is taken", async () => {
        there.output("mkdir", "-p", "/var/lib/etcd/member");
        thing("c-init/kubeadm.yaml");
        const ran = await look();
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain(
            "/var/lib/etcd is there already and was not made for this node",
        );
        expect(there.output("ls", "/var/lib/etcd")).toBe("member");
        expect(fs.existsSync(there.at("things/n-host"))).toBe(false);
        thing("n-join/kubeadm.yaml");
        expect(json(await look())).toEqual({ kubeletVersion: "v1.36.1" });
    });

    test("with a kubelet of a package is refused, with what to remove", async () => {
        const shown = [
            "/usr/lib/systemd/system/kubelet.service",
            "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf /etc/systemd/system/service.d/x.conf",
        ];
        fs.writeFileSync(there.at("shown"), shown.join("\n"));
        there.output("cp", "/etc/hostname", ours);
        const ran = await look();
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain(`not kubedev's: ${ours} `);
        expect(ran.stderr).toContain(" /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf;");
        expect(ran.stderr).not.toContain("x.conf");
        expect(ran.stderr).toContain("apt-get remove kubeadm, or remove what");
    });

    test("with a unit of kubedev's own, and what is laid over all units, is taken", async () => {
        const text = "[Unit]\\nDescription=kubelet of a node by kubedev\\n";
        there.output("sh", "-c", `printf '${text}' >${ours}`);
        fs.writeFileSync(there.at("shown"), `${ours}\n/etc/systemd/system/service.d/x.conf\n`);
        json(await look());
        fs.writeFileSync(there.at("shown"), `${ours}\n${ours}.d/own.conf\n`);
        expect((await look()).stderr).toContain(`not kubedev's: ${ours}.d/own.conf; expected`);
    });
});
