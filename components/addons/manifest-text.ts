import type * as Yaml from "yaml";
import { yaml } from "../internal/yaml";
import { isRecord, type KubernetesObject, objectProblems } from "./kubernetes-object";

/** What a manifest holds, or why it cannot be taken: every problem, with the number of its document. */
export interface ParsedManifest {
    objects: KubernetesObject[];
    problems: string[];
}

/**
 * Reads a manifest: YAML or JSON, any number of documents, lists of objects as kubectl prints them. Values are read as
 * Kubernetes reads them, which is YAML 1.1 (`0644` is octal, `on` is true) without its times: `22:22` stays a text.
 */
export function parseManifest(text: string): ParsedManifest {
    const { parseAllDocuments } = yaml();
    const documents = parseAllDocuments(text, {
        version: "1.1",
        merge: true,
        customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isTime(tag)),
    });
    const parsed: ParsedManifest = { objects: [], problems: [] };
    // Without a document there is an empty list that is no array of documents.
    for (const [index, document] of [...documents].entries()) {
        const where = `document ${String(index + 1)}`;
        let value: unknown;
        try {
            const [error] = document.errors;
            // What is well-formed may still not add up, as a merge of something that is no map.
            value = error ?? (document.toJS({ maxAliasCount: 1000 }) as unknown);
        } catch (error) {
            value = error;
        }
        if (value instanceof Error) {
            parsed.problems.push(`${where}: ${value.message.split("\n")[0] ?? ""}`);
            continue;
        }
        // Between two separators may be nothing but comments.
        if (value === null || value === undefined) {
            continue;
        }
        for (const item of itemsOf(value)) {
            const problems = objectProblems(item);
            parsed.problems.push(
                ...problems.map(
                    ({ path, got, expected }) =>
                        `${where}: ${path === "" ? "" : `${path}: `}got ${shown(got)}; expected ${expected}`,
                ),
            );
            if (problems.length === 0) {
                parsed.objects.push(item as KubernetesObject);
            }
        }
    }
    return parsed;
}

/** The objects of a list; a single one otherwise. */
export function itemsOf(value: unknown): unknown[] {
    const isList =
        isRecord(value) &&
        typeof value["kind"] === "string" &&
        value["kind"].endsWith("List") &&
        Array.isArray(value["items"]);
    return isList ? (value["items"] as unknown[]).flatMap(itemsOf) : [value];
}

function isTime(tag: Yaml.ScalarTag | Yaml.CollectionTag): boolean {
    return tag.tag === "tag:yaml.org,2002:timestamp" || ("format" in tag && tag.format === "TIME");
}

function shown(value: unknown): string {
    const text = value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
