/** What the `command` plugin leaves in the state when a script fails, and what the next run does. */
import { ScratchStack, StackState, UpResult } from "../support/engine";
import { program, takeNotes } from "./command-support";

/** A script fails while its name is in $BROKEN. */
const text = program(`
const script = (line: string) => note(line + " $E") +
    \`; case ",$BROKEN," in *,"\${line}",*) echo out-of-\${line}; echo 'why it failed' >&2; exit 7;; esac\`;
const scripts = (name: string) => ({
    create: script("create " + name),
    update: script("update " + name),
    delete: script("delete " + name),
});
const E = process.env.SPEC ?? "1";
const environment = { E };
new local.Command("created", scripts("created"));
new local.Command("updated", { ...scripts("updated"), environment });
new local.Command("replaced", { ...scripts("replaced"), environment, triggers: [E] },
    { deleteBeforeReplace: true });
if (E === "1") new local.Command("deleted", { ...scripts("deleted"), environment });
`);

const env = (spec: string, ...broken: string[]) => ({
    env: { SPEC: spec, BROKEN: broken.join(",") },
    args: ["--continue-on-error"],
});
const names = (s: StackState | undefined) =>
    (s?.deployment.resources ?? [])
        .filter((r) => r.type === "command:local:Command")
        .map((r) => `${r.urn.split("::").pop()}${r.pendingReplacement ? " pending" : ""}`)
        .sort();

describe("failures", () => {
    let stack: ScratchStack;
    let first: UpResult;
    let second: UpResult;
    const states: StackState[] = [];
    const notes: string[][] = [];

    beforeAll(async () => {
        stack = await ScratchStack.create({ program: text });
        const keep = async (r: UpResult) => {
            notes.push(takeNotes(stack));
            states.push(await stack.exportState());
            return r;
        };
        first = await keep(await stack.up({ ...env("1", "create created"), expectFailure: true }));
        second = await keep(
            await stack.up({
                ...env("2", "update updated", "create replaced", "delete deleted"),
                expectFailure: true,
            }),
        );
        await keep(await stack.up(env("2")));
    });
    afterAll(() => stack.dispose());

    test("the error has the exit status and all output", () => {
        const [error] = first.errors.filter((e) => e.includes("out-of-create created"));
        expect(error).toMatch(/exit status 7/);
        expect(error).toMatch(/why it failed/);
    });

    test("a failed create leaves nothing in the state, and the next run creates", () => {
        expect(first.step("created").status).toBe("failed");
        expect(names(states[0])).toEqual(["deleted", "replaced", "updated"]);
        expect(second.step("created").op).toBe("create");
        expect(names(states[1])).toContain("created");
    });

    test("a failed update keeps the old inputs and is tried again", () => {
        const updated = (s: StackState | undefined) =>
            s?.deployment.resources?.find((r) => r.urn.endsWith("::updated"));
        expect(updated(states[1])?.inputs).toMatchObject({ environment: { E: "1" } });
        expect(notes[1]).toContain("update updated 2");
        expect(notes[2]).toContain("update updated 2");
        expect(updated(states[2])?.inputs).toMatchObject({ environment: { E: "2" } });
    });

    test("a failed delete keeps the resource and is tried again with the old inputs", () => {
        expect(notes[1]).toContain("delete deleted 1");
        expect(names(states[1])).toContain("deleted");
        expect(notes[2]).toContain("delete deleted 1");
        expect(names(states[2])).not.toContain("deleted");
    });

    test("deleteBeforeReplace with a failed create: the next run creates without a second delete", () => {
        const about = (all: string[] | undefined) => all?.filter((n) => n.includes(" replaced "));
        expect(about(notes[1])).toEqual(["delete replaced 1", "create replaced 2"]);
        expect(names(states[1])).toContain("replaced pending");
        expect(about(notes[2])).toEqual(["create replaced 2"]);
        expect(names(states[2])).toEqual(["created", "replaced", "updated"]);
    });
});
