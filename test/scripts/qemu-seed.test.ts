/** scripts/qemu/seed-create.sh: what is on the seed, whose it is, and that nothing else is left. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { runScript, scratchDirectory, shells } from "../support/script-process";

const hasTool = fs.existsSync("/usr/bin/xorrisofs");
const given = {
    SEED_META_DATA: '{"instance-id":"one"}\n',
    SEED_USER_DATA: "#!/bin/sh\n",
    SEED_NETWORK_CONFIG: '{"version":2}\n',
};
let directory: string;
let keys: Record<string, string>;

beforeEach(() => {
    directory = scratchDirectory();
    keys = {
        MACHINE_HOST_KEY: path.join(directory, "keys-host"),
        MACHINE_LOGIN_KEY: path.join(directory, "keys-login.pub"),
    };
    fs.writeFileSync(keys["MACHINE_HOST_KEY"] ?? "", "host key\n", { mode: 0o600 });
    fs.writeFileSync(keys["MACHINE_LOGIN_KEY"] ?? "", "ssh-ed25519 AAAA me\n");
    fs.mkdirSync(path.join(directory, "machine"));
});
afterEach(() => {
    fs.rmSync(directory, { recursive: true, force: true });
});

const machine = (name = "") => path.join(directory, "machine", name);
const create = (shell: string, more: Record<string, string> = {}) =>
    runScript("qemu/seed-create", { ...given, ...keys, ...more }, { shell, cwd: machine() });
const xorriso = (...args: string[]) =>
    execFileSync("xorriso", ["-indev", machine("seed.iso"), ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
    });

describe.each(shells)("%s", (shell) => {
    const tried = hasTool ? test : test.skip;
    tried("a seed that cloud-init finds, root's alone (needs xorriso)", async () => {
        expect(await create(shell)).toMatchObject({ code: 0 });
        expect(fs.readdirSync(machine())).toEqual(["seed.iso"]);
        expect(fs.statSync(machine("seed.iso")).mode & 0o777).toBe(0o600);
        expect(
            execFileSync("blkid", ["-o", "export", machine("seed.iso")], { encoding: "utf8" }),
        ).toMatch(/^LABEL=cidata$[^]*^TYPE=iso9660$/m);
        const lines = xorriso("-lsl", "/")
            .split("\n")
            .filter((line) => line.startsWith("-"));
        const files = lines.map((line) => /^(\S+) .* '(.*)'$/.exec(line)?.slice(1));
        expect(files.sort()).toEqual(
            ["host-key", "login-key", "meta-data", "network-config", "user-data"].map((name) => [
                "-r--------",
                name,
            ]),
        );
        expect(lines.every((line) => /^\S+ +1 0 +0 /.test(line))).toBe(true);
        const out = path.join(directory, "out");
        xorriso("-osirrox", "on", "-extract", "/", out);
        const read = (name: string) => fs.readFileSync(path.join(out, name), "utf8");
        expect(read("user-data")).toBe("#!/bin/sh\n");
        expect(read("meta-data")).toBe('{"instance-id":"one"}\n');
        expect(read("host-key")).toBe("host key\n");
        execFileSync("chmod", ["-R", "u+w", out]);
    });

    tried("again, over what an interrupted run left (needs xorriso)", async () => {
        await create(shell);
        fs.mkdirSync(machine("seed"), { mode: 0o500 });
        fs.writeFileSync(machine("seed.iso.new"), "half");
        expect(await create(shell, { SEED_META_DATA: '{"instance-id":"two"}\n' })).toMatchObject({
            code: 0,
        });
        expect(fs.readdirSync(machine())).toEqual(["seed.iso"]);
        expect(fs.readFileSync(machine("seed.iso"), "latin1")).toContain('{"instance-id":"two"}');
    });

    test("without its tool it says which package has it, and leaves nothing", async () => {
        const shellAlone = path.join(directory, "bin");
        fs.mkdirSync(shellAlone);
        fs.symlinkSync(`/bin/${shell}`, path.join(shellAlone, shell));
        const ran = await create(shell, { PATH: shellAlone });
        expect(ran.code).not.toBe(0);
        expect(ran.stderr).toContain("apt-get install xorriso");
        expect(fs.readdirSync(machine())).toEqual([]);
    });
});
