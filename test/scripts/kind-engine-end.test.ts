/** What an engine that ends takes back of the firewall: what dockerd made, and nobody else's rules. */
import { execFileSync, spawnSync } from "node:child_process";
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
