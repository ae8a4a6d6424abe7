/** Two machines of one snapshot: nothing that is one of a kind is the same, and all is as a cold start would have it. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { killHard, pidOf, dirOf } from "../support/host-state";
import { imageCache, inGuest } from "../support/local-kvm";
import { scratchDir } from "../support/scratch";

const names = ["one", "two"] as const;
/** By the name of a machine. */
type Each<T> = Record<(typeof names)[number], T>;

const program = `
import * as kubedev from "${library}";
const image = new kubedev.BaseImage("debian", {});
const lan = new kubedev.MachineNetwork("lan", { machines: [{ name: "one" }, { name: "two" }] });
const machine = (name: string) => new kubedev.VirtualMachine(name, {
    baseImage: image.files, networks: [lan.network], warmStart: true,
});
const [one, two] = [machine("one"), machine("two")];
const of = ({ sshCommand, mac, networkAddresses }: kubedev.VirtualMachine) => ({ sshCommand, mac, networkAddresses });
export const machines = { one: of(one), two: of(two) };
`;

/** What is asked at once, before anything else is. */
const questions = {
    hostname: "hostname",
    machineId: "cat /etc/machine-id",
    dbusId: "cat /var/lib/dbus/machine-id",
    productUuid: "cat /sys/class/dmi/id/product_uuid",
    tables: "od -An -v -tx1 /sys/firmware/dmi/tables/DMI | tr -d ' \\n'",
    bootId: "cat /proc/sys/kernel/random/boot_id",
    journaldBootId: "journalctl -b -n 1 -o export | sed -n 's/^_BOOT_ID=//p'",
    kernelLine: "cat /proc/cmdline",
    hostKey: "cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key | sha256sum",
    random: "head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n'",
    macs: "cat /sys/class/net/e*/address | tr '\\n' ' '",
    permanentMacs: "ip -d link | sed -n 's/.*permaddr //p'",
    lease: "cat /run/systemd/netif/leases/* | grep -E '^(ADDRESS|CLIENTID)' | tr '\\n' ' '",
    addresses: "ip -o -4 address show scope global | awk '{ print $4 }' | tr '\\n' ' '",
    journals: "ls /var/log/journal /run/log/journal | grep -v : | tr '\\n' ' '",
    // By the first process, which must not have kept what it knew before.
    specifiers:
        "printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c \"echo %%m %%H >/run/specifiers\"\\n' " +
        ">/run/systemd/system/specifiers.service; systemctl start specifiers; cat /run/specifiers",
    failed: "systemctl --failed --no-legend --plain",
    left: "ls /run/kubedev-warm /run/systemd/system/kubedev-warm.service 2>/dev/null || true",
    credential: "cat '/run/credentials/@system/tmpfiles.extra' | sha256sum",
    now: "date +%s.%N",
};
type Answers = Record<keyof typeof questions, string>;

const cache = scratchDir("kubedev-warm-");
let stack: ScratchStack;
let machines: Each<{ sshCommand: string; mac: string; networkAddresses: { lan: string } }>;
let said: string;
const snapshots = () => path.join(cache, "kubedev", "snapshots");

beforeAll(async () => {
    // A cache of its own, with the images of all: snapshots are what is tested.
    const images = path.join(imageCache()["XDG_CACHE_HOME"] ?? "", "kubedev");
    fs.mkdirSync(path.join(cache, "kubedev"));
    for (const shared of ["images", "accelerator"]) {
        fs.mkdirSync(images, { recursive: true });
        fs.symlinkSync(path.join(images, shared), path.join(cache, "kubedev", shared));
    }
    fs.mkdirSync(path.join(images, "images"), { recursive: true });
    stack = await ScratchStack.create({
        program,
        project: `machines-${String(process.pid)}`,
        env: { XDG_CACHE_HOME: cache },
    });
    said = await up();
    machines = (await stack.outputs())["machines"] as typeof machines;
}, 900_000);

afterAll(async () => {
    await stack.dispose();
    fs.rmSync(cache, { recursive: true, force: true });
}, 120_000);

/** Makes the stack; answers what its scripts said meanwhile. */
const up = async () =>
    (await stack.up({ timeoutMs: 900_000 })).progress.map(({ message }) => message).join("");
const changes = async () =>
    (await stack.preview()).changed.filter(({ type }) => type.startsWith("command:"));
const guest = (name: (typeof names)[number], command: string) =>
    inGuest(stack, command, machines[name].sshCommand);
const ask = async (name: (typeof names)[number]): Promise<Answers> => {
    const asked = Object.entries(questions).map(
        ([key, command]) => `echo; echo "== ${key}"; ${command}`,
    );
    const text = await guest(name, asked.join("\n"));
    const answers = text.split(/^== /m).slice(1);
    return Object.fromEntries(
        answers.map((answer) => [answer.split("\n", 1)[0], answer.replace(/^.*\n?/, "").trim()]),
    ) as Answers;
};

test("one snapshot was taken, and both machines started from it", () => {
    expect(said.match(/the snapshot is taken/g)).toHaveLength(1);
    expect(said).not.toContain("starts cold");
    expect(fs.readdirSync(snapshots()).filter((file) => !file.endsWith(".lock"))).toHaveLength(1);
    const [made] = fs.readdirSync(snapshots());
    expect(fs.readdirSync(path.join(snapshots(), made ?? "")).sort()).toEqual(
        ["disk", "intact", "memory", "memory-facts", "state"].sort(),
    );
    // No private key ever was on the disk, in plain or in base64.
    const disk = fs.readFileSync(path.join(snapshots(), made ?? "", "disk"));
    expect(disk.includes("OPENSSH PRIVATE KEY")).toBe(false);
    expect(disk.includes(Buffer.from("-----BEGIN OPENSSH").toString("base64"))).toBe(false);
});

test("what is one of a kind is the machine's own, as a cold start would have it", async () => {
    const answers: Each<Answers> = { one: await ask("one"), two: await ask("two") };
    for (const name of names) {
        const own = answers[name];
        const dir = dirOf(stack, `${name}-machine`);
        const uuid = /'?-uuid'? '?([0-9a-f-]{36})/.exec(
            fs.readFileSync(path.join(dir, "run"), "utf8"),
        )?.[1];
        expect(own).toMatchObject({ hostname: name, productUuid: uuid, failed: "", left: "" });
        expect(own.machineId).toBe(uuid?.replaceAll("-", ""));
        expect(own.dbusId).toBe(own.machineId);
        expect(own.specifiers).toBe(`${own.machineId} ${name}`);
        expect(own.journals).toBe(own.machineId);
        expect(own.journaldBootId).toBe(own.bootId.replaceAll("-", ""));
        expect(own.kernelLine).toContain(`systemd.hostname=${name}`);
        expect(own.macs).toContain(machines[name].mac);
        expect(own.permanentMacs).toBe("");
        expect(own.addresses.split(" ")).toContain("10.0.2.15/24");
        expect(own.addresses).toContain(machines[name].networkAddresses.lan);
        expect(own.lease).toContain(machines[name].mac.replaceAll(":", ""));
        // The first three groups of a UUID stand the other way round there.
        expect(own.tables).toContain(uuid?.replaceAll("-", "").slice(16));
        expect(own.tables).not.toContain("80008000000000000001");
        const key = execFileSync("ssh-keygen", ["-lf", keyOf(dir)], { encoding: "utf8" });
        expect(
            await guest(name, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key | cut -d ' ' -f 2"),
        ).toBe(key.split(" ")[1]);
    }
    for (const key of Object.keys(questions) as (keyof Answers)[]) {
        if (!["failed", "left", "permanentMacs"].includes(key)) {
            expect([key, answers.one[key]]).not.toEqual([key, answers.two[key]]);
        }
    }
}, 180_000);

/** Public half of the host key of a machine. */
function keyOf(machineDir: string): string {
    return path.join(machineDir.replace(/-machine$/, "-host-key-pair"), "id_ed25519.pub");
}

test("its clock is right", async () => {
    for (const name of names) {
        const before = Date.now() / 1e3;
        const now = Number(await guest(name, "date +%s.%N"));
        expect(now).toBeGreaterThan(before - 1);
        expect(now).toBeLessThan(Date.now() / 1e3 + 1);
    }
}, 120_000);

test("they know and reach each other, and the way out", async () => {
    await guest("one", "ping -c 1 -W 20 two && ping -c 1 -W 20 10.0.2.2");
    await guest("two", "ping -c 1 -W 20 one && ping -c 1 -W 20 10.0.2.2");
}, 120_000);

test("a preview is clean", async () => {
    expect(await changes()).toEqual([]);
}, 120_000);

test("killed and started anew it boots its own disk, as the same machine", async () => {
    const before = await ask("one");
    await guest("one", "echo kept >/root/kept && sync");
    await killHard(pidOf(dirOf(stack, "one-machine")));
    const again = await up();
    expect(again).not.toContain("warm start:");
    const after = await ask("one");
    for (const key of [
        "hostname",
        "machineId",
        "productUuid",
        "macs",
        "hostKey",
        "kernelLine",
        "addresses",
    ] as const) {
        expect([key, after[key]]).toEqual([key, before[key]]);
    }
    expect(after.bootId).not.toBe(before.bootId);
    expect(
        await guest(
            "one",
            "cat /root/kept; systemd-detect-virt -q; mount | grep -c /run/kubedev || true",
        ),
    ).toBe("kept\n0");
    expect(await changes()).toEqual([]);
}, 300_000);

test("a snapshot that is damaged is taken anew", async () => {
    const [made] = fs.readdirSync(snapshots()).filter((file) => !file.endsWith(".lock"));
    fs.truncateSync(path.join(snapshots(), made ?? "", "state"), 100_000);
    fs.rmSync(path.join(dirOf(stack, "two-disk"), "disk.qcow2"));
    await killHard(pidOf(dirOf(stack, "two-machine")));
    const again = await up();
    expect(again).toContain("is damaged: it is taken anew");
    expect(again).toContain("the snapshot is taken");
    expect(await guest("two", "hostname")).toBe("two");
    expect(await changes()).toEqual([]);
}, 300_000);
