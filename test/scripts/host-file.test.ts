/** scripts/host/file-write.sh and file-remove.sh: twice, broken off, with leftovers, on dash and bash. */
import * as fs from "fs";
import * as path from "path";
import { filesBelow, recordOf, until } from "../support/host-state";
import { ScriptHost } from "../support/host-script";
import { shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let host: ScriptHost;
    beforeEach(() => (host = new ScriptHost(shell)));
    afterEach(() => {
        host.dispose();
    });

    const values = (file: string, more: Record<string, string> = {}) => ({
        KUBEDEV_PATH: file,
        KUBEDEV_MODE: "0640",
        KUBEDEV_OWNER: "",
        KUBEDEV_OVERWRITE: "false",
        ...more,
    });
    const mode = (file: string) => (fs.statSync(file).mode & 0o7777).toString(8);

    test("writes, writes again, and removes what it made", async () => {
        const file = host.at("new/deep er/file");
        const text = "first\n\n$HOME `id` \\ ' \"\n\n";
        const first = await host.run("file-write", "f", values(file), text);
        expect(first).toEqual({
            code: 0,
            stdout: `${JSON.stringify({ path: file })}\n`,
            stderr: "",
        });
        expect(fs.readFileSync(file, "utf8")).toBe(text);
        expect(mode(file)).toBe("640");
        expect(mode(path.dirname(file))).toBe("755");
        expect(recordOf(host.dir("f"))).toMatchObject({
            incarnation: "7",
            spec: "spec",
            path: file,
        });

        // What is unchanged is not touched: whoever watches it sees nothing.
        const before = fs.statSync(file);
        await host.run("file-write", "f", values(file), text);
        expect(fs.statSync(file).ino).toBe(before.ino);

        await host.run("file-write", "f", values(file, { KUBEDEV_MODE: "0600" }), "second");
        expect(fs.readFileSync(file, "utf8")).toBe("second");
        expect(mode(file)).toBe("600");

        for (let i = 0; i < 2; i++) {
            expect((await host.run("file-remove", "f", values(file))).code).toBe(0);
        }
        expect(filesBelow(host.home)).toEqual([".local", ".local/state"]);
    });

    test("an empty file, and an empty line at the end", async () => {
        const file = host.at("f");
        for (const text of ["", "\n", "a\n\n\n"]) {
            await host.run("file-write", "f", values(file), text);
            expect(fs.readFileSync(file, "utf8")).toBe(text);
        }
    });

    test("a file of somebody else is refused, and nothing is left behind", async () => {
        const file = host.at("mine");
        fs.writeFileSync(file, "mine");
        const refused = await host.run("file-write", "f", values(file), "theirs");
        expect(refused.code).toBe(1);
        expect(refused.stderr).toBe(
            `kubedev: ${file} is there already and was not made by kubedev; remove it, choose another path, or set overwrite: true (it is put back on destroy)\n`,
        );
        expect(fs.readFileSync(file, "utf8")).toBe("mine");
        expect(filesBelow(host.home)).toEqual([".local", ".local/state", "mine"]);
    });

    test("a dangling link counts as a file of somebody else", async () => {
        const file = host.at("link");
        fs.symlinkSync("/nowhere", file);
        expect((await host.run("file-write", "f", values(file), "x")).code).toBe(1);
        expect(fs.readlinkSync(file)).toBe("/nowhere");
    });

    test("a directory of that name is refused", async () => {
        const refused = await host.run("file-write", "f", values(host.home), "x");
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain("got a directory of that name; expected");
    });

    test("overwrite keeps what was there, and puts it back", async () => {
        const file = host.at("mine");
        fs.writeFileSync(file, "mine", { mode: 0o604 });
        const overwrite = values(file, { KUBEDEV_OVERWRITE: "true" });
        for (const text of ["one", "two"]) {
            expect((await host.run("file-write", "f", overwrite, text)).code).toBe(0);
            expect(fs.readFileSync(file, "utf8")).toBe(text);
        }
        expect((await host.run("file-remove", "f", overwrite)).code).toBe(0);
        expect(fs.readFileSync(file, "utf8")).toBe("mine");
        expect(mode(file)).toBe("604");
        expect(filesBelow(host.home)).toEqual([".local", ".local/state", "mine"]);
    });

    test("a file that cannot be written leaves nothing behind", async () => {
        const file = host.at("new/file");
        const failed = await host.run(
            "file-write",
            "f",
            values(file, { KUBEDEV_OWNER: "no-such-user" }),
            "x",
        );
        expect(failed.code).not.toBe(0);
        expect(failed.stderr).toContain("no-such-user");
        expect(filesBelow(host.home)).toEqual([".local", ".local/state"]);
    });

    test("two files in a directory that was made for them: the last one removes it", async () => {
        const [a, b] = [host.at("dir/a"), host.at("dir/sub/b")];
        await Promise.all([
            host.run("file-write", "a", values(a), "a"),
            host.run("file-write", "b", values(b), "b"),
        ]);
        await host.run("file-remove", "a", values(a));
        expect(fs.existsSync(b)).toBe(true);
        await host.run("file-remove", "b", values(b));
        expect(filesBelow(host.home)).toEqual([".local", ".local/state"]);
    });

    test("a directory with something else in it stays", async () => {
        await host.run("file-write", "a", values(host.at("dir/a")), "a");
        fs.writeFileSync(host.at("dir/other"), "");
        await host.run("file-remove", "a", values(host.at("dir/a")));
        expect(filesBelow(host.at("dir"))).toEqual(["other"]);
    });

    test("killed while it writes: the old file is whole, and the next run goes through", async () => {
        const file = host.at("dir/f");
        await host.run("file-write", "f", values(file), "old");
        const broken = host.start("file-write", "f", values(file), null);
        broken.child.stdin.write("half");
        await until(() => fs.existsSync(`${file}.kubedev-new`), "the new file");
        broken.child.kill("SIGKILL");
        expect(fs.readFileSync(file, "utf8")).toBe("old");
        broken.child.stdin.end();
        await broken.ended;
        expect((await host.run("file-write", "f", values(file), "new")).code).toBe(0);
        expect(filesBelow(host.at("dir"))).toEqual(["f"]);
        expect(fs.readFileSync(file, "utf8")).toBe("new");
    });

    test("removed although its state is lost, and when there is nothing left of either", async () => {
        const file = host.at("f");
        await host.run("file-write", "f", values(file), "x");
        fs.rmSync(host.stack, { recursive: true });
        expect((await host.run("file-remove", "f", values(file))).code).toBe(0);
        expect(fs.existsSync(file)).toBe(false);
        expect(filesBelow(host.at(".local/state"))).toEqual([]);
    });

    test("runs on the same thing wait for each other, and say so", async () => {
        const file = host.at("f");
        const first = host.start("file-write", "f", values(file), null);
        await until(() => fs.existsSync(`${file}.kubedev-new`), "the first run's file");
        const second = host.start("file-write", "f", values(file), "second");
        let said = "";
        second.child.stderr.on("data", (data: Buffer) => (said += data.toString()));
        await until(() => said.includes("waiting for an earlier run"), "the second run to wait");
        first.child.stdin.end("first");
        expect((await first.ended).code).toBe(0);
        expect((await second.ended).code).toBe(0);
        expect(fs.readFileSync(file, "utf8")).toBe("second");
    });

    test("a lock that is not given up ends in a message", async () => {
        const first = host.start("file-write", "f", values(host.at("f")), null);
        await until(() => fs.existsSync(host.at("f.kubedev-new")), "the first run's file");
        const late = await host.run(
            "file-write",
            "f",
            values(host.at("f"), { KUBEDEV_LOCK_SEC: "1" }),
        );
        expect(late.code).toBe(1);
        expect(late.stderr).toContain("still locked by another run after 1 s; end that run (fuser");
        first.child.stdin.end();
        await first.ended;
    });
});
