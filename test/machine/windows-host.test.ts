/**
 * Commands and files on a Windows host, on the real engine: a host that is like Windows, by Wine (see
 * test/support/windows-host.ts). Scripts run in cmd, since Wine has no PowerShell: that PowerShell runs them is not proven here.
 */
import { createHash, randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow } from "../support/host-state";
import {
    startWindowsHost,
    windowsMissing,
    WindowsHost,
    windowsStack,
} from "../support/windows-host";

jest.setTimeout(300_000);

interface Declared {
    note: string;
    trigger: string;
    content: string;
    file: string;
    overwrite: boolean;
    script: string;
}

const program = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const read = (name: string) => JSON.parse(fs.readFileSync(path.join(__dirname, name), "utf8"));
const declared = read("declared.json");
const host: kubedev.Host = read("host.json");
const token = new pulumi.Config().requireSecret("token");
const shell = kubedev.WindowsShell.Cmd;
const command = new kubedev.HostCommand("Command", {
    host, shell,
    create: declared.script,
    update: '@echo update %NOTE%>>C:\\\\t\\\\log.txt\\n@echo changed %NOTE%',
    delete: '@echo delete>>C:\\\\t\\\\log.txt',
    environment: { NOTE: declared.note, TELL_FILE: "C:\\\\t\\\\told.json", TELL_STDIN: "1", TELL_AWKWARD: declared.awkward, TELL_TOKEN: token },
    stdin: declared.awkward,
    triggers: { trigger: declared.trigger },
    workingDirectory: "C:\\\\t",
});
// A host that other things make is an output.
const file = new kubedev.HostFile("file", {
    host: pulumi.output(host), path: declared.file, content: declared.content, overwrite: declared.overwrite,
});
const secret = new kubedev.HostFile("secret", { host, path: "C:/t/secret", content: token });
export const found = { stdout: command.stdout, sha256: file.sha256, path: file.path };
`;

const create = "C:\\t\\tell.exe a b\n@echo create %NOTE%>>C:\\t\\log.txt\n@echo made %NOTE%";
const awkward = `it's "quoted" 100% %PATH% & ^ | <x> ümläut 漢\n\n  two  blanks\t\\ end\\`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** The operations, without those of the components, which only hold the arguments. */
const things = (result: StepsResult) =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => name.includes("-")));

(windowsMissing === undefined ? describe : describe.skip)(
    `a Windows host${windowsMissing === undefined ? "" : `: ${windowsMissing}`}`,
    () => {
        let windows: WindowsHost;
        let stack: ScratchStack;
        const token = randomUUID();
        let declared: Declared = {
            note: "first",
            trigger: "1",
            content: "one\n",
            file: "C:\\t\\new dir\\deep\\file.txt",
            overwrite: false,
            script: create,
        };
        const declare = (change: Partial<Declared>) => {
            declared = { ...declared, ...change };
            stack.write("declared.json", JSON.stringify({ ...declared, awkward }));
        };
        /** What is previewed is done. What it left undone would show in the preview of the next change. */
        const change = async () => {
            const previewed = things(await stack.preview());
            expect(things(await stack.up())).toEqual(previewed);
            return previewed;
        };
        const read = (windowsPath: string) => fs.readFileSync(windows.here(windowsPath), "utf8");
        const log = () => read("C:\\t\\log.txt").replaceAll("\r", "").split("\n").slice(0, -1);
        const state = () => filesBelow(path.join(windows.profile, ".kubedev/state"));

        beforeAll(async () => {
            windows = await startWindowsHost();
            stack = await windowsStack(windows, program, { token });
            declare({});
        });
        afterAll(async () => {
            await stack.dispose();
            await windows.stop();
        });

        test("up makes all of it with the values as they are", async () => {
            expect(await change()).toEqual({
                "Command-command": "create",
                "file-file": "create",
                "secret-file": "create",
            });
            expect(log()).toEqual(["create first"]);
            expect(JSON.parse(read("C:\\t\\told.json"))).toEqual({
                arguments: ["a", "b"],
                directory: "C:\\t",
                stdin: awkward,
                variables: expect.objectContaining({
                    TELL_AWKWARD: awkward,
                    TELL_TOKEN: token,
                }) as unknown,
            });
            expect(read(declared.file)).toBe("one\n");
            expect(read("C:\\t\\secret")).toBe(token);
            const { stdout, ...found } = (await stack.outputs()).found as Record<string, string>;
            // Wine's echo puts blanks behind it.
            expect(stdout?.trim()).toBe("made first");
            expect(found).toEqual({
                sha256: sha256("one\n"),
                path: declared.file,
            });
            expect(filesBelow(path.join(windows.profile, ".kubedev/agent"))).toHaveLength(1);
        });

        test("the next preview is clean and costs one login, and no secret is in clear", async () => {
            const logins = () => windows.sshd.log().split("Accepted publickey").length;
            const before = logins();
            const shown = await stack.preview({ args: ["--diff"] });
            expect(logins() - before).toBe(1);
            expect(shown.ops()).toEqual({});
            expect(shown.warnings).toEqual([]);
            expect(shown.stdout + shown.stderr).not.toContain(token);
            expect(stack.rawState()).not.toContain(token);
            expect(windows.sshd.log()).not.toContain(token);
        });

        test("changes in place, and what is replaced", async () => {
            declare({ note: "second", content: "two\n" });
            expect(await change()).toEqual({ "Command-command": "update", "file-file": "update" });
            expect(log()).toEqual(["create first", "update second"]);
            expect(read(declared.file)).toBe("two\n");
            const old = declared.file;
            fs.writeFileSync(windows.here("C:\\t\\theirs.txt"), "theirs");
            declare({ trigger: "2", file: "c:/t/theirs.txt", overwrite: true });
            expect(await change()).toEqual({
                "Command-command": "replace",
                "file-file": "replace",
            });
            expect(log().slice(2)).toEqual(["delete", "create second"]);
            expect(read("C:\\t\\theirs.txt")).toBe("two\n");
            expect(fs.existsSync(path.dirname(path.dirname(windows.here(old))))).toBe(false);
        });

        test("a file that was edited or removed by hand shows in the next preview, and is written again", async () => {
            fs.appendFileSync(windows.here("C:\\t\\theirs.txt"), "by hand\n");
            fs.rmSync(windows.here("C:\\t\\secret"));
            expect(await change()).toEqual({ "file-file": "replace", "secret-file": "replace" });
            expect(read("C:\\t\\theirs.txt")).toBe("two\n");
            expect(read("C:\\t\\secret")).toBe(token);
        });

        test("what fails says why: a script, a file of others", async () => {
            declare({ trigger: "3", script: "@echo what went wrong>&2\n@exit /b 9" });
            const failed = (await stack.up({ expectFailure: true })).errors.join("\n");
            expect(failed).toMatch(/exit status 9[^]*what went wrong/);
            // Until it succeeds.
            declare({ script: create });
            expect(await change()).toEqual({ "Command-command": "replace" });
            fs.writeFileSync(windows.here("C:\\t\\other.txt"), "other");
            declare({ file: "C:\\t\\other.txt", overwrite: false });
            expect((await stack.up({ expectFailure: true })).errors.join("\n")).toContain(
                "C:\\t\\other.txt is there already and was not made by kubedev",
            );
            expect(read("C:\\t\\other.txt")).toBe("other");
            expect(read("C:\\t\\theirs.txt")).toBe("theirs");
            declare({ file: "C:\\t\\theirs.txt", overwrite: true });
            expect(await change()).toEqual({ "file-file": "replace" });
        });

        test("what takes too long is ended with all that it started", async () => {
            const quick = program.replace("host, shell,", "host, shell, timeoutSec: 3,");
            const slow = await windowsStack(windows, quick, { token, stack: "slow" });
            const script = "start /b ping -n 300 127.0.0.1 >nul\nping -n 300 127.0.0.1 >nul";
            const file = "C:\\t\\slow.txt";
            slow.write("declared.json", JSON.stringify({ ...declared, script, file, awkward }));
            const said = (await slow.up({ expectFailure: true })).errors.join("\n");
            expect(said).toContain("was stopped after 3 s");
            expect(windows.processes()).toEqual([]);
            await slow.dispose();
        });

        test("destroy puts back what was there, and leaves no file", async () => {
            await stack.destroy();
            expect(log().at(-1)).toBe("delete");
            expect(read("C:\\t\\theirs.txt")).toBe("theirs");
            expect(fs.existsSync(windows.here("C:\\t\\secret"))).toBe(false);
            expect(state()).toEqual([]);
            expect(windows.processes()).toEqual([]);
        });
    },
);
