/** A HostNetwork in a network namespace that stands for a host: leases, names, the way out, drift, and a real machine on its bridge. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { scratchDir } from "../support/scratch";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(600_000);
const networkTest = (name: string, run: () => Promise<void> | void) =>
    networkNamespaceMissing === undefined
        ? test(name, async () => run())
        : test.skip(`${name} (${networkNamespaceMissing})`, async () => run());

const bridge = "qemu0";
const world = "192.0.2.9";
const upstream = "192.0.2.1";
const program = `
import * as kubedev from "${library}";
const settings = JSON.parse(process.env.NETWORK ?? "{}") as { cidr: string; nat?: boolean; machines: { name: string }[] };
const lan = new kubedev.HostNetwork("lan", {
    bridge: "${bridge}",
    cidr: settings.cidr,
    nat: settings.nat,
    nameServers: ["${world}"],
    machines: settings.machines,
});
const image = new kubedev.BaseImage("debian", {});
const node = new kubedev.VirtualMachine("node", { baseImage: image.files, networks: [lan.network] });
export const network = lan.network;
export const { gateway, table, dockerSettings } = lan;
export const ssh = node.sshCommand;
export const address = node.networkAddresses;
`;
const machines = [{ name: "node" }, { name: "box", address: "10.44.0.7" }];
const normal = { cidr: "10.44.0.0/16", machines };
const settings = (changes: object = {}) => ({ NETWORK: JSON.stringify({ ...normal, ...changes }) });

interface Member {
    name: string;
    address: string;
    mac: string;
    tap: string;
}
let host: NetworkNamespace;
let outside: NetworkNamespace;
let box: NetworkNamespace;
let stack: ScratchStack;
let tools: string;
let member: Record<string, Member> = {};
/** How to log in to the machine. */
let login = "";

beforeAll(async () => {
    if (networkNamespaceMissing !== undefined) return;
    [host, outside, box] = [
        await NetworkNamespace.alone(),
        await NetworkNamespace.alone(),
        await NetworkNamespace.alone(),
    ];
    host.wire("up0", outside, "up0");
    host.run("ip", "address", "add", `${upstream}/24`, "dev", "up0");
    outside.run("ip", "address", "add", `${world}/24`, "dev", "up0");
    outside.run("ip", "route", "add", normal.cidr, "via", upstream);
    inNamespace(host, "echo 0 >/proc/sys/net/ipv4/ip_forward");
    // Says who calls, and knows a name.
    outside.spawn(
        "socat",
        `TCP-LISTEN:80,bind=${world},fork,reuseaddr`,
        "SYSTEM:echo $SOCAT_PEERADDR",
    );
    outside.spawn(
        ...["dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--pid-file="],
        ...[`--listen-address=${world}`, "--bind-interfaces", "--address=/www.example/203.0.113.5"],
    );
    host.wire("box0", box, "eth0");

    tools = scratchDir("kubedev-host-network-");
    stack = await ScratchStack.create({ program, project: "host-network", env: imageCache() });
    const real = execFileSync("sh", ["-c", "command -v pulumi"], {
        env: stack.env,
        encoding: "utf8",
    });
    // A CLI whose host is the namespace.
    fs.writeFileSync(
        path.join(tools, "pulumi"),
        `#!/bin/sh\nexec ${host.within.join(" ")} sh -c 'cd "$0" && exec "$@"' "$PWD" ${real.trim()} "$@"\n`,
        { mode: 0o755 },
    );
    stack.env["PATH"] = `${tools}:${stack.env["PATH"] ?? ""}`;
});

afterAll(async () => {
    stack.env["NETWORK"] = settings().NETWORK;
    await (stack as ScratchStack | undefined)?.dispose();
    for (const namespace of [box, outside, host] as (NetworkNamespace | undefined)[]) {
        await namespace?.stop();
    }
    fs.rmSync(tools, { recursive: true, force: true });
}, 120_000);

function inNamespace(where: NetworkNamespace, command: string): string {
    return where.run("sh", "-c", `PATH=$PATH:/usr/sbin:/sbin; ${command}`).trim();
}

function fails(where: NetworkNamespace, command: string): boolean {
    const [name, ...words] = [...where.within, "sh", "-c", command];
    return spawnSync(name, words).status !== 0;
}

/** All that a HostNetwork may change of a host. */
const stateOfHost = () =>
    inNamespace(
        host,
        "ip -br link; ip -br -4 address; ip route; nft list ruleset; cat /proc/sys/net/ipv4/ip_forward; ss -Hlnut",
    );

/** What a preview would do, by the name of the resource; a component whose arguments changed does nothing itself. */
async function previewed(changes: object = {}): Promise<Record<string, string>> {
    const preview = await stack.preview({ env: settings(changes) });
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const ops = preview.ops();
    return Object.fromEntries(commands.map(({ name }) => [name, ops[name] ?? ""]));
}

async function up(changes: object = {}): Promise<void> {
    await stack.up({ env: settings(changes), timeoutMs: 550_000 });
}

/** Plugs the box in and has it ask for its address; answers what it got. */
function lease(mac: string): string {
    inNamespace(host, `ip link set box0 master ${bridge}`);
    inNamespace(
        box,
        `ip address flush dev eth0; ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up`,
    );
    const script = path.join(tools, "leased");
    fs.writeFileSync(
        script,
        '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip address add "$ip/$mask" dev "$interface"\n' +
            '[ -z "$router" ] || ip route replace default via "$router"\necho "$ip/$mask $router $dns $domain"\n',
        { mode: 0o755 },
    );
    return inNamespace(box, `busybox udhcpc -i eth0 -n -q -f -t 3 -T 1 -s ${script} 2>/dev/null`);
}

const lookup = (name: string) =>
    inNamespace(box, `busybox nslookup ${name} 10.44.0.1 2>&1 | sed '1,/^$/d'`);
const callerSeenOutside = (from: NetworkNamespace) =>
    inNamespace(from, `socat -T 5 - TCP:${world}:80,connect-timeout=5`);
const inNode = (command: string) => inNamespace(host, `${login} '${command}'`);

networkTest("addresses that lead elsewhere are refused, and nothing is touched", async () => {
    const before = stateOfHost();
    const wrong = settings({ cidr: "192.0.2.0/28", machines: [{ name: "node" }] });
    const refused = await stack.up({ env: wrong, expectFailure: true });
    expect(refused.errors.join("\n")).toContain(
        'HostNetwork lan: cidr: got 192.0.2.0/28, which has addresses that this host reaches by up0 (192.0.2.1/24); expected a range that leads nowhere else; give it another cidr, as "198.18.0.0/20"',
    );
    inNamespace(host, `ip link add ${bridge} type bridge`);
    const taken = await stack.preview({ env: settings(), expectFailure: true });
    expect(taken.errors.join("\n")).toContain(`bridge: got ${bridge}, which is there already`);
    inNamespace(host, `ip link delete ${bridge}`);
    expect(stateOfHost()).toBe(before);
});

networkTest("it is made with a machine on it, and a preview is clean", async () => {
    await up();
    expect(await previewed()).toEqual({});
    const { network, gateway, table, dockerSettings, address, ssh } = (await stack.outputs()) as {
        network: { machines: Member[] };
        address: Record<string, string>;
        gateway: string;
        table: string;
        dockerSettings: string;
        ssh: string;
    };
    login = ssh;
    member = Object.fromEntries(network.machines.map((one) => [one.name, one]));
    expect(address).toEqual({ lan: member["node"]?.address });
    expect([gateway, table]).toEqual(["10.44.0.1", `kubedev-${bridge}`]);
    expect(JSON.parse(dockerSettings)).toMatchObject({ bridge, "fixed-cidr": "10.44.128.0/17" });
    // Nothing listens but on the bridge, and the machine's ports on loopback.
    const listening = inNamespace(host, "ss -Hlnut | awk '{ print $1, $5 }' | sort");
    expect(listening.split("\n").filter((line) => !/ 127\./.test(line))).toEqual([
        "tcp 10.44.0.1:53",
        "udp 0.0.0.0%qemu0:67",
        "udp 10.44.0.1:53",
    ]);
});

networkTest("a guest gets its lease, knows names, and goes out under the host's address", () => {
    expect(lease(member["box"]?.mac ?? "")).toBe("10.44.0.7/16 10.44.0.1 10.44.0.1 lan");
    expect(lookup("node.lan")).toContain(member["node"]?.address);
    expect(lookup("node")).toContain(member["node"]?.address);
    expect(lookup("10.44.0.7")).toContain("box.lan");
    expect(lookup("www.example")).toContain("203.0.113.5");
    expect(lookup("nobody.lan")).not.toContain("203.0.113.5");
    // The host asks by loopback.
    expect(inNamespace(host, "busybox nslookup node.lan 10.44.0.1 2>&1 || :")).toContain(
        member["node"]?.address,
    );
    expect(callerSeenOutside(box)).toBe(upstream);
    // From outside nobody gets in, though the host forwards, nor an answer, though its way leads to the bridge's address.
    expect(inNamespace(outside, "busybox ping -c 1 -W 5 10.44.0.1")).toContain(" 0% packet loss");
    expect(inNamespace(outside, "busybox nslookup node.lan 10.44.0.1 2>&1 || :")).toContain(
        "timed out",
    );
    box.spawn("socat", "TCP-LISTEN:99,fork,reuseaddr", "SYSTEM:echo in");
    expect(inNamespace(host, "sleep 0.3; socat -T 5 - TCP:10.44.0.7:99")).toBe("in");
    expect(fails(outside, "socat -T 2 - TCP:10.44.0.7:99,connect-timeout=2")).toBe(true);
});

networkTest("nobody else gets a lease", () => {
    expect(() => lease("52:54:00:00:00:99")).toThrow();
    expect(lease(member["box"]?.mac ?? "")).toContain("10.44.0.7/16");
});

networkTest("a machine has its lease and its way out by the bridge", () => {
    expect(inNode("ip -br -4 address")).toContain(` ${member["node"]?.address ?? "?"}/16 `);
    expect(inNode("ip route show default | head -n 1")).toContain("default via 10.44.0.1 ");
    expect(inNode("getent hosts box.lan")).toMatch(/^10\.44\.0\.7 /);
    expect(inNode(`exec bash -c "cat <>/dev/tcp/${world}/80"`)).toBe(upstream);
    expect(
        inNamespace(
            box,
            `socat -u TCP:${member["node"]?.address ?? ""}:22,readbytes=4,connect-timeout=5 -`,
        ),
    ).toBe("SSH-");
});

networkTest(
    "its bridge deleted, its table changed, a tap device unplugged: shown and put back, machines run on",
    async () => {
        const boot = inNode("cat /proc/sys/kernel/random/boot_id");
        const repaired = { "lan-bridge": "update", "lan-names": "replace" };
        for (const damage of [
            "echo 0 >/proc/sys/net/ipv4/ip_forward",
            `nft delete chain inet kubedev-${bridge} postrouting; echo 1 >/proc/sys/net/ipv4/ip_forward`,
            `nft delete table inet kubedev-${bridge}; ip link delete ${bridge}`,
        ]) {
            inNamespace(host, damage);
            expect([damage, await previewed()]).toEqual([damage, repaired]);
        }
        await up();
        expect(await previewed()).toEqual({});
        expect(lease(member["box"]?.mac ?? "")).toContain("10.44.0.7/16");
        expect(callerSeenOutside(box)).toBe(upstream);
        expect(inNode("cat /proc/sys/kernel/random/boot_id")).toBe(boot);
        expect(inNode(`exec bash -c "cat <>/dev/tcp/${world}/80"`)).toBe(upstream);
    },
);

networkTest(
    "one more machine, and no way out: in place; its machine killed: the same address",
    async () => {
        const moved = { cidr: "10.45.0.0/16", machines: [{ name: "node" }] };
        const anew = ["lan-bridge", "lan-names", "node-machine", "node-ready"];
        expect(await previewed(moved)).toEqual(
            Object.fromEntries(anew.map((name) => [name, "replace"])),
        );
        const more = { machines: [...machines, { name: "late" }], nat: false };
        expect(await previewed(more)).toEqual({
            "lan-bridge": "update",
            "lan-names": "replace",
            "node-ready": "update",
        });
        const record = path.join(stack.stateHome, "kubedev/host-network/test/node-machine/record");
        const [, pid] = /^pid=(\d+)$/m.exec(fs.readFileSync(record, "utf8")) ?? [];
        process.kill(Number(pid), "SIGKILL");
        await up(more);
        expect(await previewed(more)).toEqual({});
        expect(inNode("ip -br -4 address")).toContain(` ${member["node"]?.address ?? "?"}/16 `);
        expect(inNode("getent hosts late")).toMatch(/^10\.44\./);
        expect(lease(member["box"]?.mac ?? "")).toBe("10.44.0.7/16  10.44.0.1 lan");
        inNamespace(box, "ip route replace default via 10.44.0.1");
        expect(fails(box, `socat -T 2 - TCP:${world}:80,connect-timeout=2`)).toBe(true);
        // QEMU's own network is the guest's way out now.
        expect(inNode("ip route show default")).not.toContain("10.44.0.1");
    },
);

networkTest("destroyed: no device, no rule, no process, no file", async () => {
    await stack.destroy({ env: settings() });
    expect(inNamespace(host, "ip -br link | cut -d ' ' -f 1 | sort")).toBe("box0@if2\nlo\nup0@if2");
    expect(
        inNamespace(host, "nft list ruleset; ss -Hlnut; cat /proc/sys/net/ipv4/ip_forward"),
    ).toBe("0");
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
});
