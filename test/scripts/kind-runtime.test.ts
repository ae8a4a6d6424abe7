/** The OCI runtime for hosts without CAP_SYS_RESOURCE: what it leaves of what the engine asks for, and what it calls then. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { scratchDirectory } from "../support/script-process";

let dir: string;
beforeEach(() => {
    dir = scratchDirectory();
    fs.mkdirSync(path.join(dir, "bin"));
    fs.writeFileSync(path.join(dir, "bin/runc"), `#!/bin/sh\nprintf '%s\\n' "$@"\nexit 7\n`, {
        mode: 0o755,
    });
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const run = (...args: string[]) =>
    spawnSync("bash", ["-c", script("kind/runtime-without-sys-resource.sh"), "runtime", ...args], {
        env: { PATH: `${dir}/bin:${process.env["PATH"] ?? ""}` },
        encoding: "utf8",
    });
const capabilities = (...more: string[]) => ({
    bounding: ["CAP_CHOWN", ...more],
    effective: ["CAP_CHOWN", ...more],
    permitted: [...more, "CAP_NET_ADMIN"],
});
const read = (name: string) => JSON.parse(fs.readFileSync(path.join(dir, name), "utf8")) as unknown;
const write = (name: string, value: unknown) =>
    fs.writeFileSync(path.join(dir, name), JSON.stringify(value));

test.each([
    ["create", ["--bundle", "BUNDLE", "id"]],
    ["create", ["--bundle=BUNDLE", "id"]],
    ["run", ["-b", "BUNDLE", "id"]],
])("%s %j: the bundle loses the capability, and nothing else", (verb, args) => {
    const rest = { ociVersion: "1.0.2", mounts: [{ destination: "/proc" }] };
    write("config.json", {
        ...rest,
        process: { args: ["sh"], capabilities: capabilities("CAP_SYS_RESOURCE") },
    });
    const words = ["--root", "/r", verb, ...args.map((word) => word.replace("BUNDLE", dir))];
    const ran = run(...words);
    expect(read("config.json")).toEqual({
        ...rest,
        process: { args: ["sh"], capabilities: capabilities() },
    });
    // The words and the status are runc's.
    expect(ran.stdout).toBe(words.map((word) => `${word}\n`).join(""));
    expect(ran.status).toBe(7);
});

test.each([[["--process", "FILE"]], [["--process=FILE"]], [["-p", "FILE"]]])(
    "exec %j: the process loses it",
    (args) => {
        write("process.json", { args: ["sh"], capabilities: capabilities("CAP_SYS_RESOURCE") });
        const file = path.join(dir, "process.json");
        run("exec", ...args.map((word) => word.replace("FILE", file)), "id");
        expect(read("process.json")).toEqual({ args: ["sh"], capabilities: capabilities() });
    },
);

test("what asks for no capability stays as it is, and so does what another verb names", () => {
    write("config.json", { process: { args: ["sh"] } });
    run("create", "--bundle", dir, "id");
    expect(read("config.json")).toEqual({ process: { args: ["sh"] } });
    write("config.json", { process: { capabilities: capabilities("CAP_SYS_RESOURCE") } });
    expect(run("delete", "--bundle", dir, "id").stdout).toContain("delete");
    expect(read("config.json")).toEqual({
        process: { capabilities: capabilities("CAP_SYS_RESOURCE") },
    });
});
