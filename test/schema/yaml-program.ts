/** A program in Pulumi's YAML as the same one in TypeScript, so that it can be run against mocks. As much as the documents use. */
import { parse } from "yaml";

interface YamlProgram {
    config?: Record<string, unknown>;
    variables?: Record<string, unknown>;
    resources?: Record<string, { type: string; properties?: Record<string, unknown> }>;
    outputs?: Record<string, unknown>;
}

/** What a reader sets; the files are not there, and have a text all the same. */
const settings: Record<string, string> = {
    kubeconfig: 'require("node:fs").readFileSync("kubeconfig", "utf8")',
    cephKey: 'process.env["CEPH_KEY"]',
};

/** What is no YAML program, since it declares nothing, is undefined. */
export function yamlAsTypeScript(text: string): string | undefined {
    const { config = {}, variables = {}, resources, outputs } = parse(text) as YamlProgram;
    if (resources === undefined) {
        return undefined;
    }
    const given = Object.keys(config).map(
        (name) => [name, settings[name] ?? `unknownSetting(${JSON.stringify(name)})`] as const,
    );
    const declared = Object.entries(resources).map(([name, { type, properties = {} }]) => {
        const [, , component = ""] = type.split(":");
        const args = `${JSON.stringify(name)}, ${code(properties)}`;
        return [name, `new kubedev.${component}(${args})`] as const;
    });
    const constants = Object.entries(variables).map(
        ([name, value]) => [name, code(value)] as const,
    );
    return [
        'import * as pulumi from "@pulumi/pulumi";',
        'import * as kubedev from "kubedev";',
        ...inOrder([...given, ...constants, ...declared]).map(
            ([name, value]) => `const ${name} = ${value};`,
        ),
        `export const outputs = ${code(outputs ?? {})};`,
        "",
    ].join("\n");
}

/** A value with the references in it. */
function code(value: unknown): string {
    if (Array.isArray(value)) {
        return `[${value.map(code).join(", ")}]`;
    }
    if (typeof value === "object" && value !== null) {
        const members = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${code(v)}`);
        return `{ ${members.join(", ")} }`;
    }
    if (typeof value !== "string") {
        return JSON.stringify(value);
    }
    const [, whole] = /^\$\{([^}]+)\}$/.exec(value) ?? [];
    if (whole !== undefined) {
        return whole;
    }
    // As a template has it; `$${` is how YAML writes what is no reference.
    const template = value.replace(/[\\`]/g, "\\$&").replaceAll("$${", "\\${");
    return template.includes("${") ? `pulumi.interpolate\`${template}\`` : `\`${template}\``;
}

/** What refers to another one comes after it, as YAML has no order. */
function inOrder(all: (readonly [string, string])[]): (readonly [string, string])[] {
    const sorted: (readonly [string, string])[] = [];
    const waiting = new Set(all);
    while (waiting.size > 0) {
        const names = [...waiting].map(([name]) => name);
        const next = [...waiting].find(([, text]) => !names.some((name) => refers(text).has(name)));
        if (next === undefined) {
            throw new Error(`these refer to each other: ${names.join(", ")}`);
        }
        sorted.push(next);
        waiting.delete(next);
    }
    return sorted;
}

/** Names outside of texts, and in the references of templates. */
function refers(text: string): Set<string> {
    const outside = text
        .replace(/"(\\.|[^"\\])*"/g, "")
        .replace(/`(\\.|[^`\\])*`/g, (template) =>
            ["", ...[...template.matchAll(/(?<!\\)\$\{([^}]+)\}/g)].map(([, inner]) => inner)].join(
                " ",
            ),
        );
    return new Set([...outside.matchAll(/(?<![.\w])[A-Za-z_]\w*/g)].map(([name]) => name));
}
