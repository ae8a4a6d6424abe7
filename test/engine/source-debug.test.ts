/** A debug build is one that delve accepts: a breakpoint by file and line, hit, with the source where it is. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { makeWorkspace, smallScale } from "../support/go-workspace";

// Go's own packages are compiled for debugging, from a cold cache beside other compilers.
jest.setTimeout(900_000);

const program = `
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const source = { dir: path.join(__dirname, "k8s") };
const debug = new kubedev.Build("debug", { source, targets: ["cmd/kubelet"], debug: true });
const plain = new kubedev.Build("plain", { source, targets: ["cmd/kubelet"] });
const dlv = new kubedev.Build("dlv", {
    module: "github.com/go-delve/delve@v1.27.1", targets: ["github.com/go-delve/delve/cmd/dlv"],
});
export const paths = { debug: debug.paths, plain: plain.paths, dlv: dlv.paths };
`;

test("delve stops at a line of a debug build, and says that a plain one has no symbols", async () => {
    const stack = await ScratchStack.create({ program, env: { GOFLAGS: "" } });
    try {
        const tree = path.join(stack.dir, "k8s");
        fs.mkdirSync(tree);
        makeWorkspace(tree, smallScale);
        await stack.up({ timeoutMs: 800_000 });
        const paths = (await stack.outputs())["paths"] as Record<string, Record<string, string>>;
        const file = (name: string) => Object.values(paths[name] ?? {})[0] ?? "";
        const main = path.join(fs.realpathSync(tree), "cmd/kubelet/main.go");
        const line =
            fs
                .readFileSync(main, "utf8")
                .split("\n")
                .findIndex((l) => l.includes("println(")) + 1;
        const place = `${main}:${String(line)}`;
        const init = stack.write("init", `break ${place}\ncontinue\nprint value\nexit\n`);
        const delve = (binary: string) =>
            spawnSync(
                file("dlv"),
                ["exec", binary, "--allow-non-terminal-interactive=true", "--init", init],
                {
                    ...{ encoding: "utf8" as const, input: "", timeout: 60_000 },
                    // Without colours.
                    env: { ...process.env, HOME: stack.dir, TERM: "dumb" },
                },
            );
        const stopped = delve(file("debug"));
        expect(stopped.stdout).toContain(`Breakpoint 1 set at`);
        expect(stopped.stdout).toMatch(
            new RegExp(
                `> \\[Breakpoint 1\\] main\\.main\\(\\) .*cmd/kubelet/main\\.go:${String(line)} `,
            ),
        );
        // The source is shown, and a variable that an optimizer would have dropped.
        expect(stopped.stdout).toContain(`=>  ${String(line).padStart(2)}:`);
        expect(stopped.stdout).toMatch(/^\d+$/m);
        const plain = delve(file("plain"));
        expect(plain.stdout + plain.stderr).toMatch(/could not open debug info|no debug info/);
    } finally {
        await stack.dispose();
    }
});
