/** scripts/debug/binary-look.sh on programs that Go has built, and on what is none. */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { scratchDirectory, shells, startScript } from "../support/script-process";

const dir = scratchDirectory();
afterAll(() => {
    fs.rmSync(dir, { recursive: true });
});

function build(name: string, ...flags: string[]): string {
    const file = path.join(dir, name);
    execFileSync("go", ["build", "-o", file, ...flags, "main.go"], {
        ...{ cwd: dir, stdio: "pipe" },
        env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
    });
    return file;
}
let files: Record<string, string>;
beforeAll(() => {
    // No package is imported, so that none is compiled but the runtime's, which is in any cache.
    fs.writeFileSync(path.join(dir, "main.go"), "package main\n\nfunc main() { println(1) }\n");
    fs.writeFileSync(path.join(dir, "text"), "no program\n");
    fs.writeFileSync(path.join(dir, "empty"), "");
    files = {
        debug: build("debug", "-gcflags=-N -l"),
        // As released programs of a module are built.
        trimmed: build("trimmed", "-trimpath", "-gcflags=main=-N -l"),
        optimized: build("optimized"),
        stripped: build("stripped", "-gcflags=-N -l", "-ldflags=-s -w"),
        text: path.join(dir, "text"),
        empty: path.join(dir, "empty"),
        directory: dir,
        missing: path.join(dir, "missing"),
    };
}, 300_000);

describe.each(shells)("%s", (shell) => {
    const look = async (name: string, preview = "false") => {
        const values = { KUBEDEV_BINARY: files[name] ?? "", KUBEDEV_PREVIEW: preview };
        const running = startScript("debug/binary-look", values, { shell });
        running.child.stdin.end();
        const { code, stdout } = await running.ended;
        expect(code).toBe(0);
        return stdout;
    };

    test.each(["debug", "trimmed"])("%s: nothing is wrong", async (name) => {
        expect(await look(name)).toBe("");
    });

    test.each([
        ["optimized", "which is optimized: nothing of it was compiled with -N"],
        ["stripped", "which is stripped: it has no debug information (.debug_info)"],
        ["text", "which is no 64-bit program of Linux"],
        ["empty", "which is no 64-bit program of Linux"],
        ["directory", "which is no file"],
        ["missing", "which is no file"],
    ])("%s: one line says what, and what was expected", async (name, reason) => {
        const said = await look(name);
        expect(said).toContain(`problem=got ${files[name] ?? ""}, ${reason}`);
        expect(said).toContain(
            "; expected a debug build of a Go program: a Build with debug: true",
        );
        expect(said.match(/\n/g)).toHaveLength(1);
    });

    test("by the name of a process: one must run, but in a preview another may by then", async () => {
        const named = async (name: string, preview: string) => {
            const values = { KUBEDEV_PROCESS_NAME: name, KUBEDEV_PREVIEW: preview };
            const running = startScript("debug/binary-look", values, { shell });
            running.child.stdin.end();
            return (await running.ended).stdout;
        };
        expect(await named("of-nobody", "true")).toBe("");
        expect(await named("of-nobody", "false")).toBe(
            "problem=got processes none that are called of-nobody; expected one\n",
        );
        const name = `named-${String(process.pid)}-${shell}`;
        fs.copyFileSync("/bin/sleep", path.join(dir, name));
        const child = spawn(path.join(dir, name), ["60"], { stdio: "ignore" });
        try {
            expect(await named(name, "false")).toContain(
                `problem=got /proc/${String(child.pid)}/exe, which is stripped`,
            );
        } finally {
            child.kill();
        }
    });

    test("one that is not there may be built yet, in a preview", async () => {
        expect(await look("missing", "true")).toBe("");
    });
});
