import { yaml } from "./yaml";

/** A value as programs of Kubernetes read it: to YAML 1.1, as they have it, a name like n, y, on or off is none unless it is quoted. */
export function goYaml(value: unknown): string {
    return yaml().stringify(value, { version: "1.1" });
}

/** Several documents in one text. */
export function goYamlDocuments(...all: object[]): string {
    return all.map((document) => `---\n${goYaml(document)}`).join("");
}
