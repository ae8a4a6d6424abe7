/** scripts/cluster/node-rules.sh in a network of its own: rules of Kubernetes go, those of others stay. */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { describeUnless } from "../support/mount-namespace";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { scratchDirectory } from "../support/script-process";

/** What kube-proxy and a kubelet make, as far as chains lead to each other. */
const rules = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SEP-B - [0:0]
:KUBE-MARK-MASQ - [0:0]
:OWN - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j OWN
-A KUBE-SERVICES -d 10.100.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -j KUBE-SVC-A
-A KUBE-SVC-A -m comment --comment "default/kubernetes -> 10.0.0.1:6443" -j KUBE-SEP-B
-A KUBE-SEP-B -s 10.0.0.1/32 -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
COMMIT
*filter
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
*mangle
:KUBE-KUBELET-CANARY - [0:0]
COMMIT
`;

describeUnless(networkNamespaceMissing, "rules of Kubernetes", () => {
    let directory: string;
    let network: NetworkNamespace;
    beforeEach(async () => {
        directory = scratchDirectory();
        network = await NetworkNamespace.alone();
        const [program, ...args] = network.within;
        execFileSync(program, [...args, "iptables-restore"], { input: rules });
    });
    afterEach(async () => {
        await network.stop();
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const run = () => {
        const text = `set -eu; dir='${directory}'; say() { echo "$*"; }\n${script("cluster/node-rules.sh")}`;
        return network.run("sh", "-c", text);
    };
    const left = () =>
        ["nat", "filter", "mangle"]
            .map((table) => network.run("iptables", "-t", table, "-S"))
            .join("")
            .split("\n")
            .filter((line) => line !== "" && !line.startsWith("-P"));

    test("go, also those that only a kube-proxy in a pod could take back", () => {
        expect(left().filter((line) => line.includes("KUBE-"))).toHaveLength(14);
        expect(run()).toBe("");
        expect(left()).toEqual(["-N OWN", "-A OUTPUT -j OWN"]);
        expect(run()).toBe("");
        expect(fs.readdirSync(directory)).toEqual([]);
    });

    test("stay while another node runs in the same network", () => {
        const before = left();
        const kubelet = path.join(directory, "kubelet");
        fs.copyFileSync("/bin/sleep", kubelet);
        fs.chmodSync(kubelet, 0o755);
        // In this machine's network it is none of theirs.
        const elsewhere = spawn(kubelet, ["60"], { stdio: "ignore" });
        try {
            network.spawn(kubelet, "60");
            execFileSync("sleep", ["0.5"]);
            expect(run()).toMatch(/^rules of Kubernetes stay .* kubelet \(process \d+\)\n$/);
            expect(left()).toEqual(before);
        } finally {
            elsewhere.kill("SIGKILL");
        }
    });
});
