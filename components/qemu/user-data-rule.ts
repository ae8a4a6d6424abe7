import { yaml } from "../internal/yaml";
import { z } from "zod";
import { maxCloudConfigBytes } from "../internal/cloud-config";
import { isMimeMessage } from "./cloud-seed";

/** First lines by which cloud-init knows user data (its documentation, "User-data formats"); it ignores all else. */
const beginnings = [
    ...["#cloud-config", "#!", "#cloud-boothook", "#include", "#part-handler"],
    "## template: jinja",
];

/**
 * What a VirtualMachine takes as userData. What is wrong with it shows before a machine is made for it.
 *
 * @internal
 */
export const userDataRule = z
    .string({ error: "expected a text" })
    .superRefine((text, context) => {
        for (const message of userDataProblems(text)) {
            context.addIssue({ code: "custom", message });
        }
    })
    .optional();

/** Each says what is expected. */
export function userDataProblems(text: string): string[] {
    const wrong = (holds: boolean, problem: string) => (holds ? [] : [problem]);
    return [
        ...wrong(
            isMimeMessage(text) || beginnings.some((beginning) => text.startsWith(beginning)),
            `expected text that begins with one of ${beginnings.join(", ")}, or a MIME message: cloud-init ignores all else`,
        ),
        ...wrong(
            Buffer.byteLength(text) <= maxCloudConfigBytes,
            `expected at most ${String(maxCloudConfigBytes)} bytes; fetch what is long in the guest, or put it there with a HostFile`,
        ),
        ...wrong(!text.includes("\0"), "expected no NUL character"),
        ...(/^#cloud-config\s*\n/.test(text) ? cloudConfigProblems(text) : []),
    ];
}

function cloudConfigProblems(text: string): string[] {
    const { isMap, parseDocument } = yaml();
    const document = parseDocument(text, { version: "1.1", logLevel: "error" });
    const [error] = document.errors;
    if (error !== undefined) {
        return [
            `expected YAML below #cloud-config: ${(error.message.split("\n")[0] ?? "").replace(/:$/, "")}`,
        ];
    }
    if (document.contents === null) {
        return [];
    }
    if (!isMap(document.contents)) {
        return ["expected settings by name below #cloud-config"];
    }
    return document.has("ssh_keys")
        ? [
              "expected no ssh_keys: sshd proves itself with the machine's own host key, to which every connection is pinned",
          ]
        : [];
}
