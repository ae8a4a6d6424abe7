import fc from "fast-check";
import {
    commonBegin,
    scriptTexts,
    textNames,
    verbCommands,
    VerbScripts,
} from "../../components/host/transport";
import { script } from "../../components/internal/scripts";

const file = {
    create: "host/file-write.sh",
    update: "host/file-write.sh",
    delete: "host/file-remove.sh",
};
const disk = {
    create: "qemu/disk-create.sh",
    update: "qemu/disk-update.sh",
    delete: "host/forget.sh",
};
const endless = { create: "qemu/guest-ready.sh", update: "qemu/guest-ready.sh", delete: undefined };

/** What the shell makes of `$NAME$NAME` in a command. */
function scriptOf(
    scripts: VerbScripts,
    verb: keyof VerbScripts,
    texts: Record<string, string>,
): string {
    const words = /kubedev_script=(\S+);/.exec(verbCommands(scripts)[verb] ?? "")?.[1] ?? "";
    return words.replace(/\$(\w+)/g, (_, name: string) => texts[name] ?? `no ${name}`);
}

test.each([file, disk, endless])("$create: each command runs its whole script", (scripts) => {
    const texts = scriptTexts(scripts, { away: false });
    expect(Object.keys(texts).sort()).toEqual(textNames(scripts).sort());
    for (const verb of ["create", "update", "delete"] as const) {
        const name = scripts[verb];
        expect(scriptOf(scripts, verb, texts)).toBe(name === undefined ? "" : script(name));
    }
    const { KUBEDEV_SCRIPT_BEGIN: begin } = texts;
    // One of an end alone has nothing to share.
    expect(begin?.startsWith(script("host/prelude.sh"))).toBe(
        scripts === endless ? undefined : true,
    );
});

test("a script may begin with another", () => {
    const first = "qemu/cloud-init-done.sh";
    const texts = scriptTexts(disk, { away: true }, first);
    expect(scriptOf(disk, "create", texts)).toBe(script(first) + script(disk.create));
    expect(scriptOf(disk, "delete", texts)).toBe(script("host/forget.sh"));
});

test("on this machine no text is carried that only a connection needs", () => {
    const transport = (away: boolean) => scriptTexts(file, { away })["KUBEDEV_TRANSPORT"];
    expect(transport(true)).toBe(script("host/transport.sh"));
    expect(transport(false)).toBe(script("host/transport-here.sh"));
    const first = script("host/transport-first.sh");
    expect([true, false].map((away) => transport(away)?.startsWith(first))).toEqual([true, true]);
});

test("the common begin is whole lines, and with what is left each text again", () => {
    const text = fc.array(fc.constantFrom("a", "b", "\n"), { maxLength: 12 });
    fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (lists) => {
            const texts = lists.map((list) => list.join(""));
            const begin = commonBegin(texts);
            expect(begin === "" || begin.endsWith("\n")).toBe(true);
            expect(texts.every((one) => one.startsWith(begin))).toBe(true);
            const rests = texts.map((one) => one.slice(begin.length).split(/(?<=\n)/)[0] ?? "");
            expect(new Set(rests).size > 1 || !(rests[0] ?? "").endsWith("\n")).toBe(true);
        }),
    );
    expect(commonBegin([])).toBe("");
});
