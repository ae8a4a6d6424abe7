/** network-switch.pl between sockets that play machines, and network-routes.sh on tables of routes. */
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { runScript, scratchDirectory, shells } from "../support/script-process";

let directory: string;
beforeEach(() => {
    directory = scratchDirectory();
});
afterEach(() => {
    fs.rmSync(directory, { recursive: true, force: true });
});

describe("network-switch.pl", () => {
    const children: ChildProcess[] = [];
    afterEach(async () => {
        await Promise.all(children.splice(0).map(end));
    });

    async function end(child: ChildProcess): Promise<void> {
        if (child.exitCode !== null || child.signalCode !== null) {
            return;
        }
        const closed = new Promise((resolve) => child.once("close", resolve));
        child.kill("SIGKILL");
        await closed;
    }

    async function startSwitch(): Promise<ChildProcess> {
        const cwd = path.join(directory, "lan-switch");
        fs.rmSync(cwd, { recursive: true, force: true });
        fs.mkdirSync(cwd);
        const child = spawn("perl", ["-e", script("qemu/network-switch.pl"), "lan"], {
            cwd,
            stdio: "inherit",
        });
        children.push(child);
        await until(() => fs.existsSync(path.join(cwd, "switch.sock")));
        return child;
    }

    /** Frames that a machine has got: their texts. */
    let got: Record<string, string[]> = {};
    beforeEach(() => {
        got = {};
    });

    /** Something that gets frames where QEMU would. */
    async function startMachine(name: string, network = "lan"): Promise<ChildProcess> {
        const cwd = path.join(directory, name);
        const socket = path.join(cwd, `net-${network}.sock`);
        fs.mkdirSync(cwd, { recursive: true });
        fs.rmSync(socket, { force: true });
        got[name] = [];
        const child = spawn("socat", ["-u", `UNIX-RECV:net-${network}.sock`, "-"], { cwd });
        children.push(child);
        child.stdout.on("data", (data: Buffer) => {
            got[name]?.push(...(data.toString("latin1").match(/<\w+>/g) ?? []));
        });
        await until(() => fs.existsSync(socket));
        return child;
    }

    const mac = (digit: string) =>
        digit === "*" ? Buffer.alloc(6, 0xff) : Buffer.from(`52540000000${digit}`, "hex");

    /** Sends a frame under a machine's own address, as QEMU does; MAC addresses are one digit. */
    function send(from: string, to: string, text: string, source = from): void {
        sendFrame(from, Buffer.concat([mac(to), mac(source), Buffer.from(`\x08\x00<${text}>`)]));
    }

    /** Sends it as often as is said, each time with another number in its source address. */
    function sendFrame(from: string, frame: Buffer, times = 1): void {
        // A second socket cannot have the path of the first, so perl sends by a socket of this name beside it.
        const sender =
            "use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); my ($path, $aside, $times) = @ARGV; rename $path, $aside;" +
            "bind($s, pack_sockaddr_un($path)); local $/; my $frame = <STDIN>; for my $n (1 .. $times) {" +
            "substr($frame, 8, 2) = pack 'n', $n if $times > 1;" +
            "send($s, $frame, 0, pack_sockaddr_un('../lan-switch/switch.sock')) } rename $aside, $path";
        const socket = `../m${from}/net-lan.sock`;
        const ran = spawnSync("perl", ["-e", sender, socket, `${socket}.aside`, String(times)], {
            cwd: path.join(directory, `m${from}`),
            input: frame,
        });
        expect(ran.stderr.toString()).toBe("");
    }

    test("floods what it does not know, learns, and leaves other networks alone", async () => {
        await startSwitch();
        for (const name of ["m1", "m2", "m3"]) {
            await startMachine(name);
        }
        await startMachine("stranger", "other");
        send("1", "*", "broadcast");
        await until(() => got["m2"]?.length === 1 && got["m3"]?.length === 1);
        send("2", "1", "answer");
        send("1", "2", "direct");
        await until(() => got["m1"]?.length === 1 && got["m2"]?.length === 2);
        expect(got).toEqual({
            m1: ["<answer>"],
            m2: ["<broadcast>", "<direct>"],
            m3: ["<broadcast>"],
            stranger: [],
        });
    }, 30_000);

    test("a machine or the switch itself started anew is found again, without the others", async () => {
        const first = await startSwitch();
        await startMachine("m1");
        const second = await startMachine("m2");
        send("2", "*", "here");
        await until(() => got["m1"]?.length === 1);
        await end(second);
        send("1", "2", "lost");
        await startMachine("m2");
        send("1", "2", "back");
        await until(() => got["m2"]?.length === 1);
        expect(got["m2"]).toEqual(["<back>"]);
        await end(first);
        await startSwitch();
        // It has heard of nobody yet.
        send("1", "2", "again");
        await until(() => got["m2"]?.length === 2);
        expect(got["m2"]).toEqual(["<back>", "<again>"]);
    }, 30_000);

    test("a broadcast address as the source is nobody's: what is meant for all still reaches all", async () => {
        await startSwitch();
        for (const name of ["m1", "m2", "m3"]) {
            await startMachine(name);
        }
        send("1", "2", "forged", "*");
        await until(() => got["m2"]?.length === 1 && got["m3"]?.length === 1);
        send("2", "*", "broadcast");
        await until(() => got["m1"]?.length === 1 && got["m3"]?.length === 2);
    }, 30_000);

    test("of more addresses than 4096 all are forgotten, and machines are reached as before", async () => {
        await startSwitch();
        for (const name of ["m1", "m2", "m3"]) {
            await startMachine(name);
        }
        send("1", "*", "here");
        await until(() => got["m3"]?.length === 1);
        send("2", "1", "direct");
        await until(() => got["m1"]?.length === 1);
        sendFrame("2", Buffer.concat([mac("2"), mac("2"), Buffer.from("\x08\x00")]), 4096);
        send("2", "1", "flooded");
        await until(() => got["m1"]?.length === 2 && got["m3"]?.length === 2);
        send("1", "2", "answer");
        send("2", "1", "again");
        await until(() => got["m1"]?.length === 3);
        expect(got).toEqual({
            m1: ["<direct>", "<flooded>", "<again>"],
            m2: ["<here>", "<answer>"],
            m3: ["<here>", "<flooded>"],
        });
    }, 30_000);

    async function until(condition: () => boolean): Promise<void> {
        const limit = Date.now() + 10_000;
        while (!condition()) {
            if (Date.now() > limit) {
                throw new Error(`waited 10 s in vain; got ${JSON.stringify(got)}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }
});

describe.each(shells)("network-routes.sh in %s", (shell) => {
    const heading =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    const route = (card: string, base: string, mask: string) =>
        `${card}\t${base}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;

    // 198.18.16.0/20
    async function check(line: string, more: Record<string, string> = {}) {
        const file = path.join(directory, "route");
        fs.writeFileSync(file, heading + line);
        const values = {
            ...{ NETWORK_BASE: "001012C6", NETWORK_MASK: "00F0FFFF", NETWORK_ROUTES: file },
            NETWORK_RECORD: path.join(directory, "record"),
            ...more,
        };
        const { code, stdout } = await runScript("qemu/network-routes", values, { shell });
        return [code, stdout];
    }

    test.each([
        ["a default route", route("eth0", "00000000", "00000000")],
        ["the first half of a VPN's", route("tun0", "00000000", "00000080")],
        ["the other half", route("tun0", "00000080", "00000080")],
        ["a part that the range is in", route("tun0", "000000C0", "000000FE")],
        ["the range before", route("eth0", "000012C6", "00F0FFFF")],
        ["an office's", route("tun0", "0000000A", "000000FF")],
    ])("%s does no harm", async (_what, line) => {
        expect(await check(line)).toEqual([0, ""]);
    });

    test.each([
        ["the range itself", route("tun0", "001012C6", "00F0FFFF"), "198.18.16.0", "255.255.240.0"],
        ["a wider one", route("tun0", "000012C6", "0000FEFF"), "198.18.0.0", "255.254.0.0"],
        ["the widest that counts", route("tun0", "000000C6", "000000FF"), "198.0.0.0", "255.0.0.0"],
        ["a host in it", route("tun0", "091F12C6", "FFFFFFFF"), "198.18.31.9", "255.255.255.255"],
    ])("%s is named", async (_what, line, base, mask) => {
        const all = `${route("eth0", "00000000", "00000000")}${line}`;
        expect(await check(all)).toEqual([1, `a route to ${base} with mask ${mask} by tun0\n`]);
    });

    test("a bridge that this network takes the place of is no reason", async () => {
        const line = route("qemu0", "001012C6", "00F0FFFF");
        expect((await check(line))[0]).toBe(1);
        const record = path.join(directory, "record of the bridge");
        fs.writeFileSync(record, "kind=network\nbridge=qemu0\n");
        expect(await check(line, { NETWORK_BRIDGE_RECORD: record })).toEqual([0, ""]);
    });

    test("a route does not hold up a network that is up", async () => {
        const line = route("tun0", "001012C6", "00F0FFFF");
        expect((await check(line))[0]).toBe(1);
        fs.writeFileSync(path.join(directory, "record"), "");
        expect(await check(line)).toEqual([0, ""]);
    });
});
