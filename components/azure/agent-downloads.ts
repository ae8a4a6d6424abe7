import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { sha256Digest } from "../internal/rules";

/** A file that is downloaded, checked and installed. All of it is given, or nothing: then it is the release that kubedev knows. */
export interface AgentDownloadArgs {
    /** Version that it holds. */
    version?: pulumi.Input<string>;
    /** https URL. */
    url?: pulumi.Input<string>;
    /** SHA-256 of the file, 64 hexadecimal digits. */
    sha256?: pulumi.Input<string>;
}

interface AgentDownload {
    version: string;
    url: string;
    sha256: string;
}

/** What a Windows agent can be asked to install. @internal */
export enum AgentTool {
    Containerd = "containerd",
    Git = "gitDownload",
    Go = "goDownload",
}

/**
 * Releases that are taken where none is given, with the digests that Scoop's maintainers recorded of the makers' files
 * (github.com/ScoopInstaller/Main, bucket/containerd.json at 86574232, bucket/mingit.json at cd4b6710, bucket/go.json at
 * 566be7f2: the last one of Go 1.26).
 *
 * @internal
 */
export const knownDownloads: Readonly<Record<AgentTool, AgentDownload>> = {
    [AgentTool.Containerd]: {
        version: "2.3.4",
        url: "https://github.com/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-windows-amd64.tar.gz",
        sha256: "5a61f42abd362cf21a9af6dff03edf1df2261e6fe6f3c2e45d132d12b99fdf49",
    },
    [AgentTool.Git]: {
        version: "2.55.0.5",
        url: "https://github.com/git-for-windows/git/releases/download/v2.55.0.windows.5/MinGit-2.55.0.5-64-bit.zip",
        sha256: "56d7b226b7693196cfc71fef26568f536c4a021ab6c37ff2db4287bed908e96e",
    },
    [AgentTool.Go]: {
        version: "1.26.7",
        url: "https://dl.google.com/go/go1.26.7.windows-amd64.zip",
        sha256: "f4f534a486e4bc3387fa18f08208f2f854b7aaea8a08f2a2d829a914a05abb11",
    },
};

/** Rule for one of them: all of it, or nothing. @internal */
export const downloadRule = z
    .object(
        {
            version: z.string({ error: "expected a version" }).min(1).optional(),
            url: z
                .string({ error: "expected an https URL" })
                .regex(/^https:\/\/[^\s"']+$/, { error: "expected an https URL" })
                .optional(),
            sha256: sha256Digest.optional(),
        },
        { error: "expected version, url and sha256, or {} for the release that kubedev knows" },
    )
    .refine(
        ({ version, url, sha256 }) =>
            [version, url, sha256].every((each) => each === undefined) ||
            [version, url, sha256].every((each) => each !== undefined),
        {
            error: "expected version, url and sha256 together, or {} for the release that kubedev knows",
        },
    )
    .optional();

/** What is downloaded. @internal */
export function downloadOf(
    tool: AgentTool,
    given: pulumi.Input<pulumi.Unwrap<AgentDownloadArgs> | undefined>,
): pulumi.Output<AgentDownload> {
    return pulumi
        .output(given)
        .apply((all) =>
            all?.version === undefined ? knownDownloads[tool] : (all as AgentDownload),
        );
}
