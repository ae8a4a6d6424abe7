/** A HostNetwork of another computer, made by root over ssh: a namespace with an sshd, and with a state of its own. */
import * as fs from "node:fs";
import * as path from "node:path";
import { macFromName } from "../../components/qemu/mac-address";
import { BridgeBox } from "../support/bridge-box";
import { library, ScratchStack } from "../support/engine";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";
import { scratchDir } from "../support/scratch";

jest.setTimeout(300_000);
const missing = networkNamespaceMissing ?? sshdMissing;
const remoteTest = (name: string, run: () => Promise<void>) =>
    missing === undefined ? test(name, run) : test.skip(`${name} (${missing})`, run);

const bridge = "kdremote0";
const program = `
import * as fs from "node:fs";
import * as path from "node:path";
import * as kubedev from "${library}";
const ssh = JSON.parse(fs.readFileSync(path.join(__dirname, "ssh.json"), "utf8"));
const lan = new kubedev.HostNetwork("lan", {
    host: { ssh }, user: "nobody", bridge: "${bridge}", cidr: "10.46.0.0/20",
    machines: [{ name: "box", address: "10.46.0.7" }, { name: "other" }],
});
export const { addresses, gateway } = lan;
`;

let host: NetworkNamespace;
let box: BridgeBox;
let sshd: Sshd;
let stack: ScratchStack;
let there: string;

beforeAll(async () => {
    if (missing !== undefined) return;
    there = scratchDir("kubedev-remote-network-");
    host = await NetworkNamespace.start();
    box = await BridgeBox.beside(host, bridge, there);
    sshd = await startSshd({
        ...{ within: host.within, address: host.address, port: 2222 },
        config: `SetEnv XDG_STATE_HOME=${there}/state XDG_CACHE_HOME=${there}/cache`,
    });
    stack = await ScratchStack.create({ program, project: "remote-network" });
    const { address, port, user, hostKey, privateKeyPath } = sshd;
    stack.write("ssh.json", JSON.stringify({ address, port, user, hostKey, privateKeyPath }));
});
afterAll(async () => {
    if (missing !== undefined) return;
    await (stack as ScratchStack | undefined)?.dispose();
    await (sshd as Sshd | undefined)?.stop();
    await box.namespace.stop();
    await host.stop();
    fs.rmSync(there, { recursive: true, force: true });
});

const mac = macFromName("lan/box");
const devices = () => host.shell("ip -br link | sed 's/[ @].*//' | sort").split("\n");

async function previewed(): Promise<Record<string, string>> {
    const preview = await stack.preview();
    const ops = preview.ops();
    return Object.fromEntries(preview.changed.map(({ name }) => [name, ops[name] ?? ""]));
}

remoteTest("over ssh: made there and not here, with leases and names", async () => {
    const before = devices();
    await stack.up();
    expect(await previewed()).toEqual({});
    const { addresses } = (await stack.outputs()) as { addresses: Record<string, string> };
    expect(box.lease(mac)).toBe("10.46.0.7/20 10.46.0.1 10.46.0.1 lan");
    expect(box.lookup("other", "10.46.0.1")).toContain(addresses["other"]);
    expect(fs.existsSync(`/proc/sys/net/ipv4/conf/${bridge}`)).toBe(false);
    const records = (home: string) => path.join(home, "kubedev/remote-network/test/lan-bridge");
    expect([stack.stateHome, path.join(there, "state")].map(records).map(fs.existsSync)).toEqual([
        false,
        true,
    ]);
    // The tap devices are those of who runs machines there.
    const taps = host.shell("ip -d -o link show type tun").split("\n");
    expect(taps.map((line) => / user (\S+)/.exec(line)?.[1])).toEqual(["nobody", "nobody"]);
    expect(devices()).toHaveLength(before.length + 3);
});

remoteTest("over ssh: what is gone there is shown here, and put back", async () => {
    const record = path.join(there, "state/kubedev/remote-network/test/lan-names/record");
    const [, pid] = /^pid=(\d+)$/m.exec(fs.readFileSync(record, "utf8")) ?? [];
    process.kill(Number(pid), "SIGKILL");
    expect(await previewed()).toEqual({ "lan-names": "replace" });
    host.shell(`ip link delete ${bridge}`);
    expect(await previewed()).toEqual({ "lan-bridge": "update", "lan-names": "replace" });
    await stack.up();
    expect(await previewed()).toEqual({});
    expect(box.lease(mac)).toContain("10.46.0.7/20");
});

remoteTest("over ssh: destroyed, nothing of it is there", async () => {
    await stack.destroy();
    expect(devices().filter((name) => /^(kt|kdremote)/.test(name))).toEqual([]);
    expect(host.shell("nft list ruleset; ss -Hlnut | grep -v ':2222 ' || :")).toBe("");
    expect(fs.existsSync(path.join(there, "state/kubedev/remote-network"))).toBe(false);
});
