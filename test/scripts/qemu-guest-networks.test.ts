/** guest-networks.sh as guest-ready.sh runs it, in a scratch /etc, between programs that play the guest's. */
import * as fs from "node:fs";
import * as path from "node:path";
import { Ran, runScript, scratchDirectory, shells } from "../support/script-process";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const card = "[Match]\nMACAddress=52:54:00:00:00:01\n";
const lan = `lan 52:54:00:00:00:01 198.18.0.2/20 ${base64(card)}\n`;
const hosts = "198.18.0.2 a a.lan # kubedev network\n";
const up = "3: br0    inet 198.18.0.2/20 brd 198.18.15.255 scope global br0\\n";

describe.each(shells)("guest-networks.sh in %s", (shell) => {
    let directory: string;
    beforeEach(() => {
        directory = scratchDirectory();
        fs.mkdirSync(at("etc/systemd/network"), { recursive: true });
        fs.mkdirSync(at("bin"));
        fs.writeFileSync(at("etc/hosts"), "127.0.0.1 localhost\n");
        fs.writeFileSync(at("addresses"), "");
        fs.writeFileSync(at("calls"), "");
        play("ip", `cat '${at("addresses")}'`);
        play("systemctl", `echo "systemctl $*" >>'${at("calls")}'`);
        // What is configured is up once it is read.
        play(
            "networkctl",
            `echo "networkctl $*" >>'${at("calls")}'; printf '${up}' >'${at("addresses")}'`,
        );
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const at = (name: string) => path.join(directory, name);
    const read = (name: string) => fs.readFileSync(at(name), "utf8");
    const networkFiles = () => fs.readdirSync(at("etc/systemd/network")).sort();
    const cardPath = "etc/systemd/network/05-kubedev-lan.network";

    function play(program: string, text: string): void {
        fs.writeFileSync(at(`bin/${program}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }

    function run(values: Record<string, string>): Promise<Ran> {
        const PATH = `${at("bin")}:${String(process.env["PATH"])}`;
        const own = { PATH, HOME: directory, GUEST_ETC: at("etc"), KUBEDEV_DIR: at("none") };
        return runScript("qemu/guest-ready", { ...own, ...values }, { shell });
    }

    test("a card that no credential has configured is configured here, once", async () => {
        for (let times = 0; times < 2; times++) {
            expect(await run({ GUEST_NETWORKS: lan, GUEST_HOSTS: hosts })).toMatchObject({
                code: 0,
                stderr: "",
            });
        }
        expect(read(cardPath)).toBe(card);
        expect(fs.statSync(at(cardPath)).mode & 0o777).toBe(0o644);
        expect(networkFiles()).toEqual(["05-kubedev-lan.network"]);
        expect(read("calls")).toBe(
            "systemctl is-active --quiet systemd-networkd\nnetworkctl reload\n",
        );
        expect(read("etc/hosts")).toBe(`127.0.0.1 localhost\n${hosts}`);
    });

    test("what differs is written anew, though the address is up; on which interface is no matter", async () => {
        fs.writeFileSync(at(cardPath), "[Match]\n");
        fs.writeFileSync(at("addresses"), up.replace("\\n", "\n"));
        expect((await run({ GUEST_NETWORKS: lan })).code).toBe(0);
        expect(read(cardPath)).toBe(card);
        expect(read("calls")).toContain("networkctl reload");
    });

    test("what is there and up is left alone, without systemd-networkd too", async () => {
        fs.writeFileSync(at(cardPath), card);
        fs.writeFileSync(at("addresses"), up.replace("\\n", "\n"));
        expect((await run({ GUEST_NETWORKS: lan })).code).toBe(0);
        expect(read("calls")).toBe("");
    });

    test("without systemd-networkd it fails, and says so", async () => {
        play("systemctl", "exit 3");
        const ran = await run({ GUEST_NETWORKS: lan });
        expect(ran.code).toBe(1);
        expect(ran.stderr).toContain("no systemd-networkd runs in this guest");
        expect(networkFiles()).toEqual([]);
    });

    test("what another manager of networks has brought up is left to it", async () => {
        play("systemctl", "exit 3");
        fs.writeFileSync(at("addresses"), up.replace("\\n", "\n"));
        expect((await run({ GUEST_NETWORKS: lan })).code).toBe(0);
        expect(networkFiles()).toEqual([]);
        expect(read("calls")).toBe("");
    });

    test.each([
        ["no /etc/hosts", undefined],
        ["an empty one", ""],
        ["one with old names alone", "198.18.9.9 old # kubedev network\n"],
    ])("names are written into %s", async (_what, before) => {
        fs.rmSync(at("etc/hosts"));
        if (before !== undefined) {
            fs.writeFileSync(at("etc/hosts"), before);
        }
        expect((await run({ GUEST_HOSTS: hosts })).code).toBe(0);
        expect(read("etc/hosts")).toBe(hosts);
    });

    test("networks that were left leave nothing; what is not ours stays", async () => {
        fs.writeFileSync(at(cardPath), card);
        fs.writeFileSync(at("etc/systemd/network/05-kubedev-lan2.network"), card);
        fs.writeFileSync(at("etc/systemd/network/10-own.network"), "");
        fs.mkdirSync(at("etc/NetworkManager/conf.d"), { recursive: true });
        const managerFiles = () => fs.readdirSync(at("etc/NetworkManager/conf.d")).sort();
        for (const name of ["05-kubedev-lan.conf", "05-kubedev-lan2.conf", "10-own.conf"]) {
            fs.writeFileSync(at(`etc/NetworkManager/conf.d/${name}`), "");
        }
        fs.writeFileSync(at("addresses"), up.replace("\\n", "\n"));
        fs.appendFileSync(
            at("etc/hosts"),
            "198.18.9.9 old # kubedev network\n192.0.2.1 own # not a kubedev network!\n",
        );
        expect((await run({ GUEST_NETWORKS: lan, GUEST_HOSTS: hosts })).code).toBe(0);
        expect(networkFiles()).toEqual(["05-kubedev-lan.network", "10-own.network"]);
        expect(managerFiles()).toEqual(["05-kubedev-lan.conf", "10-own.conf"]);
        const own = "127.0.0.1 localhost\n192.0.2.1 own # not a kubedev network!\n";
        expect(read("etc/hosts")).toBe(own + hosts);
        expect((await run({})).code).toBe(0);
        expect(networkFiles()).toEqual(["10-own.network"]);
        expect(read("etc/hosts")).toBe(own);
        expect(read("calls")).toBe("");
    });
});
