/** What another version has left on a host: what is taken over, and what is refused with a way out. */
import { assertFormat, formatProblem, StateFormat } from "../../components/host/state-format";

const third: StateFormat = {
    current: 3,
    oldest: 2,
    lost: {
        what: "its log was a file, and is a directory now",
        upgrade: "npm install kubedev@0.4.2, pulumi up, then come back",
        lastVersion: "0.4.2",
    },
};

test.each([
    ["this version's", 3, third],
    ["the oldest that is taken over", 2, third],
    ["the first, where nothing else is known", 1, { current: 1 }],
    ["the first, of what takes all over", 1, { current: 5 }],
])("%s is taken", (_name, recorded, format) => {
    expect(formatProblem("node", recorded, format)).toBeUndefined();
});

test("an older one is refused: what changed, how to upgrade, how to stay", () => {
    expect(formatProblem("node", 1, third)).toBe(
        [
            "node: got it in format 1, as an older version of kubedev has made it; expected 2 at least: its log was a file, and is a directory now. Nothing was changed.",
            "  To upgrade: npm install kubedev@0.4.2, pulumi up, then come back.",
            "  To stay: npm install kubedev@0.4.2",
        ].join("\n"),
    );
});

test("a newer one is refused: how to go on, how to go back", () => {
    const said = formatProblem("node", 4, third);
    expect(said).toContain(
        "got it in format 4, as a newer version of kubedev has made it; expected 3 at most",
    );
    expect(said).toMatch(/To go on: .*\n {2}To go back: /);
});

test("what is not there is made anew, whatever is taken over", () => {
    expect(() => assertFormat("node", undefined, third)).not.toThrow();
    expect(() => assertFormat("node", 1, third)).toThrow("To stay: npm install kubedev@0.4.2");
    expect(() => assertFormat("node", 2, undefined)).toThrow("a newer version of kubedev");
});
