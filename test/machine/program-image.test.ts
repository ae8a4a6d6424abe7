/** Images of programs in a real engine: made, run, changed in place, and nothing left of them. */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network, sh } from "../support/kind";
import { scratchDir } from "../support/scratch";

jest.setTimeout(600_000);

const busybox = sh("command -v busybox").trim();
const program = `
import * as kubedev from "${library}";
const containers = new kubedev.ContainerEngine("containers", {});
const engine = containers.engine;
const fingerprint = process.env.TOOL ?? "one";
export const image = new kubedev.ProgramImage("tool", {
    engine, binary: { path: "${busybox}", fingerprint }, entrypoint: ["/bin/busybox", "sh", "-c"],
    caCertificates: true,
}).image;
export const root = new kubedev.ProgramImage("Root", {
    engine, binary: { path: "${busybox}", fingerprint: "one" }, repository: "localhost/tools/busybox", user: 0,
}).image;
`;

let home: KindHome;
let stack: ScratchStack;
let before: string;
let endTurn: () => Promise<void>;

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        before = network();
        home = new KindHome(scratchDir("kubedev-home-"));
        stack = await ScratchStack.create({
            program,
            env: { XDG_STATE_HOME: path.join(home.dir, "state") },
        });
    }),
);
afterAll(
    kindHook(async () => {
        await stack.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
    }),
);

const run = (image: unknown, ...args: string[]) =>
    home.docker("run", "--rm", "--network", "none", String(image), ...args);
const images = () =>
    home.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split("\n").sort();

kindTest("a program runs as the user that was asked for, and nothing else is there", async () => {
    await stack.up({ timeoutMs: 300_000 });
    const { image, root } = await stack.outputs();
    expect(images()).toEqual([String(root), String(image)].sort());
    const look = "/bin/busybox id; /bin/busybox find / -xdev -type f -not -path '/sys/*'";
    const [id, ...files] = run(image, look).split("\n");
    expect(id).toMatch(/^uid=65532 gid=65532/);
    // What the engine itself puts there.
    const own = files.filter(
        (file) => !/^\/(\.dockerenv|etc\/(hosts|hostname|resolv\.conf))$/.test(file),
    );
    expect(own.sort()).toEqual(["/bin/busybox", "/etc/ssl/certs/ca-certificates.crt"]);
    expect(run(image, "/bin/busybox touch /tmp/x && /bin/busybox echo written")).toBe("written");
    // Its entrypoint is the last part of its name.
    expect(run(root, "id", "-u")).toBe("0");
    expect((await stack.preview()).changed).toEqual([]);
});

kindTest("another program is another image, in place; the one before goes", async () => {
    const first = await stack.outputs();
    const env = { TOOL: "two" };
    const preview = await stack.preview({ env });
    const things = preview.changed.filter(({ type }) => type.startsWith("command:"));
    expect(things.map(({ name }) => name)).toEqual(["tool-program"]);
    expect(preview.step("tool-program").op).toBe("update");
    await stack.up({ env });
    const second = await stack.outputs();
    expect(second["image"]).not.toBe(first["image"]);
    expect(images()).toEqual([String(second["root"]), String(second["image"])].sort());
});

kindTest("a program that is not there leaves the image before it", async () => {
    const kept = images();
    stack.program(program.replaceAll(busybox, "/none/busybox").replace('"one"', '"three"'));
    const { errors } = await stack.up({ expectFailure: true });
    expect(errors.join("\n")).toContain("there is no file /none/busybox; expected the program");
    expect(images()).toEqual(kept);
    stack.program(program);
});

kindTest("destroy leaves nothing", async () => {
    await stack.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(path.join(home.dir, "state/kubedev"))).toBe(false);
    expect(sh(`grep -F '${home.dir}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(before);
});
