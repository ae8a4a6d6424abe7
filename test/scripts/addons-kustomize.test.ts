/** What a Kustomize folder makes, or why nothing can be made of it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { runScript, scratchDirectory, shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let dir: string;
    beforeEach(() => {
        dir = scratchDirectory();
        fs.mkdirSync(path.join(dir, "folder"));
    });
    afterEach(() => {
        fs.rmSync(dir, { recursive: true });
    });

    /** A program of this name that does what the body says. */
    function program(name: string, body: string): string {
        const file = path.join(dir, name);
        fs.writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        return file;
    }
    const look = (kubectl: string, folder = path.join(dir, "folder")) =>
        runScript(
            "addons/kustomize-look",
            {
                ...{ KUBEDEV_FOLDER: folder, KUBEDEV_KUBECTL: kubectl, KUBEDEV_BOUND_SEC: "2" },
                TMPDIR: dir,
            },
            { shell },
        );

    test.each([
        ["kubectl", "kustomize"],
        ["kustomize", "build"],
    ])(
        "%s is asked to %s; what it says beside it is no part of the manifest",
        async (name, verb) => {
            const text = "x: ä\n".repeat(20_000);
            fs.writeFileSync(path.join(dir, "made"), text);
            const ran = await look(
                program(name, `echo "warning" >&2; cat '${dir}/made'; [ "$1" = ${verb} ]`),
            );
            expect(ran.code).toBe(0);
            const [, encoded = ""] = /^manifest=(\S+)\n$/.exec(ran.stdout) ?? [];
            expect(Buffer.from(encoded, "base64").toString()).toBe(text);
            expect(fs.readdirSync(dir).sort()).toEqual(["folder", "made", name].sort());
        },
    );

    test.each<[string, string, RegExp]>([
        ["fails", "echo one >&2; echo two >&2; exit 1", /^problem=.*folder failed: one two \n$/],
        ["hangs", "sleep 60", /^problem=.* did not end within 2 s; a base that is fetched/],
    ])("a program that %s", async (_what, body, said) => {
        const ran = await look(program("kubectl", body));
        expect(ran.code).toBe(0);
        expect(ran.stdout).toMatch(said);
    });

    test("no program, and no folder", async () => {
        expect((await look("no-such-program")).stdout).toMatch(
            /^problem=there is no no-such-program; expected kubectl or kustomize on the PATH, or kubectlPath/,
        );
        const kubectl = program("kubectl", "echo never");
        expect((await look(kubectl, path.join(dir, "none"))).stdout).toMatch(
            /^problem=.*none is no folder; expected one with a kustomization.yaml\n$/,
        );
    });
});
