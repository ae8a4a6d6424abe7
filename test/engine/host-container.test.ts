/** A container as a host by the real engine, with a docker that runs things here: what a change of it does, and one that does not run. */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";

/** Each container is a directory, which is the home of who works in it; it runs while the directory is there. */
const docker = (dir: string) => `#!/bin/sh
for last; do :; done
case $1 in
inspect) [ -d '${dir}'/"$last" ] && echo true false || { echo "No such container" >&2; exit 1; } ;;
exec)
    container=$3
    shift 3
    exec env -i PATH="$PATH" HOME='${dir}'/"$container" "$@"
    ;;
esac
`;
const program = (name: string, ownEngine = false) => `
import * as kubedev from "${library}";
const host = { container: { name: "${name}", ownEngine: ${String(ownEngine)} } };
const file = new kubedev.HostFile("file", { host, path: process.env.AT + "/${name}/etc/file", content: "a\\n" });
new kubedev.HostCommand("ran", {
    host, create: "cat >&2 && echo once >>~/ran", stdin: file.sha256, update: "true", parentIds: [file.instanceId],
});
`;

let stack: ScratchStack;
let at: string;
beforeAll(async () => {
    stack = await ScratchStack.create({ program: program("one") });
    at = path.join(stack.dir, "containers");
    for (const name of ["bin", "one", "two"]) {
        fs.mkdirSync(path.join(at, name), { recursive: true });
    }
    fs.writeFileSync(path.join(at, "bin/docker"), docker(at), { mode: 0o755 });
});
afterAll(() => stack.dispose());

const surroundings = () => ({
    env: { AT: at, PATH: `${path.join(at, "bin")}:${process.env["PATH"] ?? ""}` },
});
async function touched(text?: string) {
    if (text !== undefined) stack.program(text);
    const { changed } = await stack.preview(surroundings());
    const things = changed.filter(({ type }) => type.startsWith("command:"));
    return things.map(({ name }) => name).sort();
}

test("things are in the container, and what was changed there shows", async () => {
    await stack.up(surroundings());
    expect(fs.readFileSync(path.join(at, "one/etc/file"), "utf8")).toBe("a\n");
    expect(fs.readFileSync(path.join(at, "one/ran"), "utf8")).toBe("once\n");
    expect(await touched()).toEqual([]);
    fs.appendFileSync(path.join(at, "one/etc/file"), "b\n");
    expect(await touched()).toEqual(["file-file", "ran-command"]);
    await stack.up(surroundings());
    expect(fs.readFileSync(path.join(at, "one/etc/file"), "utf8")).toBe("a\n");
});

test("one that does not run is taken as it was last seen", async () => {
    fs.renameSync(path.join(at, "one"), path.join(at, "stopped"));
    const preview = await stack.preview(surroundings());
    expect(preview.changed).toEqual([]);
    fs.renameSync(path.join(at, "stopped"), path.join(at, "one"));
    expect(await touched()).toEqual([]);
});

test("another engine has other containers: things are made anew, as in another container", async () => {
    for (const other of [program("one", true), program("two")]) {
        stack.program(other);
        expect((await stack.preview(surroundings())).ops()).toMatchObject({
            ...{ "file-file": "replace", "ran-command": "replace" },
        });
    }
    await stack.up(surroundings());
    expect(fs.existsSync(path.join(at, "one/etc"))).toBe(false);
    expect(fs.existsSync(path.join(at, "two/etc/file"))).toBe(true);
    await stack.destroy(surroundings());
    expect(fs.readdirSync(path.join(at, "two/.local/state"))).toEqual([]);
});
