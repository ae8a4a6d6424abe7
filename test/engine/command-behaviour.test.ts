/**
 * The life cycle of local.Command as the engine sees it: what runs when, with what, and what is
 * stored. All resources share the engine runs: created (v1), changed (v2), refreshed, destroyed.
 */
import { PreviewResult, ScratchStack, StackState, UpResult } from "../support/engine";
import { program, takeNotes, unknown } from "./command-support";

const v1 = program(`
const previous = "\${PULUMI_COMMAND_STDOUT-none}/\${PULUMI_COMMAND_STDERR-none}";
const scripts = (name: string, version: string) => ({
    create: note(\`create \${name} E=$E P=\${previous}\`) + \`; echo out-\${version}; echo err >&2\`,
    update: note(\`update \${name} E=$E P=\${previous}\`) + \`; echo out-\${version}; echo err >&2\`,
    delete: note(\`delete \${name} E=$E P=\${previous} \${version}\`),
});
const old = process.env.VERSION !== "2";
const pick = <T>(a: T, b: T) => (old ? a : b);
const E = pick("1", "2");

new local.Command("same", { ...scripts("same", "1"), environment: { E: "1" } });
const changed = new local.Command("changed", { ...scripts("changed", "1"), environment: { E } });
new local.Command("no-update", {
    ...scripts("no-update", "1"), update: undefined, stdin: E, environment: { E },
});
new local.Command("new-delete", scripts("new-delete", E));
new local.Command("logging", { ...scripts("logging", "1"), logging: pick("stdout", "none") });
new local.Command("quiet", {
    ...scripts("quiet", "1"), environment: { E }, addPreviousOutputInEnv: false,
});

new local.Command("element", {
    ...scripts("element", E), environment: { E }, triggers: [{ size: pick(1, 2) }, "x"],
});
new local.Command("whole", { ...scripts("whole", "1"), triggers: pick<any>(undefined, ["x"]) });
new local.Command("dropped", { ...scripts("dropped", "1"), triggers: pick<any>(["x"], undefined) });
new local.Command("delete-first", {
    ...scripts("delete-first", E), environment: { E }, triggers: [E],
}, { deleteBeforeReplace: true });
if (old) {
    new local.Command("removed", { ...scripts("removed", "1"), environment: { E: "1" } });
}
// The stdout of an updated command is unknown in the preview, and the same after the update.
new local.Command("by-stdout", { ...scripts("by-stdout", "1"), triggers: [changed.stdout] });
new local.Command("by-id", { ...scripts("by-id", "1"), triggers: [changed.id] });
new local.Command("no-scripts", { environment: { E } });
new local.Command("update-only", { update: "echo updated", environment: { E } });
export const stdout = changed.stdout;
`);

describe("life cycle", () => {
    let stack: ScratchStack;
    let firstPreview: PreviewResult;
    let created: string[];
    let secondPreview: PreviewResult;
    let previewNotes: string[];
    let second: UpResult;
    let changed: string[];
    let before: StackState;
    let after: StackState;
    let refreshed: UpResult;
    let clean: PreviewResult;
    let destroyed: string[];

    const stored = (state: StackState, name: string) =>
        state.deployment.resources?.find((r) => r.urn.endsWith(`::${name}`));

    beforeAll(async () => {
        stack = await ScratchStack.create({ program: v1 });
        firstPreview = await stack.preview();
        await stack.up();
        created = takeNotes(stack);
        before = await stack.exportState();
        secondPreview = await stack.preview({ env: { VERSION: "2" } });
        previewNotes = takeNotes(stack);
        second = await stack.up({ env: { VERSION: "2" } });
        changed = takeNotes(stack);
        after = await stack.exportState();
        refreshed = await stack.refresh();
        clean = await stack.preview({ env: { VERSION: "2" } });
        await stack.destroy();
        destroyed = takeNotes(stack);
    });
    afterAll(() => stack.dispose());

    const of = (notes: string[], name: string) => notes.filter((n) => n.split(" ")[1] === name);

    test("a preview runs nothing, and the outputs of a creation are unknown", () => {
        expect(firstPreview.step("changed").op).toBe("create");
        expect(firstPreview.step("changed").newOutputs).toMatchObject({
            stdout: unknown,
            stderr: unknown,
            environment: { E: "1" },
        });
        expect(created.every((n) => n.startsWith("create "))).toBe(true);
        expect(previewNotes).toEqual([]);
    });

    test("create runs without previous output and stores both streams, one newline trimmed", () => {
        expect(of(created, "changed")).toEqual(["create changed E=1 P=none/none"]);
        expect(stored(before, "changed")?.outputs).toMatchObject({
            stdout: "out-1",
            stderr: "err",
        });
        expect(stored(before, "changed")?.id).toMatch(/^changed[0-9a-f]{8}$/);
    });

    test("unchanged inputs are no step", () => {
        expect(second.step("same").op).toBe("same");
        expect(of(changed, "same")).toEqual([]);
        expect(clean.ops()).toEqual({});
    });

    test("a changed input is an update, by the update script, with the previous output", () => {
        expect(secondPreview.step("changed")).toMatchObject({
            op: "update",
            diffReasons: ["environment"],
            detailedDiff: { "environment.E": "update" },
        });
        expect(of(changed, "changed")).toEqual(["update changed E=2 P=out-1/err"]);
    });

    test("an update without an update script runs create again", () => {
        expect(secondPreview.step("no-update").op).toBe("update");
        expect(of(changed, "no-update")).toEqual(["create no-update E=2 P=out-1/err"]);
    });

    test("a change of delete or logging alone updates too", () => {
        expect(second.step("new-delete").op).toBe("update");
        expect(second.step("logging").op).toBe("update");
        expect(of(changed, "new-delete")).toEqual(["update new-delete E= P=out-1/err"]);
        expect(of(changed, "logging")).toEqual(["update logging E= P=out-1/err"]);
    });

    test("addPreviousOutputInEnv: false hides the previous output", () => {
        expect(of(changed, "quiet")).toEqual(["update quiet E=2 P=none/none"]);
    });

    test("outputs are unknown in the preview of an update, and of the unchanged known", () => {
        expect(secondPreview.step("changed").newOutputs).toMatchObject({
            stdout: unknown,
            stderr: unknown,
            environment: { E: "2" },
        });
        expect(secondPreview.step("same").newOutputs).toMatchObject({ stdout: "out-1" });
    });

    test.each(["element", "whole", "dropped", "delete-first"])(
        "a change of triggers replaces although there is an update script: %s",
        (name) => {
            expect(secondPreview.ops()[name]).toBe("replace");
            expect(second.ops()[name]).toBe("replace");
            expect(of(changed, name).some((n) => n.startsWith("update"))).toBe(false);
        },
    );

    test("the diff names the trigger that changed", () => {
        expect(secondPreview.step("element").detailedDiff).toMatchObject({
            "triggers[0].size": "update-replace",
        });
    });

    test("a replacement creates first, without previous output, then deletes by the old inputs", () => {
        expect(of(changed, "element")).toEqual([
            "create element E=2 P=none/none",
            "delete element E=1 P=out-1/err 1",
        ]);
        expect(stored(after, "element")?.id).not.toBe(stored(before, "element")?.id);
    });

    test("deleteBeforeReplace turns the order", () => {
        expect(of(changed, "delete-first")).toEqual([
            "delete delete-first E=1 P=out-1/err 1",
            "create delete-first E=2 P=none/none",
        ]);
    });

    test("a removed resource is deleted by its old script, environment and output", () => {
        expect(secondPreview.ops().removed).toBe("delete");
        expect(of(changed, "removed")).toEqual(["delete removed E=1 P=out-1/err 1"]);
    });

    test("an updated command's stdout in triggers previews as a replacement, its id does not", () => {
        expect(secondPreview.ops()["by-stdout"]).toBe("replace");
        expect(second.step("by-stdout").op).toBe("same");
        expect(secondPreview.step("by-id").op).toBe("same");
    });

    test("without a script for an operation nothing runs", () => {
        expect(stored(before, "no-scripts")?.outputs).toMatchObject({ stdout: "", stderr: "" });
        expect(second.step("no-scripts").op).toBe("update");
        expect(stored(before, "update-only")?.outputs).toMatchObject({ stdout: "" });
        expect(stored(after, "update-only")?.outputs).toMatchObject({ stdout: "updated" });
    });

    test("a refresh sees no difference", () => {
        expect(refreshed.ops()).toEqual({});
    });

    test("destroy runs the delete scripts of the last update, with its output", () => {
        expect(of(destroyed, "changed")).toEqual(["delete changed E=2 P=out-1/err 1"]);
        expect(of(destroyed, "new-delete")).toEqual(["delete new-delete E= P=out-2/err 2"]);
        expect(destroyed.every((n) => n.startsWith("delete "))).toBe(true);
    });
});
