/** The drop-in as a stand-in for command 1.2.1: what it calls itself, refuses and is exchanged for. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { repoRoot } from "../support/engine";
import { titleOf } from "../support/plugin-under-test";
import { differs, installed, isDropIn, onStack, plugin, takeNotes } from "./command-support";

const schemaOf = (binary: string): Record<string, unknown> => {
    const cli = path.join(repoRoot, ".toolchain/bin/pulumi");
    const text = execFileSync(fs.existsSync(cli) ? cli : "pulumi", [
        "package",
        "get-schema",
        binary,
    ]).toString("utf8");
    return JSON.parse(text) as Record<string, unknown>;
};

test("the plugin under test is named in the report", () => {
    process.stdout.write(`command plugin under test: ${titleOf(plugin).trim()} (${plugin})\n`);
    expect(fs.existsSync(plugin)).toBe(true);
});

test("the schema has version 1.2.1 and the types that kubedev uses", () => {
    const schema = schemaOf(plugin);
    expect(schema).toMatchObject({ name: "command", version: "1.2.1" });
    expect(Object.keys(schema.resources ?? {})).toEqual(
        expect.arrayContaining([
            "command:local:Command",
            "command:remote:Command",
            "command:remote:CopyToRemote",
        ]),
    );
    expect(Object.keys(schema.functions ?? {})).toEqual(["command:local:run"]);
});

differs("other types", "a type that it lacks is refused by name, with the way out", async () => {
    const copyFile = `
new remote.CopyFile("f", { connection: { host: "127.0.0.1" }, localPath: "a", remotePath: "b" });
`;
    const refused = await onStack(copyFile, (stack) => stack.preview({ expectFailure: true }));
    expect(refused.errors.join()).toMatch(
        /kubedev drop-in for command 1\.2\.1 has no command:remote:CopyFile; it has only: .*local:Command/,
    );
    expect(refused.errors.join()).toMatch(/pulumi plugin install resource command 1\.2\.1/);
});

test("an ordinary run shows no message of the plugin's own", async () => {
    const preview = await onStack(`new local.Command("a", { create: "true" });`, (stack) =>
        stack.preview(),
    );
    expect(preview.diagnostics.filter((d) => d.severity !== "debug")).toEqual([]);
    const said = preview.diagnostics.some((d) => d.message.includes("kubedev drop-in for command"));
    expect(said).toBe(isDropIn);
});

const other = process.env.KUBEDEV_COMMAND_PLUGIN && titleOf(installed) !== titleOf(plugin);
const why = other ? "" : " [needs KUBEDEV_COMMAND_PLUGIN with the other plugin]";
(other ? describe : describe.skip)(`beside the other plugin${why}`, () => {
    test("both have the same schema of the shared types, prose aside", () => {
        const shared = [schemaOf(plugin), schemaOf(installed)].map((s) => {
            const resources = { ...(s.resources as Record<string, unknown>) };
            delete resources["command:remote:CopyFile"];
            const all = { resources, functions: s.functions, types: s.types, config: s.config };
            const prose = (k: string, v: unknown) => (k === "description" ? undefined : v);
            return JSON.parse(JSON.stringify(all, prose)) as unknown;
        });
        expect(shared[0]).toEqual(shared[1]);
    });

    test("a stack goes from one to the other and back without a step", async () => {
        const body = `
new local.Command("a", {
    create: "echo 1; echo 2 >&2", delete: note("deleted $PULUMI_COMMAND_STDOUT"),
    triggers: [{ n: 1 }], environment: { A: "b" }, assetPaths: ["*.json"],
    logging: "stdout", addPreviousOutputInEnv: true,
});
new local.Command("s", { stdin: pulumi.secret("x"), create: "cat >/dev/null" });
`;
        await onStack(body, async (stack) => {
            const project = fs.readFileSync(path.join(stack.dir, "Pulumi.yaml"), "utf8");
            const others = project.replace(/^plugins:[^]*/m, "");
            expect(others).not.toBe(project);
            await stack.up();
            stack.write("Pulumi.yaml", others);
            expect((await stack.preview()).ops()).toEqual({});
            await stack.up();
            stack.write("Pulumi.yaml", project);
            expect((await stack.preview()).ops()).toEqual({});
            stack.write("Pulumi.yaml", others);
            await stack.destroy();
            expect(takeNotes(stack)).toEqual(["deleted 1"]);
        });
    });
});
