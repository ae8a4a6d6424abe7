/** What an engine that ends takes back of the firewall: what dockerd made, and nobody else's rules. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { scratchDirectory, shells } from "../support/script-process";

const functions = script("kind/engine-end.sh");
const inShell = (shell: string, text: string, input = "", env: Record<string, string> = {}) =>
    execFileSync(shell, ["-c", `set -eu\n${functions}${text}`], {
        input,
        encoding: "utf8",
        env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, ...env },
    });

const dockers = [
    "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    "-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 6443 -j MASQUERADE",
    "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -i br-0123456789ab -o br-0123456789ab -j ACCEPT",
];
const foreign = [
    "-P POSTROUTING ACCEPT",
    "-A POSTROUTING -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A POSTROUTING -s 10.0.0.2/32 -d 10.0.0.3/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A POSTROUTING -s 10.0.0.2/32 -d 10.0.0.20/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE",
    "-A FORWARD -i virbr0 -j ACCEPT",
    "-A FORWARD -i br-lan -o br-wan -j ACCEPT",
];

describe.each(shells)("%s", (shell) => {
    test("of the rules there are, those of dockerd", () => {
        const all = [...foreign, ...dockers, ...foreign].map((rule) => `${rule}\n`).join("");
        expect(inShell(shell, "engine_rules", all).trim().split("\n")).toEqual(
            dockers.map((rule) => rule.replace(/^-A /, "")),
        );
    });

    const hierarchy = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].find((root) => {
        try {
            fs.accessSync(path.join(root, "cgroup.procs"), fs.constants.W_OK);
            return true;
        } catch {
            return false;
        }
    });
    const inGroups = hierarchy === undefined ? test.skip : test;
    const whyNot =
        hierarchy === undefined ? " [not run: no control groups that may be written]" : "";
    inGroups(`ends its own containers, and none where it has none${whyNot}`, async () => {
        const dir = scratchDirectory();
        const id = `kubedev-test-${String(process.pid)}`;
        const group = path.join(hierarchy ?? "", `docker-${id}`);
        const contained = spawn("sleep", ["600"], { stdio: "ignore" });
        const ended = once(contained, "exit");
        try {
            fs.mkdirSync(group);
            fs.writeFileSync(path.join(group, "cgroup.procs"), String(contained.pid));
            fs.mkdirSync(path.join(dir, "data/containers"), { recursive: true });
            const end = `${script("kind/thaw.sh")}\nengine_dir=$ENGINE end_containers`;
            inShell(shell, end, "", { ENGINE: dir });
            expect(contained.kill(0)).toBe(true);
            fs.mkdirSync(path.join(dir, "data/containers", id));
            inShell(shell, end, "", { ENGINE: dir });
            expect((await ended)[1]).toBe("SIGKILL");
        } finally {
            contained.kill("SIGKILL");
            await ended;
            fs.rmdirSync(group);
            fs.rmSync(dir, { recursive: true });
        }
    });

    const scratchNetwork = spawnSync("unshare", ["-n", "iptables", "-S"], {
        env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    const inNetwork = scratchNetwork.status === 0 ? test : test.skip;
    const why = scratchNetwork.status === 0 ? "" : " [not run: no network namespace with iptables]";
    inNetwork(`in a network of its own, what somebody else has set up stays${why}`, () => {
        const dir = scratchDirectory();
        try {
            const iptables = (rules: string[]) =>
                rules
                    .map((rule) =>
                        rule.startsWith("-A FORWARD")
                            ? `iptables ${rule}`
                            : `iptables -t nat ${rule}`,
                    )
                    .join("\n");
            const theirs = foreign.filter((rule) => rule.startsWith("-A"));
            const text = `
dir=$ENGINE record=none
state() { iptables -S; iptables -t nat -S; ip -o link show type bridge | cut -d : -f 2; }
${iptables(theirs)}
ip link add br-lan type bridge
state >"$ENGINE/before"
engine_dir=$ENGINE note_network
iptables -t nat -N DOCKER; iptables -N DOCKER-USER; iptables -P FORWARD DROP
ip link add br-0123456789ab type bridge
${iptables(dockers)}
if state | cmp -s - "$ENGINE/before"; then echo nothing was set up >&2; fi
engine_dir=$ENGINE restore_network
state | diff "$ENGINE/before" - >&2`;
            const file = path.join(dir, "script");
            fs.writeFileSync(file, `set -eu\n${functions}${text}`);
            const ran = spawnSync("unshare", ["-n", shell, file], {
                encoding: "utf8",
                env: {
                    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
                    ENGINE: dir,
                },
            });
            expect(ran.stderr).toBe("");
            expect(ran.status).toBe(0);
        } finally {
            fs.rmSync(dir, { recursive: true });
        }
    });
});
