/** The package schema, as Pulumi infers it from the sources when the package is used as a plugin, and what to look for in it. */
import { execFileSync } from "node:child_process";
import * as path from "node:path";

export const root = path.resolve(__dirname, "../..");

export interface Property {
    type?: string;
    $ref?: string;
    description?: string;
    /** Takes no outputs, in arguments. */
    plain?: boolean;
    items?: Property;
    additionalProperties?: Property;
}

export interface Schema {
    name: string;
    version: string;
    resources: Record<
        string,
        {
            description?: string;
            inputProperties: Record<string, Property>;
            requiredInputs: string[];
            properties: Record<string, Property>;
            /** Outputs that are always there. */
            required?: string[];
        }
    >;
    types: Record<
        string,
        {
            properties?: Record<string, Property>;
            required?: string[];
            enum?: { name: string; value: string | number; description?: string }[];
        }
    >;
}

/** @param folder Where package.json and tsconfig.json are: the repository, or the plugin. */
export function inferSchema(folder: string): Schema {
    // A process of its own, as a plugin is: Jest's module loader is not Node's.
    const text = execFileSync(
        process.execPath,
        ["--import", "tsx", path.join(__dirname, "print-schema.ts"), folder],
        { cwd: root, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 },
    );
    return JSON.parse(text) as Schema;
}

/** What stands wrongly in a schema though the analyzer accepted it, as `where: what`. */
export function schemaProblems(schema: Schema): string[] {
    const described = (at: string, text: string | undefined) => {
        if (text === undefined || text.trim() === "") {
            return [`${at}: no description`];
        }
        // What a {@link} makes of the whole text.
        return text.includes("[object Object]") ? [`${at}: [object Object]`] : [];
    };
    const typed = (at: string, property: Property): string[] => [
        ...(property.$ref?.endsWith("#/Any") === true ? [`${at}: Any`] : []),
        ...(property.type === "object" && property.additionalProperties === undefined
            ? [`${at}: object without properties`]
            : []),
        ...(property.items === undefined ? [] : typed(`${at}[]`, property.items)),
        ...(property.additionalProperties === undefined
            ? []
            : typed(`${at}{}`, property.additionalProperties)),
    ];
    const properties = (at: string, all: Record<string, Property>) =>
        Object.entries(all).flatMap(([name, property]) => [
            ...described(`${at}.${name}`, property.description),
            ...typed(`${at}.${name}`, property),
        ]);
    return [
        ...Object.entries(schema.resources).flatMap(([token, resource]) => [
            ...described(token, resource.description),
            ...properties(`${token} args`, resource.inputProperties),
            ...properties(`${token} outputs`, resource.properties),
        ]),
        ...Object.entries(schema.types).flatMap(([token, type]) => [
            ...(Object.keys(type.properties ?? type.enum ?? {}).length === 0
                ? [`${token}: empty type`]
                : []),
            ...properties(token, type.properties ?? {}),
            ...(type.enum ?? []).flatMap((member) =>
                described(`${token}.${member.name}`, member.description),
            ),
        ]),
    ];
}
