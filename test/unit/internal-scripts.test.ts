/** Script text as it goes into a resource's state. */
import * as fs from "fs";
import * as path from "path";
import { script, stripComments } from "../../components/internal/scripts";
import { repoRoot } from "../support/engine-cli";
import { scratchDir } from "../support/scratch";

const dir = path.join(repoRoot, "scripts/host");

test("comments and empty lines go, all else stays", () => {
    expect(stripComments("#!/bin/sh\n# why\n\n  # more\na # b\n\techo '#'\n")).toBe(
        "a # b\n\techo '#'\n",
    );
    // Of cmd; what only begins so is an address.
    expect(stripComments(":: why\n::\n::1 localhost\n:label\n")).toBe("::1 localhost\n:label\n");
    expect(stripComments("last line without an end")).toBe("last line without an end\n");
    expect(stripComments("")).toBe("");
});

test("what is sourced stands in its place, from where it lies", () => {
    const scratch = scratchDir("kubedev-scripts-");
    fs.mkdirSync(path.join(scratch, "sub"));
    const write = (name: string, text: string) => {
        fs.writeFileSync(path.join(scratch, name), text);
    };
    write("a.sh", "#!/bin/sh\n. ./sub/b.sh\necho a\n    . ./not-at-the-start.sh\n");
    write("sub/b.sh", "# b\n. ../c.sh\necho b\n");
    write("c.sh", "echo c\n");
    expect(script(path.join(scratch, "a.sh"))).toBe(
        "echo c\necho b\necho a\n    . ./not-at-the-start.sh\n",
    );
    fs.rmSync(scratch, { recursive: true });
});

test("a part of a PowerShell script stands in its place, behind the parameters", () => {
    const scratch = scratchDir("kubedev-scripts-");
    const write = (name: string, text: string) => {
        fs.writeFileSync(path.join(scratch, name), text);
    };
    write("a.ps1", "# Says.\nparam(\n    [string]$Text\n)\n. ./b.ps1\nGet-It -Text $Text\n");
    write("b.ps1", "# b\nfunction Get-It([string]$Text) {\n    # why\n    return $Text\n}\n");
    expect(script(path.join(scratch, "a.ps1"))).toBe(
        "param(\n    [string]$Text\n)\nfunction Get-It([string]$Text) {\n    return $Text\n}\nGet-It -Text $Text\n",
    );
    fs.rmSync(scratch, { recursive: true });
});

test.each(fs.readdirSync(dir))(
    "%s is whole: nothing is left to source, and it is small",
    (name) => {
        const text = script(`host/${name}`);
        expect(text).not.toMatch(/^\s*(\.|source) /m);
        const lines = text.split("\n").slice(0, -1);
        expect(lines.filter((line) => /^\s*(#|$)/.test(line))).toEqual([]);
        // One environment variable or argument of Linux holds 128 KiB; much less is text that a reader can follow.
        expect(Buffer.byteLength(text)).toBeLessThan(20_000);
        // The transport passes the text in a here-document.
        expect(text).not.toMatch(/^KUBEDEV_SCRIPT$/m);
    },
);
