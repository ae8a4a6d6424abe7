/**
 * The environment `local-kvm` with `network.mode: bridge` in a network namespace that stands for a host: leases, names, the way
 * out, drift, a real machine and containers of a real engine on one bridge, a proxy.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { macFromName } from "../../components/qemu/mac-address";
import { BridgeBox } from "../support/bridge-box";
import { repoRoot, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";
import { DockerEngine, dockerMissing } from "../support/docker-engine";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { scratchDir } from "../support/scratch";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(600_000);
const testUnless =
    (missing: string | undefined) => (name: string, run: () => Promise<void> | void) =>
        missing === undefined
            ? test(name, async () => run())
            : test.skip(`${name} (${missing})`, async () => run());
const networkTest = testUnless(networkNamespaceMissing);
const dockerTest = testUnless(networkNamespaceMissing ?? dockerMissing);

const bridge = "qemu0";
const world = "192.0.2.9";
const upstream = "192.0.2.1";
const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;
const node = { name: "node", index: 1 };
/** Machines that are shut down: another device of the bridge has the lease of one of them. */
const others = [{ name: "box", networkAddress: "10.44.0.7", running: false }];
const machines = [node, ...others];
const proxyUrl = "http://10.44.0.1:3128";
const network = {
    ...{ mode: "bridge", bridge, cidr: "10.44.0.0/16" },
    ...{ nameServers: [world], proxyUrl },
};
const boxMac = macFromName("lan/box");

let host: NetworkNamespace;
let outside: NetworkNamespace;
let box: BridgeBox;
let stack: ScratchStack;
let tools: string;
/** How to log in to the machine. */
let login = "";
/** Its address on the bridge. */
let address = "";
let docker: DockerEngine | undefined;

beforeAll(async () => {
    if (networkNamespaceMissing !== undefined) return;
    [host, outside] = [await NetworkNamespace.alone(), await NetworkNamespace.alone()];
    host.wire("up0", outside, "up0");
    host.run("ip", "address", "add", `${upstream}/24`, "dev", "up0");
    outside.run("ip", "address", "add", `${world}/24`, "dev", "up0");
    outside.run("ip", "route", "add", network.cidr, "via", upstream);
    host.shell("echo 0 >/proc/sys/net/ipv4/ip_forward");
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
    tools = scratchDir("kubedev-host-network-");
    box = await BridgeBox.beside(host, bridge, tools);
    stack = await ScratchStack.create({ program, project: "kubedev", env: imageCache() });
    configure();
    host.runsCliOf(stack.env, tools);
});

afterAll(async () => {
    await docker?.stop();
    await (stack as ScratchStack | undefined)?.dispose();
    const boxed = (box as BridgeBox | undefined)?.namespace;
    for (const namespace of [boxed, outside, host] as (NetworkNamespace | undefined)[]) {
        await namespace?.stop();
    }
    fs.rmSync(tools, { recursive: true, force: true });
}, 120_000);

function fails(where: NetworkNamespace, command: string): boolean {
    const [name, ...words] = [...where.within, "sh", "-c", command];
    return spawnSync(name, words).status !== 0;
}

/** All that a HostNetwork may change of a host. */
const stateOfHost = () =>
    host.shell(
        "ip -br link; ip -br -4 address; ip route; nft list ruleset; cat /proc/sys/net/ipv4/ip_forward; ss -Hlnut",
    );

/** Settings of the stack. */
function configure(changes: object = {}, all: object[] = machines): void {
    stack.setConfig("local-kvm:machines", JSON.stringify(all));
    stack.setConfig("local-kvm:network", JSON.stringify({ ...network, ...changes }));
}

/** What a preview would do to commands, by the name of the resource. */
async function previewed(): Promise<Record<string, string>> {
    const preview = await stack.preview();
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const ops = preview.ops();
    return Object.fromEntries(commands.map(({ name }) => [name, ops[name] ?? ""]));
}

const up = () => stack.up({ timeoutMs: 550_000 });

async function until(holds: () => boolean): Promise<void> {
    for (let tries = 0; !holds(); tries++) {
        if (tries === 100) throw new Error(`waited 10 s in vain for ${String(holds)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

const textOf = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, "latin1") : "");

const callerSeenOutside = (from: NetworkNamespace) =>
    from.shell(`socat -T 5 - TCP:${world}:80,connect-timeout=5`);
const inNode = (command: string) => host.shell(`${login} '${command}'`);

networkTest("addresses that lead elsewhere are refused, and nothing is touched", async () => {
    const before = stateOfHost();
    configure({ cidr: "192.0.2.0/28" }, [node]);
    const refused = await stack.up({ expectFailure: true });
    expect(refused.errors.join("\n")).toContain(
        'HostNetwork lan: cidr: got 192.0.2.0/28, which has addresses that this host reaches by up0 (192.0.2.1/24); expected a range that leads nowhere else; give it another cidr, as "198.18.0.0/20"',
    );
    configure();
    host.shell(`ip link add ${bridge} type bridge`);
    const taken = await stack.preview({ expectFailure: true });
    expect(taken.errors.join("\n")).toContain(`bridge: got ${bridge}, which is there already`);
    host.shell(`ip link delete ${bridge}`);
    expect(stateOfHost()).toBe(before);
});

networkTest("it is made with a machine on it, and a preview is clean", async () => {
    await up();
    expect(await previewed()).toEqual({});
    const outputs = (await stack.outputs()) as {
        machines: Record<string, { networkAddress: string; console: string }>;
        bridge: Record<string, string>;
        ssh: Record<string, string>;
    };
    login = outputs.ssh["node"] ?? "";
    address = outputs.machines["node"]?.networkAddress ?? "";
    expect(outputs.bridge).toMatchObject({ name: bridge, gateway: "10.44.0.1" });
    expect(outputs.machines["node"]?.console).toBe("telnet 127.0.0.1 7101");
    docker = new DockerEngine(host, path.join(tools, "docker"), outputs.bridge);
    // Nothing listens but on the bridge, and the machine's ports on loopback.
    const listening = host.shell("ss -Hlnut | awk '{ print $1, $5 }' | sort");
    expect(listening.split("\n").filter((line) => !/ 127\./.test(line))).toEqual([
        "tcp 10.44.0.1:53",
        "udp 0.0.0.0%qemu0:67",
        "udp 10.44.0.1:53",
    ]);
});

networkTest("its console and QEMU's monitor are at the ports of its number", async () => {
    const monitor = host.shell("printf 'info status\\n' | socat -t 2 - TCP:127.0.0.1:7001");
    expect(monitor).toContain("VM status: running");
    const heard = path.join(tools, "console");
    host.spawn("socat", "-u", "TCP:127.0.0.1:7101", `OPEN:${heard},creat`);
    await until(() => fs.existsSync(heard));
    inNode("echo spoken >/dev/ttyS0");
    await until(() => textOf(heard).includes("spoken"));
    // It negotiates as telnet does: IAC and WILL.
    expect([...fs.readFileSync(heard).subarray(0, 2)]).toEqual([255, 251]);
});

networkTest("a guest gets its lease, knows names, and goes out under the host's address", () => {
    expect(box.lease(boxMac)).toBe("10.44.0.7/16 10.44.0.1 10.44.0.1 lan");
    expect(box.lookup("node.lan", "10.44.0.1")).toContain(address);
    expect(box.lookup("node", "10.44.0.1")).toContain(address);
    expect(box.lookup("10.44.0.7", "10.44.0.1")).toContain("box.lan");
    expect(box.lookup("www.example", "10.44.0.1")).toContain("203.0.113.5");
    expect(box.lookup("nobody.lan", "10.44.0.1")).not.toContain("203.0.113.5");
    // The host asks by loopback.
    expect(host.shell("busybox nslookup node.lan 10.44.0.1 2>&1 || :")).toContain(address);
    expect(callerSeenOutside(box.namespace)).toBe(upstream);
    // From outside nobody gets in, though the host forwards, nor an answer, though its way leads to the bridge's address.
    expect(outside.shell("busybox ping -c 1 -W 5 10.44.0.1")).toContain(" 0% packet loss");
    expect(outside.shell("busybox nslookup node.lan 10.44.0.1 2>&1 || :")).toContain("timed out");
    box.namespace.spawn("socat", "TCP-LISTEN:99,fork,reuseaddr", "SYSTEM:echo in");
    expect(host.shell("sleep 0.3; socat -T 5 - TCP:10.44.0.7:99")).toBe("in");
    expect(fails(outside, "socat -T 2 - TCP:10.44.0.7:99,connect-timeout=2")).toBe(true);
});

networkTest("nobody else gets a lease", () => {
    expect(() => box.lease("52:54:00:00:00:99")).toThrow();
    expect(box.lease(boxMac)).toContain("10.44.0.7/16");
});

networkTest("a machine has its lease and its way out by the bridge", () => {
    expect(inNode("ip -br -4 address")).toContain(` ${address}/16 `);
    expect(inNode("ip route show default | head -n 1")).toContain("default via 10.44.0.1 ");
    expect(inNode("getent hosts box.lan")).toMatch(/^10\.44\.0\.7 /);
    expect(inNode(`exec bash -c "cat <>/dev/tcp/${world}/80"`)).toBe(upstream);
    expect(box.namespace.shell(`socat -u TCP:${address}:22,readbytes=4,connect-timeout=5 -`)).toBe(
        "SSH-",
    );
});

dockerTest(
    "containers of Docker are on the same bridge, with addresses and names of it",
    async () => {
        await docker?.start();
        const said = docker?.run(
            [
                "ip -4 -o address show dev eth0",
                `ip route show default`,
                "nslookup node.lan",
                `nc -w 5 ${address} 22 </dev/null | head -c 4`,
                `nc -w 5 ${world} 80 </dev/null`,
            ].join("; echo; "),
        );
        expect(said).toMatch(/ inet 10\.44\.1(2[89]|[3-9]\d)\.\d+\/16 /);
        expect(said).toContain("default via 10.44.0.1 ");
        expect(said).toMatch(new RegExp(`Name:\\s+node\\.lan\\s+Address[^:]*:\\s+${address}`));
        expect(said).toContain("SSH-");
        expect(said).toContain(upstream);
        // The engine has no rules and no bridge of its own.
        expect(host.shell("nft list tables")).toBe(`table inet kubedev-${bridge}`);
        expect(host.shell("ip -br link show type bridge | cut -d ' ' -f 1")).toBe(bridge);
        expect(await previewed()).toEqual({});
    },
);

/** A proxy that refuses everything, and notes what it is asked for. */
function startProxy(heard: string) {
    const listen = "TCP-LISTEN:3128,bind=10.44.0.1,fork,reuseaddr";
    return host.spawn("socat", listen, `SYSTEM:head -n 1 >>${heard}; echo HTTP/1.1 403 no`);
}

dockerTest("a proxy on the bridge is that of Docker", async () => {
    const heard = path.join(tools, "asked-by-docker");
    const proxy = startProxy(heard);
    expect(docker?.pull("registry.example/image")).toContain("registry.example");
    await until(() => /^CONNECT registry\.example:443 /m.test(textOf(heard)));
    await docker?.stop();
    proxy.kill();
});

networkTest("a service of the guest has the variables of the proxy, and reaches it", async () => {
    const heard = path.join(tools, "asked-by-guest");
    const proxy = startProxy(heard);
    const { bridge: made } = (await stack.outputs()) as { bridge: { proxyDropIn: string } };
    const encoded = (text: string) => Buffer.from(text).toString("base64");
    const ask = "exec 3<>/dev/tcp/10.44.0.1/3128; echo $$HTTP_PROXY $$NO_PROXY >&3";
    const unit = `[Service]\nType=oneshot\nExecStart=/bin/bash -c "${ask}"\n`;
    inNode(
        `cd /run/systemd/system; mkdir asks.service.d; echo ${encoded(made.proxyDropIn)} | base64 -d >asks.service.d/proxy.conf; ` +
            `echo ${encoded(unit)} | base64 -d >asks.service; systemctl daemon-reload; systemctl start asks.service`,
    );
    await until(() => textOf(heard).endsWith("\n"));
    expect(textOf(heard)).toBe(
        `${proxyUrl} localhost,127.0.0.0/8,10.44.0.0/16,.lan,.svc,.cluster.local\n`,
    );
    proxy.kill();
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
            host.shell(damage);
            expect([damage, await previewed()]).toEqual([damage, repaired]);
        }
        await up();
        expect(await previewed()).toEqual({});
        expect(box.lease(boxMac)).toContain("10.44.0.7/16");
        expect(callerSeenOutside(box.namespace)).toBe(upstream);
        expect(inNode("cat /proc/sys/kernel/random/boot_id")).toBe(boot);
        expect(inNode(`exec bash -c "cat <>/dev/tcp/${world}/80"`)).toBe(upstream);
    },
);

networkTest(
    "one more machine, and no way out: in place; its machine killed: the same address",
    async () => {
        configure({ cidr: "10.45.0.0/16" }, [node]);
        expect(await previewed()).toMatchObject({
            ...{ "lan-bridge": "replace", "lan-names": "replace" },
            ...{ "node-machine": "replace", "node-ready": "replace" },
        });
        configure({ nat: false }, [...machines, { name: "late", running: false }]);
        const steps = Object.entries(await previewed()).filter(([name]) => !/^late-/.test(name));
        expect(Object.fromEntries(steps)).toEqual({
            "lan-bridge": "update",
            "lan-names": "replace",
            "node-ready": "update",
            "box-ready": "update",
        });
        const record = path.join(stack.stateHome, "kubedev/kubedev/test/node-machine/record");
        const [, pid] = /^pid=(\d+)$/m.exec(fs.readFileSync(record, "utf8")) ?? [];
        process.kill(Number(pid), "SIGKILL");
        await up();
        expect(await previewed()).toEqual({});
        expect(inNode("ip -br -4 address")).toContain(` ${address}/16 `);
        expect(inNode("getent hosts late")).toMatch(/^10\.44\./);
        expect(box.lease(boxMac)).toBe("10.44.0.7/16  10.44.0.1 lan");
        box.namespace.shell("ip route replace default via 10.44.0.1");
        expect(fails(box.namespace, `socat -T 2 - TCP:${world}:80,connect-timeout=2`)).toBe(true);
        // QEMU's own network is the guest's way out now.
        expect(inNode("ip route show default")).not.toContain("10.44.0.1");
    },
);

networkTest("destroyed: no device, no rule, no process, no file", async () => {
    await stack.destroy();
    expect(host.shell("ip -br link | cut -d ' ' -f 1 | sort")).toBe("box0@if2\nlo\nup0@if2");
    expect(host.shell("nft list ruleset; ss -Hlnut; cat /proc/sys/net/ipv4/ip_forward")).toBe("0");
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
});
