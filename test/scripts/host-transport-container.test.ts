/** scripts/host/transport-container.sh against a docker that runs things here: what arrives in the container, and what is said when it does not run. */
import { spawn } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { Container, Ssh } from "../../components/host/host";
import { hostName } from "../../components/host/ssh-argv";
import { containerText, hostEnvironment } from "../../components/host/transport";
import { script } from "../../components/internal/scripts";
import { Ran, scratchDirectory } from "../support/script-process";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";

/** Of containers it knows `node`, which runs, `stopped`, `paused`, `ending`, which has stopped once something was to run in it, and in an engine of one's own `mine`. It gives nothing of its surroundings on. */
const docker = String.raw`#!/bin/sh
[ ! -e "$(dirname "$0")/dead" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
for last; do :; done
case "$1 $DOCKER_HOST" in
inspect*)
    case "$last $DOCKER_HOST" in
    "node " | "mine unix:///s/kubedev/engine/docker.sock") echo true false ;;
    "stopped ") echo false false ;;
    "paused ") echo true true ;;
    "ending ") if [ -e "$(dirname "$0")/ended" ]; then echo false false; else echo true false; fi ;;
    *) echo "Error: No such container: $last" >&2; exit 1 ;;
    esac
    ;;
exec*)
    [ "$3" != ending ] || { : >"$(dirname "$0")/ended"; exit 1; }
    shift 3 && exec env -i PATH="$PATH" HOME=/in-node "$@"
    ;;
esac
`;

let dir: string;
beforeEach(() => {
    dir = scratchDirectory();
    fs.mkdirSync(path.join(dir, "bin"));
    fs.writeFileSync(path.join(dir, "bin/docker"), docker, { mode: 0o755 });
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function transport(
    verb: string,
    text: string,
    ssh: Ssh & { container: Container },
    own: Record<string, string> = {},
    stdin = "",
): Promise<Ran & { durationMs: number }> {
    const begun = Date.now();
    const way = `${containerText(ssh.container)}${script("host/transport-container.sh")}`;
    const child = spawn("sh", ["-c", way], {
        env: {
            PATH: `${path.join(dir, "bin")}:${process.env.PATH ?? ""}`,
            HOME: "/outside",
            TMPDIR: dir,
            kubedev_verb: verb,
            kubedev_script: text,
            ...hostEnvironment(ssh),
            KUBEDEV_VARS: "VALUE",
            KUBEDEV_CONNECT_SEC: "0",
            KUBEDEV_TIMEOUT_SEC: "20",
            KUBEDEV_SHADOW_DIR: path.join(dir, "stack/.remote/host"),
            KUBEDEV_KEY: "thing",
            ...own,
        },
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    return new Promise((resolve) =>
        child.on("close", (code) => {
            resolve({ code: code ?? -1, ...out, durationMs: Date.now() - begun });
        }),
    );
}
const here = (name: string, ownEngine?: boolean) => ({
    address: "",
    container: { name, ...(ownEngine === undefined ? {} : { ownEngine }) },
});
const awkward = `it's "$HOME" \`id\` \\ %s\n\n  two  blanks\t*\nümläut\n\n`;

const places = sshdMissing === undefined ? ["here", "over ssh"] : ["here"];
describe.each(places)("a container %s", (where) => {
    let sshd: Sshd | undefined;
    const at = (name: string): Ssh & { container: Container } => ({
        ...here(name),
        ...(sshd === undefined
            ? {}
            : {
                  ...{ address: sshd.address, port: sshd.port, user: sshd.user },
                  ...{ privateKeyPath: sshd.privateKeyPath, hostKey: sshd.hostKey },
              }),
    });
    beforeEach(async () => {
        if (where === "over ssh") {
            const config = `SetEnv "PATH=${path.join(dir, "bin")}:/usr/bin:/bin"`;
            sshd = await startSshd({ config });
        }
    });
    afterEach(async () => {
        await sshd?.stop();
        sshd = undefined;
    });

    test("values, standard input and the exit status arrive as they are, and nothing else", async () => {
        const ran = await transport(
            "create",
            'printf "%s|%s|%s|" "$VALUE" "$HOME" "$KUBEDEV_KEY"; cat; echo oops >&2; exit 7',
            at("node"),
            { VALUE: awkward },
            awkward,
        );
        expect(ran.stdout).toBe(`${awkward}|/in-node||${awkward}`);
        expect(ran).toMatchObject({ code: 7, stderr: "oops\n" });
        expect(fs.readdirSync(dir).filter((name) => name !== "bin")).toEqual([]);
        // Only what the engine says is taken for its word.
        expect((await transport("create", "exit 96", at("node"))).code).toBe(1);
    });

    test("a file as standard input", async () => {
        const file = path.join(dir, "pay load");
        const bytes = Buffer.from(Array.from({ length: 300_000 }, (_x, i) => i % 256));
        fs.writeFileSync(file, bytes);
        const own = { KUBEDEV_PAYLOAD_FILE: file };
        const ran = await transport("create", "sha256sum | cut -d ' ' -f 1", at("node"), own);
        expect(ran.stdout).toBe(`${createHash("sha256").update(bytes).digest("hex")}\n`);
    });

    test("one that does not run, or is not there, is said by its name, and was not touched", async () => {
        const said = async (name: string) => {
            const ran = await transport("create", "echo ran", at(name));
            expect(ran).toMatchObject({ code: 1, stdout: "" });
            return ran.stderr;
        };
        expect(await said("stopped")).toBe(
            `kubedev: ${hostName(at("stopped"))} does not answer (tried for 0 s: the container does not run, or is paused). Expected that container to run; correct its name or engine, or start it (docker start stopped)\n`,
        );
        expect(await said("none")).toContain("there is no container of this name");
        fs.writeFileSync(path.join(dir, "bin/dead"), "");
        expect(await said("node")).toContain("the container engine does not answer");
    });
});

test("it is called by its name and its machine", () => {
    expect(hostName(here("node"))).toBe("container node on this machine");
});

test("one in an engine of one's own", async () => {
    const own = { XDG_STATE_HOME: "/s" };
    expect((await transport("create", "echo ran", here("mine", true), own)).stdout).toBe("ran\n");
    expect((await transport("create", "echo ran", here("mine"), own)).code).toBe(1);
});

test("a probe answers what was last seen; what was in a container of ours went with it", async () => {
    const own = { KUBEDEV_INCARNATION: "41", KUBEDEV_MANAGED: "1", KUBEDEV_CONNECT_SEC: "60" };
    expect((await transport("create", "true", here("node"), own)).code).toBe(0);
    expect((await transport("probe", "echo seen", here("node"))).stdout).toBe("seen\n");
    expect((await transport("probe", "echo seen", here("stopped"))).stdout).toBe(
        "unreachable=the container does not run, or is paused\n[thing]\nincarnation=41\nalive=true\n",
    );
    for (const name of ["paused", "ending"]) {
        const seen = (await transport("probe", "echo seen", here(name))).stdout;
        expect(seen).toMatch(/^unreachable=the container does not run.*\n\[thing\]/);
    }
    // Of one that is there nothing has gone.
    const kept = await transport("delete", "echo ran", here("stopped"), own);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain("the container does not run");
    fs.writeFileSync(path.join(dir, "bin/dead"), "");
    expect((await transport("delete", "echo ran", here("node"), own)).code).toBe(1);
    fs.rmSync(path.join(dir, "bin/dead"));
    expect(fs.existsSync(path.join(dir, "stack/.remote/host/thing"))).toBe(true);
    const gone = await transport("delete", "echo ran", here("none"), own);
    expect(gone).toMatchObject({ code: 0, stdout: "" });
    expect(gone.stderr).toContain("what was on it went with it");
    expect(gone.durationMs).toBeLessThan(20_000);
    expect(fs.existsSync(path.join(dir, "stack/.remote/host/thing"))).toBe(false);
    // Without that it is the user's, who is told.
    const foreign = await transport("delete", "echo ran", here("none"), {
        KUBEDEV_CONNECT_SEC: "0",
    });
    expect(foreign.code).toBe(1);
});
