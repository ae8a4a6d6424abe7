import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { HostArtifact } from "../host/host-artifact";
import { guarded } from "../internal/errors";
import { sha256 } from "../internal/hash";
import { cacheRoot } from "../internal/paths";
import { fields, sha256Digest } from "../internal/rules";
import { inputError } from "../internal/validate";
import { type LateBatch, type ObjectBatch } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";
import { parseManifest } from "./manifest-text";

/** A manifest that is published somewhere. */
export interface ManifestArgs {
    /** Where it is downloaded from: http, https or file. A mirror's URL does as well: the digest is what counts. */
    url: string;
    /** SHA-256 of the file, 64 hexadecimal digits. */
    sha256: string;
}

/** What a list of published manifests must look like. @internal */
export const manifestsRule = z.array(
    fields("a manifest", {
        url: z
            .string({ error: "expected an http, https or file URL" })
            .regex(/^(https?|file):\/\/\S+$/, { error: "expected an http, https or file URL" }),
        sha256: sha256Digest,
    }),
    { error: "expected a list of url and sha256" },
);

/** The objects of a manifest; a broken one fails the run. */
export function batchOf(
    what: string,
    propertyPath: string,
    source: string,
    text: string,
): ObjectBatch {
    const { objects, problems } = parseManifest(text);
    if (problems.length > 0) {
        throw inputError(
            what,
            problems.map((problem) => ({ propertyPath, reason: `${source}: ${problem}` })),
        );
    }
    return { objects };
}

/**
 * A published manifest: known in preview if the cache has it, which only a run that changes things may fill. `edit` gets
 * each of its objects.
 */
export function published(
    what: string,
    name: string,
    { url, sha256: digest }: ManifestArgs,
    parent: pulumi.Resource,
    edit: (object: KubernetesObject) => KubernetesObject = (object) => object,
): ObjectBatch | LateBatch {
    const batchFrom = (text: string) => ({
        objects: batchOf(what, "manifests", url, text).objects.map(edit),
    });
    const artifact = new HostArtifact(
        `${name}-manifest-${digest.slice(0, 12)}`,
        { url, sha256: digest },
        { parent },
    );
    const cached = cachedText(digest);
    if (cached !== undefined) {
        return batchFrom(cached);
    }
    if (pulumi.runtime.isDryRun()) {
        void pulumi.log.warn(
            `${url} has not been downloaded yet: its objects are not in this preview, and objects of an earlier version of it look as if they were removed`,
            parent,
        );
        return { objects: [] };
    }
    return artifact.path.apply((file) =>
        guarded(() => {
            const batch = batchFrom(fs.readFileSync(file, "utf8"));
            return () => batch;
        }),
    );
}

function cachedText(digest: string): string | undefined {
    const file = path.join(cacheRoot(), "artifacts", digest);
    if (!fs.existsSync(file)) {
        return undefined;
    }
    const text = fs.readFileSync(file, "utf8");
    return sha256(text) === digest ? text : undefined;
}
