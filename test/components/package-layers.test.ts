/** The import rules of eslint.config.mjs fire where they should, and only there. */
import { execFileSync } from "node:child_process";
import * as path from "node:path";

const root = path.resolve(__dirname, "../..");

interface Case {
    file: string;
    text: string;
    /** Rule that must fire; undefined: none. */
    rule?: string;
}

const layer = "boundaries/dependencies";
const cases: Case[] = [
    { file: "components/internal/x.ts", text: 'import "../host/host";', rule: layer },
    { file: "components/internal/x.ts", text: 'export * from "../host/host";', rule: layer },
    {
        file: "components/internal/x.ts",
        text: 'import type { Host } from "../host/host";\nexport type X = Host;',
        rule: layer,
    },
    {
        file: "components/internal/x.ts",
        text: 'export const x = import("../host/host");',
        rule: layer,
    },
    { file: "components/host/x.ts", text: 'import "../qemu/virtual-machine";', rule: layer },
    { file: "components/host/x.ts", text: 'import "../../stacks/config";', rule: layer },
    { file: "components/qemu/x.ts", text: 'import "../../index";', rule: layer },
    { file: "components/qemu/x.ts", text: 'import "../../test/support/engine";', rule: layer },
    { file: "components/swap/x.ts", text: 'import "../../plugin/index";', rule: layer },
    { file: "stacks/kind/x.ts", text: 'import "../../components/host/host";', rule: layer },
    { file: "stacks/kind/x.ts", text: 'import "../../index";', rule: layer },
    { file: "components/kind/x.ts", text: 'import "../host/index";', rule: layer },
    { file: "index.ts", text: 'import "./stacks/config";', rule: layer },
    { file: "index.ts", text: 'export * from "./components/host/host";', rule: layer },
    { file: "plugin/index.ts", text: 'import "../components/host/host";', rule: layer },
    { file: "components/new-layer/x.ts", text: "", rule: "boundaries/no-unknown-files" },
    {
        file: "components/qemu/x.ts",
        text: 'import "@pulumi/command";',
        rule: "no-restricted-imports",
    },
    {
        file: "components/qemu/x.ts",
        text: 'import "node:child_process";',
        rule: "no-restricted-imports",
    },
    {
        file: "components/host/x.ts",
        text: 'import * as pulumi from "@pulumi/pulumi";\nnew pulumi.Config();',
        rule: "no-restricted-syntax",
    },
    {
        file: "components/host/x.ts",
        text: 'export const x = process.env["X"];',
        rule: "no-restricted-syntax",
    },
    {
        file: "components/qemu/x.ts",
        text: 'throw new Error("x");',
        rule: "no-restricted-syntax",
    },
    { file: "components/host/x.ts", text: 'import "../internal/hash";' },
    { file: "components/host/x.ts", text: 'import "@pulumi/command";' },
    { file: "components/qemu/x.ts", text: 'import "../host/host";\nimport "../internal/hash";' },
    { file: "components/debug/x.ts", text: 'import "../qemu/mac-address";\nimport "zod";' },
    {
        file: "stacks/kind/x.ts",
        text: 'import "../../components/kind/index";\nimport "../config";',
    },
    { file: "components/kind/index.ts", text: 'export * from "./kind-config";' },
    { file: "index.ts", text: 'export * from "./components/host/index";' },
    { file: "plugin/index.ts", text: 'export * from "../index";' },
    { file: "test/unit/x.test.ts", text: 'import "../../components/host/host";' },
];

describe("import rules", () => {
    const messages = JSON.parse(
        execFileSync(process.execPath, [path.join(root, "test/components/package-lint-text.mjs")], {
            input: JSON.stringify(cases),
            encoding: "utf8",
        }),
    ) as string[][];

    test.each(
        cases.map(({ file, text, rule }, index) => ({
            title: `${file}: ${text.replaceAll("\n", " ")}`,
            expected: rule === undefined ? [] : [rule],
            found: messages[index] ?? ["not linted"],
        })),
    )("$title -> $expected", ({ expected, found }) => {
        expect(found.map((message) => message.split(":")[0])).toEqual(expected);
    });

    test("a wrong import is told what to do", () => {
        expect(messages[0]?.[0]).toContain(
            "internal may not import from host: imports go down only",
        );
    });
});
