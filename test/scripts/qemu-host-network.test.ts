/** host-network.sh and its delete in a network namespace: by systemd-networkd, by iproute2, broken off, and beside what is another's. */
import { ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { planOf } from "../../components/qemu/host-network-plan";
import { firewallTable, networkdUnits } from "../../components/qemu/host-network-texts";
import { describeUnless } from "../support/mount-namespace";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { scratchDirectory } from "../support/script-process";

const plan = planOf(
    "lan",
    { user: "alice", project: "kubedev", stack: "dev", machine: "lan" },
    { bridge: "qemu0", cidr: "10.44.0.0/16", machines: [{ name: "a" }, { name: "b" }] },
);
const taps = plan.machines.map(({ tap }) => tap);
const units = networkdUnits(plan);

let directory: string;
let host: NetworkNamespace;
beforeEach(async () => {
    directory = scratchDirectory();
    host = await NetworkNamespace.alone();
});
afterEach(async () => {
    await host.stop();
    fs.rmSync(directory, { recursive: true, force: true });
});

function run(name: string, changes: Record<string, string> = {}) {
    const values = {
        ...{ PATH: process.env["PATH"], HOME: directory },
        ...{ KUBEDEV_DIR: path.join(directory, "scope/stack/lan-bridge"), KUBEDEV_SPEC: "s" },
        ...{ NETWORK_BRIDGE: plan.bridge, NETWORK_MAC: plan.mac, NETWORK_TABLE: plan.table },
        ...{
            NETWORK_ADDRESS: "10.44.0.1/16",
            NETWORK_TAPS: taps.map((tap) => `${tap}\n`).join(""),
        },
        ...{ NETWORK_RULES: firewallTable(plan), NETWORK_NAT: "true", NETWORK_REPAIRS: "0" },
        ...{ NETWORK_USER: "nobody", NETWORK_NETDEV: units.netdev, NETWORK_UNIT: units.network },
        ...changes,
    };
    const [program, ...args] = [...host.within, "sh", "-c", script(`qemu/${name}.sh`)];
    return spawnSync(program, args, { env: values, encoding: "utf8" });
}

/** Runs it, and it has to succeed; answers what it printed. */
function done(name: string, changes: Record<string, string> = {}): string {
    const { status, stdout, stderr } = run(name, changes);
    expect([status, stderr]).toEqual([0, ""]);
    return stdout;
}

const inHost = (command: string) =>
    host.run("sh", "-c", `PATH=$PATH:/usr/sbin:/sbin; ${command}`).trim();
const devices = () => inHost("ip -br link | sed 's/[ @].*//' | sort").split("\n");
const missing = () => /^missing=(.*)$/m.exec(done("host-network-look"))?.[1];

function expectWhole(): void {
    expect(devices()).toEqual([...["lo", "qemu0"], ...taps].sort());
    expect(inHost("ip -o -4 address show dev qemu0")).toContain(
        "inet 10.44.0.1/16 brd 10.44.255.255",
    );
    expect(inHost("ip -o link show master qemu0 up").split("\n")).toHaveLength(2);
    expect(inHost("nft list tables")).toBe("table inet kubedev-qemu0");
    expect(missing()).toBe("");
}

const forwarding = () => inHost("cat /proc/sys/net/ipv4/ip_forward");

function expectNothing(): void {
    expect(devices()).toEqual(["lo"]);
    expect(inHost("nft list ruleset")).toBe("");
    expect(fs.existsSync(path.join(directory, "scope"))).toBe(false);
}

describeUnless(networkNamespaceMissing, "a bridge by iproute2", () => {
    test("made, made again, repaired, and removed twice", () => {
        expect(JSON.parse(done("host-network"))).toEqual({ bridge: "qemu0", table: plan.table });
        expectWhole();
        // A process of the given user, and of no other one, may take it. (Here /dev/net/tun may be root's, without udev.)
        const open =
            'open(my $tun, "+<&=", 3) or die; ioctl($tun, 0x400454ca, pack("Z16 s x22", $ARGV[0], 0x1002)) or exit 7';
        const [enter, ...within] = host.within;
        const opens = (user: string) => {
            const command = `exec setpriv --reuid ${user} --clear-groups perl -e "$0" ${taps[0] ?? ""} 3<>/dev/net/tun`;
            return spawnSync(enter, [...within, "sh", "-c", command, open]).status;
        };
        expect([opens("nobody"), opens("daemon")]).toEqual([0, 7]);
        const index = inHost("ip -o link show qemu0 | cut -d : -f 1");
        done("host-network");
        expect(inHost("ip -o link show qemu0 | cut -d : -f 1")).toBe(index);
        inHost("ip address flush dev qemu0");
        expect(missing()).toBe("its address 10.44.0.1/16");
        done("host-network");
        inHost(`ip link delete ${taps[0] ?? ""}`);
        expect(missing()).toBe(`the tap device ${taps[0] ?? ""} on it`);
        done("host-network");
        inHost("nft add rule inet kubedev-qemu0 forward accept");
        expect(missing()).toBe("the table kubedev-qemu0 as it was");
        done("host-network");
        expectWhole();
        // A machine that is listed no more.
        done("host-network", { NETWORK_TAPS: `${taps[1] ?? ""}\n` });
        expect(devices()).not.toContain(taps[0]);
        done("host-network-delete");
        expectNothing();
        done("host-network-delete");
        expectNothing();
    });

    /** Breaks a run off by a signal once ip, nft and mv have done that many calls. */
    function broken(last: number, signal: string) {
        const bin = path.join(directory, "bin");
        fs.rmSync(bin, { recursive: true, force: true });
        fs.mkdirSync(bin);
        for (const name of ["ip", "nft", "mv"]) {
            const real = inHost(`command -v ${name}`);
            const text = `#!/bin/sh\n${real} "$@"\nstatus=$?\necho x >>'${bin}/calls'\n[ "$(wc -l <'${bin}/calls')" -ne ${String(last)} ] || kill -${signal} "$PPID"\nexit "$status"\n`;
            fs.writeFileSync(path.join(bin, name), text, { mode: 0o755 });
        }
        return run("host-network", {
            PATH: `${bin}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        });
    }

    test("wherever it is killed, the next run ends it, and a delete leaves nothing", () => {
        inHost("echo 0 >/proc/sys/net/ipv4/ip_forward");
        let last = 1;
        let turnedOn = 0;
        for (; broken(last, "KILL").signal === "SIGKILL"; last += 3) {
            turnedOn += Number(forwarding());
            // The next run does not see what was before the one that was killed.
            if (forwarding() === "1") done("host-network");
            done("host-network-delete");
            expectNothing();
            expect(forwarding()).toBe("0");
        }
        expect(last).toBeGreaterThan(9);
        expect(turnedOn).toBeGreaterThan(0);
        done("host-network-delete");
        broken(8, "KILL");
        done("host-network");
        expectWhole();
    });

    test("a first run that is interrupted or fails leaves nothing, a later one what there was", () => {
        inHost("echo 0 >/proc/sys/net/ipv4/ip_forward");
        const expectUndone = () => {
            expectNothing();
            expect(forwarding()).toBe("0");
        };
        let last = 2;
        for (; broken(last, "TERM").status !== 0; last += 4) {
            expectUndone();
        }
        expect(last).toBeGreaterThan(9);
        done("host-network-delete");
        const rejected = () => run("host-network", { NETWORK_RULES: "table inet nobody {" });
        expect(rejected().status).toBe(1);
        expectUndone();
        done("host-network");
        expect(rejected().status).toBe(1);
        expectWhole();
    });

    test("what another one made under the same names stays", () => {
        const [first = "", second = ""] = taps;
        done("host-network");
        // The computer started again without it, and another one was made.
        inHost(`ip link delete qemu0; ip link delete ${first}; ip link delete ${second}`);
        done("host-network", {
            ...{ KUBEDEV_DIR: path.join(directory, "other/stack/lan-bridge") },
            ...{ NETWORK_MAC: "52:54:00:00:00:07", NETWORK_TAPS: `${first}\n` },
        });
        inHost(`ip tuntap add dev ${second} mode tap`);
        done("host-network-delete");
        expect(devices()).toEqual(["lo", "qemu0", first].sort());
        expect(inHost("nft list tables")).toBe("table inet kubedev-qemu0");
        expect(fs.existsSync(path.join(directory, "scope"))).toBe(false);
    });

    test("a device of another is refused and stays", () => {
        inHost("ip link add qemu0 type bridge; ip link set qemu0 address 02:00:00:00:00:07");
        const { status, stderr } = run("host-network");
        expect([status, stderr]).toEqual([
            1,
            expect.stringMatching(
                /device qemu0 is there already \(ether 02:00:00:00:00:07\).*give the HostNetwork another bridge/,
            ),
        ]);
        expect(done("host-network-look")).toContain("bridge=ether 02:00:00:00:00:07\n");
        done("host-network-delete");
        expect(devices()).toEqual(["lo", "qemu0"]);
    });

    test("rules of iptables that drop what is forwarded are seen, and one that lets the network through", () => {
        const drops = () => /^drops=(.*)$/m.exec(done("host-network-look"))?.[1];
        expect(drops()).toBe("false");
        inHost(
            "nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'",
        );
        expect(drops()).toBe("true");
        inHost(
            "nft add chain ip filter DOCKER-USER; nft add rule ip filter DOCKER-USER iifname qemu0 counter accept",
        );
        expect(drops()).toBe("false");
    });

    test("forwarding is turned off again by whoever has turned it on, unless another bridge is there", () => {
        for (const [before, other, after] of [
            ["0", false, "0"],
            ["1", false, "1"],
            ["0", true, "1"],
        ] as const) {
            inHost(`echo ${before} >/proc/sys/net/ipv4/ip_forward`);
            done("host-network");
            expect(forwarding()).toBe("1");
            done("host-network");
            if (other) inHost("ip link add docker0 type bridge");
            done("host-network-delete");
            expect([before, other, forwarding()]).toEqual([before, other, after]);
            if (other) inHost("ip link delete docker0");
        }
        // What was turned on before the computer started again was not turned on by this.
        inHost("echo 0 >/proc/sys/net/ipv4/ip_forward");
        done("host-network");
        fs.writeFileSync(path.join(directory, "scope/stack/lan-bridge/turned-on"), "another boot");
        done("host-network-delete");
        expect(forwarding()).toBe("1");
    });
});

const networkd = "/lib/systemd/systemd-networkd";
const networkdMissing = [networkd, "/usr/bin/dbus-daemon", "/usr/bin/networkctl"].filter(
    (file) => !fs.existsSync(file),
);
describeUnless(
    networkNamespaceMissing ??
        (networkdMissing.length === 0 ? undefined : `no ${networkdMissing.join(", ")}`),
    "a bridge by systemd-networkd",
    () => {
        const started: ChildProcess[] = [];
        beforeEach(async () => {
            inHost(
                "mkdir -p /run/dbus /run/systemd/network /run/systemd/netif && mount -t sysfs -o ro sysfs /sys && " +
                    "chown systemd-network:systemd-network /run/systemd/netif",
            );
            const config = path.join(directory, "bus.conf");
            fs.writeFileSync(
                config,
                `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
                <policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
                <allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
                <allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>`,
            );
            started.push(host.spawn("dbus-daemon", `--config-file=${config}`, "--nofork"));
            await until("[ -S /run/dbus/system_bus_socket ]");
            started.push(host.spawn(networkd));
            await until("networkctl list --no-pager");
        });
        afterEach(async () => {
            for (const child of started.splice(0)) {
                const ended = once(child, "exit");
                child.kill("SIGKILL");
                await ended;
            }
        });

        async function until(command: string): Promise<void> {
            const end = Date.now() + 20_000;
            while (
                spawnSync("sh", ["-c", `${host.within.join(" ")} sh -c '${command}'`]).status !== 0
            ) {
                if (Date.now() > end) throw new Error(`waited 20 s in vain for ${command}`);
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }

        test("made, repaired, and removed with its units", () => {
            done("host-network");
            expectWhole();
            expect(inHost("ls /run/systemd/network")).toBe(
                "10-kubedev-qemu0.netdev\n10-kubedev-qemu0.network",
            );
            expect(inHost("networkctl --no-pager --no-legend list qemu0")).toMatch(
                /qemu0 +bridge +\S+ +configur/,
            );
            inHost("ip address flush dev qemu0");
            done("host-network");
            expectWhole();
            inHost("ip link delete qemu0");
            expect(missing()).toBe("the bridge qemu0");
            done("host-network");
            expectWhole();
            done("host-network-delete");
            expectNothing();
            expect(inHost("ls /run/systemd/network")).toBe("");
        }, 60_000);
    },
);
