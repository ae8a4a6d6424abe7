/** What cloud-init of a QEMU machine is told, and which user data is refused before a machine is made for it. */
import * as fc from "fast-check";
import { parse } from "yaml";
import { linuxUserData } from "../../components/azure/linux-user-data";
import { cloudConfig } from "../../components/internal/cloud-config";
import {
    type CloudSeed,
    metaData,
    networkConfig,
    seedText,
    seedUserData,
} from "../../components/qemu/cloud-seed";
import { userDataProblems } from "../../components/qemu/user-data-rule";

const seed: CloudSeed = {
    uuid: "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c",
    baseImage: "0123456789abcdef",
    hostname: "node",
    mac: "52:54:00:12:34:56",
};

interface Part {
    type: string;
    name: string;
    text: string;
}

/** Takes a MIME message apart by its boundary, as a mail program does. */
function partsOf(message: string): Part[] {
    const boundary = /^Content-Type: multipart\/mixed; boundary="([^"]+)"\n/.exec(message)?.[1];
    const pieces = message.split(`--${String(boundary)}`);
    expect(pieces.at(-1)).toBe("--\n");
    return pieces.slice(1, -1).map((piece) => {
        const [head = "", ...body] = piece.trimStart().split("\n\n");
        const field = (pattern: RegExp) => pattern.exec(head)?.[1] ?? "";
        const text = body.join("\n\n");
        return {
            type: field(/^Content-Type: ([^;\n]+)/m),
            name: field(/filename="([^"]+)"/),
            text: head.includes("base64") ? Buffer.from(text, "base64").toString() : text,
        };
    });
}

test("the user's part stands behind what kubedev would rather have, before what its login takes", () => {
    const parts = partsOf(seedUserData("#cloud-config\npackages: [git]\n"));
    expect(parts.map(({ type, name }) => `${name} ${type}`)).toEqual([
        "kubedev-defaults text/cloud-config",
        "user-data text/plain",
        "kubedev-login text/cloud-config",
        "kubedev-keys text/cloud-boothook",
    ]);
    const [defaults, users, login, keys] = parts.map(({ text }) => text);
    expect(parse(defaults ?? "")).toEqual({ ssh_pwauth: false, manage_etc_hosts: false });
    expect(users).toBe("#cloud-config\npackages: [git]\n");
    expect(parse(login ?? "")).toEqual({
        disable_root: false,
        ssh_deletekeys: false,
        ssh_genkeytypes: ["ed25519"],
        ssh_keys: {},
    });
    expect(keys).toMatch(/^#!\/bin\/sh\nset -eu\n/);
});

test("without user data there is no such part", () => {
    expect(partsOf(seedUserData(undefined)).map(({ name }) => name)).toEqual([
        "kubedev-defaults",
        "kubedev-login",
        "kubedev-keys",
    ]);
});

test("what an agent in Azure gets arrives byte by byte", () => {
    const given = linuxUserData({ user: "dev", packages: ["tree"] });
    expect(partsOf(seedUserData(given))[1]?.text).toBe(given);
});

test("any text does", () => {
    fc.assert(
        fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
            expect(partsOf(seedUserData(`#!${text}`))[1]?.text).toBe(`#!${text}`);
        }),
    );
});

test("a message stands in the message as it is", () => {
    const given =
        'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n\n--b--\n';
    const [, users] = partsOf(seedUserData(given));
    expect(users?.type).toBe("multipart/mixed");
    expect(seedUserData(given)).toContain(`\n${given}`);
});

test("host keys in a message, which are not looked for, are overruled: of two settings the later one counts", () => {
    const given =
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/cloud-config\n\nssh_keys: {ed25519_private: x}\n\n--b--\n';
    expect(userDataProblems(given)).toEqual([]);
    const parts = partsOf(seedUserData(given));
    const types = parts.map(({ type }) => type);
    const users = types.indexOf("multipart/mixed");
    const login = types.lastIndexOf("text/cloud-config");
    expect(login).toBeGreaterThan(users);
    expect(parse(parts[login]?.text ?? "")).toMatchObject({ ssh_keys: {} });
});

test("name and network", () => {
    expect(parse(metaData(seed))).toEqual({
        "instance-id": expect.stringMatching(/^kubedev-[0-9a-f]{16}$/) as string,
        "local-hostname": "node",
    });
    expect(parse(networkConfig(seed.mac))).toEqual({
        version: 2,
        ethernets: { card0: { match: { macaddress: "52:54:00:12:34:56" }, dhcp4: true } },
    });
});

test("further cards come and go with each boot, and make no other instance", () => {
    const card = { network: "lan", mac: "52:54:00:00:00:02", address: "198.18.0.2/20" };
    expect(parse(networkConfig(seed.mac, [card]))).toMatchObject({
        ethernets: {
            card0: { match: { macaddress: seed.mac } },
            card1: {
                match: { macaddress: "52:54:00:00:00:02" },
                addresses: ["198.18.0.2/20"],
                optional: true,
            },
        },
    });
    // On a bridge it asks for its lease, and its way out is the better one for NetworkManager, too.
    const tapped = { ...card, tap: "kt1" };
    expect(parse(networkConfig(seed.mac, [tapped]))).toMatchObject({
        ethernets: { card1: { dhcp4: true, "dhcp4-overrides": { "route-metric": 512 } } },
    });
    expect(networkConfig(seed.mac, [tapped])).not.toContain(card.address);
    const [, manager = ""] = /SEED_CARD_FILES='?(.*) - /.exec(seedText(seed, [tapped])) ?? [];
    expect(manager).toContain("/etc/NetworkManager/conf.d/05-kubedev-lan.conf");
    expect(seedText(seed, [card])).not.toContain("NetworkManager");
    const line = (text: string, name: string) =>
        text.split("\n").find((each) => each.startsWith(`export ${name}=`));
    const [alone, joined] = [seedText(seed), seedText(seed, [card])];
    expect(line(joined, "SEED_META_DATA")).toBe(line(alone, "SEED_META_DATA"));
    expect(line(joined, "SEED_NETWORK_CONFIG")).not.toBe(line(alone, "SEED_NETWORK_CONFIG"));
    const [defaults] = partsOf(seedUserData(undefined, true));
    expect(parse(defaults?.text ?? "")).toEqual({
        ssh_pwauth: false,
        manage_etc_hosts: false,
        updates: { network: { when: ["boot-new-instance", "boot"] } },
    });
});

test.each<[keyof CloudSeed, string]>([
    ["uuid", "another"],
    ["baseImage", "another"],
    ["hostname", "other"],
    ["mac", "52:54:00:00:00:01"],
    ["userData", "#!/bin/sh\n"],
])("another %s: another instance", (field, value) => {
    const id = (one: CloudSeed) => (parse(metaData(one)) as Record<string, string>)["instance-id"];
    expect(id({ ...seed, [field]: value })).not.toBe(id(seed));
    expect(id({ ...seed })).toBe(id(seed));
});

test("the longest user data still fits into the environment of a process (128 KiB a variable)", () => {
    const text = seedText({ ...seed, userData: `#!/bin/sh\n#${"x".repeat(65_524)}` });
    expect(Buffer.byteLength(text)).toBeLessThan(100 * 1024);
});

test.each([
    ["settings", "#cloud-config\npackages: [git]\n"],
    ["no settings", "#cloud-config"],
    ["YAML 1.1", "#cloud-config\nssh_pwauth: yes\nfile: {mode: 0644}\n"],
    ["a script", "#!/bin/sh\necho ssh_keys:\n"],
    ["a boot hook", "#cloud-boothook\necho\n"],
    ["a template", "## template: jinja\n#cloud-config\n{% if x %}\n"],
    ["addresses", "#include\nhttps://example.org/x\n"],
    ["a list of parts", "#cloud-config-archive\n- {type: text/x-shellscript, content: x}\n"],
    ["a message", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b--\n"],
    ["what an agent gets", linuxUserData({ user: "dev" })],
    ["what the renderer makes", cloudConfig({ hostname: "a", rootLogin: false })],
])("user data: %s", (_what, text) => {
    expect(userDataProblems(text)).toEqual([]);
});

test.each([
    ["packages: [git]\n", "expected text that begins with one of #cloud-config, #!, "],
    [" #!/bin/sh\n", "expected text that begins with"],
    ["", "expected text that begins with"],
    [`#!${"x".repeat(65_535)}`, "expected at most 65535 bytes"],
    ["#!/bin/sh\n\0", "expected no NUL character"],
    ["#cloud-config\na: [\n", "expected YAML below #cloud-config: "],
    ["#cloud-config\n- a\n", "expected settings by name below #cloud-config"],
    ["#cloud-config\nssh_keys: {ed25519_private: x}\n", "expected no ssh_keys: "],
])("refused: %j", (text, problem) => {
    expect(userDataProblems(text).join()).toContain(problem);
});
