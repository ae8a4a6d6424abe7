/** What is left after a run of the tests is found: the script itself, on things that this test leaves. */
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { repoRoot } from "../support/engine";
import { networkNamespaceMissing } from "../support/network-namespace";
import { scratchDir } from "../support/scratch";

const leftovers = path.join(repoRoot, "test/leftovers");
let dir: string;

beforeEach(() => {
    dir = scratchDir("kubedev-leftovers-");
});

afterEach(() => {
    fs.rmSync(dir, { recursive: true, force: true });
});

function run(line: string, wrapper: string[] = []) {
    const words = [...wrapper, "bash", "-c", line];
    const ran = spawnSync(words[0] ?? "", words.slice(1), {
        encoding: "utf8",
        env: { ...process.env, KUBEDEV_LEFT_SEC: "1", DIR: dir, LEFT: leftovers },
    });
    return {
        status: ran.status,
        found: ran.stdout.trim().split("\n").filter(Boolean),
        error: ran.stderr,
    };
}

test("nothing is left of a run that leaves nothing", () => {
    // Where what others do on this machine does not show.
    const apart = networkNamespaceMissing === undefined ? ["unshare", "--net", "--mount"] : [];
    expect(run('"$LEFT" begin "$DIR" && "$LEFT" check "$DIR"', apart)).toEqual({
        status: 0,
        found: [],
        error: "",
    });
});

test("a directory and a process that are left are named, until they are gone", async () => {
    run('"$LEFT" begin "$DIR"');
    const scratch = path.join(dir, "scratch");
    const made = path.join(dir, "a tree");
    fs.mkdirSync(made);
    fs.appendFileSync(scratch, `${made}\n${path.join(dir, "removed")}\n`);
    const sleeper = spawn("sleep", ["60"], {
        detached: true,
        stdio: "ignore",
        env: { ...process.env, KUBEDEV_TEST_SCRATCH: scratch },
    });
    const ended = new Promise((resolve) => sleeper.once("exit", resolve));
    try {
        const { status, found } = run('"$LEFT" check "$DIR"');
        expect(status).toBe(1);
        expect(found).toEqual(
            expect.arrayContaining([
                `process ${String(sleeper.pid)}: sleep 60`,
                `directory ${made}`,
            ]),
        );
    } finally {
        sleeper.kill();
        await ended;
    }
    fs.rmdirSync(made);
    expect(run('"$LEFT" check "$DIR"').found.filter((line) => line.includes(dir))).toEqual([]);
});

test("a language host is left as long as its engine lives, and is swept when that is dead", async () => {
    run('"$LEFT" begin "$DIR"');
    const engine = net.createServer();
    await new Promise<void>((listens) => engine.listen(0, "127.0.0.1", listens));
    const address = `127.0.0.1:${String((engine.address() as net.AddressInfo).port)}`;
    // As its only argument is the address, it waits for a pipe of that name.
    spawnSync("mkfifo", [address], { cwd: dir });
    const host = spawn("cat", [address], {
        argv0: "/somewhere/pulumi-language-some",
        cwd: dir,
        detached: true,
        stdio: "ignore",
        env: { ...process.env, KUBEDEV_TEST_SCRATCH: path.join(dir, "scratch") },
    });
    const ended = new Promise((resolve) => host.once("exit", (_, signal) => resolve(signal)));
    const line = `process ${String(host.pid)}: /somewhere/pulumi-language-some ${address}`;
    try {
        run('"$LEFT" sweep "$DIR"');
        expect(run('"$LEFT" check "$DIR"').found).toContain(line);
        await new Promise((closed) => engine.close(closed));
        expect(run('"$LEFT" check "$DIR"').found).not.toContain(line);
        run('"$LEFT" sweep "$DIR"');
        expect(await ended).toBe("SIGTERM");
    } finally {
        host.kill("SIGKILL");
    }
});

test("a service is found, which has nothing of a test's environment but one of its directories", async () => {
    run('"$LEFT" begin "$DIR"');
    const home = path.join(dir, "home");
    fs.appendFileSync(path.join(dir, "scratch"), `${home}\n`);
    const service = spawn("sleep", ["60"], {
        detached: true,
        stdio: "ignore",
        env: { PATH: process.env["PATH"], HOME: path.join(home, "me") },
    });
    const ended = new Promise((resolve) => service.once("exit", resolve));
    try {
        expect(run('"$LEFT" check "$DIR"').found).toContain(
            `process ${String(service.pid)}: sleep 60`,
        );
    } finally {
        service.kill();
        await ended;
    }
});

const missing = networkNamespaceMissing;
const inNamespace = missing === undefined ? test : test.skip;
inNamespace(
    `a device, a mount and a table that are left are named${missing === undefined ? "" : ` [not run: ${missing}]`}`,
    () => {
        const left = run(
            `"$LEFT" begin "$DIR" && ip tuntap add left0 mode tap && mkdir "$DIR/on" && mount -t tmpfs left "$DIR/on" && nft add table inet left; "$LEFT" check "$DIR"`,
            ["unshare", "--net", "--mount"],
        );
        expect(left).toMatchObject({ status: 1 });
        expect(left.found.sort()).toEqual([
            `mount ${path.join(fs.realpathSync(dir), "on")}`,
            "network device left0",
            "table inet left",
        ]);
    },
);

test("a word that it does not know is refused with its usage", () => {
    expect(run('"$LEFT" clean "$DIR"')).toMatchObject({
        status: 2,
        error: expect.stringContaining("test/leftovers check DIR") as string,
    });
});
