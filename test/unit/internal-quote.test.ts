/** Shell quoting, read back by the real shells. */
import { execFileSync } from "child_process";
import fc from "fast-check";
import { shellExports, shellLine } from "../../components/internal/quote";
import { shells } from "../support/script-process";

const word = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }).filter((s) => !s.includes("\0")),
    fc.string({
        unit: fc.constantFrom(...Array.from("'\"\\$`!*?[]{}()<>|&;#~=% \t\n\r-aé")),
        maxLength: 20,
    }),
    fc.constantFrom("", "-n", "--", "~", "*", "a=b", "FOO=bar", "if", "$(id)", "\n", "a\n\n", "'"),
);
// Lone surrogates are no UTF-8, which is what reaches a shell.
const wellFormed = word.filter((s) => Buffer.from(s).toString() === s);

/** One run of the shell for a whole batch: each argument on a line, in hexadecimal. */
function readBack(shell: string, line: string): string[] {
    const out = execFileSync(
        shell,
        [
            "-c",
            `show() { for a; do printf '%s' "$a" | od -An -v -tx1 | tr -d ' \\n'; echo; done; }\n${line}`,
        ],
        { encoding: "utf8" },
    );
    return out
        .split("\n")
        .slice(0, -1)
        .map((hex) => Buffer.from(hex, "hex").toString());
}

test.each(shells)("%s reads the words back as they were", (shell) => {
    fc.assert(
        fc.property(fc.array(wellFormed, { minLength: 1, maxLength: 20 }), (words) => {
            expect(readBack(shell, shellLine(["show", ...words]))).toEqual(words);
        }),
        { numRuns: 40 },
    );
});

test.each(shells)("%s exports the values as they were", (shell) => {
    fc.assert(
        fc.property(fc.array(wellFormed, { minLength: 1, maxLength: 10 }), (values) => {
            const names = values.map((_value, i) => `V${String(i).padStart(2, "0")}`);
            const variables = Object.fromEntries(values.map((v, i) => [names[i] ?? "", v]));
            const show = `show ${names.map((name) => `"$${name}"`).join(" ")}`;
            expect(readBack(shell, shellExports(variables) + show)).toEqual(values);
        }),
        { numRuns: 30 },
    );
});

test("a line is as plain as it can be", () => {
    expect(shellLine(["qemu-img", "create", "-b", "/a/b c", "x=1"])).toBe(
        "qemu-img create -b '/a/b c' x=1",
    );
    expect(shellLine(["A=b", ""])).toBe("'A=b' ''");
    expect(shellLine(["it's"])).toBe("'it'\\''s'");
});

test("variables come in the order of their names, whatever that of the object", () => {
    expect(shellExports({ B: "2", A: "1" })).toBe("export A=1\nexport B=2\n");
    expect(shellExports({})).toBe("");
});

test("a NUL byte is refused", () => {
    expect(() => shellLine(["a\0b"])).toThrow(
        'got a NUL byte in "a\\u0000b"; expected none: no shell word can hold one',
    );
});
