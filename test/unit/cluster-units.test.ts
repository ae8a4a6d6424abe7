/** Units that a Cluster shows: of what it runs, and the by-hand cluster of 2015. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { ControlPlaneProgram } from "../../components/cluster/control-plane-programs";
import { seedMachines, seedUnitTexts } from "../../components/cluster/seed-unit-texts";
import { unitTexts, unitWord } from "../../components/cluster/unit-texts";
import { scratchDir } from "../support/scratch";

const argvs = {
    [ControlPlaneProgram.Etcd]: ["/b/etcd", "--name=default", "--data-dir=/s p/%zz/etcd"],
    [ControlPlaneProgram.KubeApiserver]: ["/b/kube-apiserver", "--v=0"],
    [ControlPlaneProgram.KubeControllerManager]: [
        "/b/kube-controller-manager",
        "--controllers=*,a",
    ],
    [ControlPlaneProgram.KubeScheduler]: ["/b/kube-scheduler", "--x=$HOME;'"],
};
const seed = seedUnitTexts({
    ...{ ...seedMachines, serviceCidr: "10.100.0.0/24", dnsAddress: "10.100.0.10" },
});

test("the whole unit of etcd", () => {
    expect(unitTexts(argvs)["/etc/systemd/system/etcd.service"]).toBe(`[Unit]
Description=etcd
Documentation=https://etcd.io/docs/
After=network.target

[Service]
ExecStart=/b/etcd \\
    --name=default \\
    "--data-dir=/s p/%%zz/etcd"
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`);
});

test("etcd comes first, then the API server, then its clients", () => {
    const order = Object.entries(unitTexts(argvs)).map(([file, text]) => [
        path.basename(file, ".service"),
        /^After=(.*)$/m.exec(text)?.[1],
    ]);
    expect(order).toEqual([
        ["etcd", "network.target"],
        ["kube-apiserver", "etcd.service"],
        ["kube-controller-manager", "kube-apiserver.service"],
        ["kube-scheduler", "kube-apiserver.service"],
    ]);
});

const analyzes = spawnSync("systemd-analyze", ["--version"]).status === 0;
const verified = analyzes ? test : test.skip;

verified(
    `systemd takes every unit, and reads each word as it was${analyzes ? "" : " (systemd-analyze is not here)"}`,
    () => {
        const dir = scratchDir("kubedev-units-");
        try {
            const program = path.join(dir, "a program");
            fs.writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
            const own = Object.fromEntries(
                Object.entries(argvs).map(([name, argv]) => [name, [program, ...argv.slice(1)]]),
            ) as typeof argvs;
            const files = Object.entries(unitTexts(own)).map(([file, text]) => {
                const copy = path.join(dir, path.basename(file));
                fs.writeFileSync(copy, text);
                return copy;
            });
            const ran = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], {
                encoding: "utf8",
                env: { ...process.env, SYSTEMD_UNIT_PATH: `${dir}:` },
            });
            expect(ran.stderr.split("\n").filter((line) => /etcd|kube/.test(line))).toEqual([]);
        } finally {
            fs.rmSync(dir, { recursive: true, force: true });
        }
    },
);

test("a word that systemd would read otherwise is quoted or doubled", () => {
    fc.assert(
        fc.property(
            fc.string({
                unit: fc.constantFrom("a", "é", " ", "%", "$", "\\", '"', "'", ";", "\n", "\t"),
            }),
            (word) => {
                const written = unitWord(word);
                // What systemd.service(5) says of quotes, specifiers and variables, the other way round.
                const inner = written.startsWith('"')
                    ? written
                          .slice(1, -1)
                          .replace(/\\([nt"\\])/g, (_, mark: string) =>
                              mark === "n" ? "\n" : mark === "t" ? "\t" : mark,
                          )
                    : written;
                expect(inner.replaceAll("%%", "%").replaceAll("$$", "$")).toBe(word);
                expect(written).not.toMatch(/\n/);
            },
        ),
    );
});

describe("the by-hand cluster of 2015", () => {
    test("has all files of its notes, by machine", () => {
        const systemd = "/etc/systemd/system";
        expect(Object.keys(seed)).toEqual([
            `master:${systemd}/etcd.service`,
            `master:${systemd}/calico-node.service`,
            `master:${systemd}/kube-apiserver.service`,
            `master:${systemd}/kube-scheduler.service`,
            `master:${systemd}/kube-controller-manager.service`,
            `master:${systemd}/kubelet.service`,
            `node:${systemd}/calico-node.service`,
            `node:${systemd}/kubelet.service`,
            `node:${systemd}/kube-proxy.service`,
            "node:/etc/network-environment",
            "node:/etc/cni/net.d/10-calico.conf",
        ]);
    });

    test("has no comment inside a command, and every unit can be enabled", () => {
        for (const [file, text] of Object.entries(seed)) {
            expect(text).not.toMatch(/\\[ \t]+\S|\\\n#/);
            if (file.endsWith(".service")) {
                expect(text).toContain("\n[Install]\nWantedBy=multi-user.target\n");
            }
        }
    });

    test("the whole API server", () => {
        expect(seed["master:/etc/systemd/system/kube-apiserver.service"]).toBe(`[Unit]
Description=Kubernetes API Server
Documentation=https://github.com/kubernetes/kubernetes
Requires=etcd.service
After=etcd.service

[Service]
# Who reaches the insecure port is the administrator: never again. It went with Kubernetes 1.24.
ExecStart=/usr/bin/kube-apiserver \\
  --allow-privileged=true \\
  --etcd-servers=http://127.0.0.1:6666 \\
  --insecure-bind-address=0.0.0.0 \\
  --service-cluster-ip-range=10.100.0.0/24 \\
  --logtostderr=true
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`);
    });

    test("is what the shell reads: the environment of a node", () => {
        const text = seed["node:/etc/network-environment"] ?? "";
        const read = execFileSync("sh", ["-c", `${text}echo "$DEFAULT_IPV4 $KUBE_API_ROOT"`], {
            encoding: "utf8",
        });
        expect(read).toBe("172.18.100.122 http://172.18.100.187:8080/api/v1/\n");
    });
});
