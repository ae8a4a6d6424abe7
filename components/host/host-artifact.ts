import * as fs from "node:fs";
import * as path from "node:path";
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { guarded } from "../internal/errors";
import { orEmpty } from "../internal/outputs";
import { cacheRoot } from "../internal/paths";
import { absoluteFilePath, octalMode, parentIds, sha256Digest } from "../internal/rules";
import { assertArgs, checkedEach, inputError } from "../internal/validate";
import { anyHostRule, Host, HostOs, hostParts, hostRule, osOf } from "./host";
import { after, hostResource, textOf } from "./host-resource";
import { absoluteFilePathOn, checkOn, notOn } from "./os-rules";
import { hostName, sshArgv } from "./ssh-argv";

/** Arguments of a HostArtifact. Give either url or sourcePath. */
export interface HostArtifactArgs {
    /** Where it is wanted. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** URL that the host downloads it from: http, https or file. Needs sha256. Not on Windows. */
    url?: pulumi.Input<string>;
    /** Absolute path of the file on the machine that runs Pulumi, or on sourceHost. */
    sourcePath?: pulumi.Input<string>;
    /** Linux host where sourcePath is, as one that builds: from there it comes through the cache of the machine that runs Pulumi. Needs sha256. Defaults to the machine that runs Pulumi. */
    sourceHost?: pulumi.Input<Host>;
    /** SHA-256 of the file, 64 hexadecimal digits. Required with url and sourceHost; defaults to that of the source file. */
    sha256?: pulumi.Input<string>;
    /** Absolute path to install it at. Defaults to the cache alone, where a file is kept once by its digest; required on Windows. */
    path?: pulumi.Input<string>;
    /** Permissions of the installed file in octal. Defaults to "0755". Not on Windows, where a file has the access of its directory. */
    mode?: pulumi.Input<string>;
    /** Ids of things on the same host that it depends on; a change installs it anew. */
    parentIds?: pulumi.Input<string>[];
}

const rulesOn = (os: HostOs | undefined) => ({
    host: anyHostRule,
    url: notOn(
        HostOs.Windows,
        os,
        z
            .string({ error: "expected an http, https or file URL" })
            .regex(/^(https?|file):\/\/\S+$/, { error: "expected an http, https or file URL" })
            .optional(),
        "nothing is downloaded there; give sourcePath, as the path of a HostArtifact on this machine",
    ),
    sourcePath: absoluteFilePath.optional(),
    sourceHost: hostRule,
    sha256: sha256Digest.optional(),
    path: os === HostOs.Windows ? absoluteFilePathOn(os) : absoluteFilePathOn(os).optional(),
    mode: notOn(
        HostOs.Windows,
        os,
        octalMode.optional(),
        "it has no such permissions; a file has the access of its directory there",
    ),
    parentIds: parentIds.optional(),
});

/** A file of any size on a host, known by its digest: downloaded or sent once, kept in the host's cache, verified. */
export class HostArtifact extends pulumi.ComponentResource {
    /** Absolute path on the host. Unknown in a preview that fetches it, unless path is given. */
    public readonly path: pulumi.Output<string>;
    /** SHA-256 of the file. */
    public readonly sha256: pulumi.Output<string>;
    /** Changes whenever it was fetched or installed anew. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: HostArtifactArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostArtifact", name, args, opts);
        const what = `HostArtifact ${name}`;
        const rules = rulesOn(osOf(args.host));
        assertArgs(what, args, rules, ...sourceProblems(args));

        const known = checkedEach(what, args, rules);

        const digest = artifactDigest(what, known.sha256, known.sourcePath);
        const sourcePath =
            args.sourceHost === undefined
                ? known.sourcePath
                : broughtFrom(args.sourceHost, known.sourcePath, digest, `${name}-source`, this);
        const artifact = hostResource(
            `${name}-artifact`,
            {
                host: args.host,
                create: "host/artifact-fetch.sh",
                delete: "host/artifact-remove.sh",
                spec: { sha256: digest, path: args.path === undefined ? undefined : known.path },
                parents: args.parentIds,
                environment: {
                    KUBEDEV_SHA256: digest,
                    KUBEDEV_URL: orEmpty(known.url),
                    KUBEDEV_PATH: orEmpty(known.path),
                    KUBEDEV_MODE: known.mode.apply((mode) => mode ?? "0755"),
                },
                payloadFile: sourcePath,
                check: checkOn(what, args, rulesOn),
                timeoutSec: 3600,
            },
            { parent: this },
        );
        this.sha256 = after(artifact.resource, digest);
        this.path = after(artifact.resource, known.path).apply((place) =>
            place === undefined
                ? artifact.result().apply((result) => textOf(result, "path"))
                : pulumi.output(place),
        );
        this.instanceId = artifact.resource.id;
        this.registerOutputs({
            path: this.path,
            sha256: this.sha256,
            instanceId: this.instanceId,
        });
    }
}

/** Brings a file of another host into the cache of this machine; answers its path here. */
function broughtFrom(
    host: pulumi.Input<Host>,
    sourcePath: pulumi.Output<string | undefined>,
    digest: pulumi.Output<string>,
    name: string,
    parent: pulumi.Resource,
): pulumi.Output<string> {
    const { ssh } = hostParts(host);
    const brought = hostResource(
        name,
        {
            host: undefined,
            create: "host/artifact-bring.sh",
            delete: "host/forget.sh",
            spec: { sha256: digest },
            environment: {
                KUBEDEV_SHA256: digest,
                KUBEDEV_SOURCE_SSH: ssh.apply((known) =>
                    known === undefined ? "" : sshArgv(known).join("\n"),
                ),
                KUBEDEV_SOURCE_HOST: ssh.apply(hostName),
                KUBEDEV_SOURCE_PATH: orEmpty(sourcePath),
            },
            timeoutSec: 3600,
        },
        { parent },
    );
    return after(brought.resource, digest).apply((known) =>
        path.join(cacheRoot(), "artifacts", known),
    );
}

function sourceProblems(args: HostArtifactArgs): { propertyPath: string; reason: string }[] {
    if ((args.url === undefined) === (args.sourcePath === undefined)) {
        const got = args.url === undefined ? "neither" : "both";
        return [{ propertyPath: "url", reason: `got ${got}; expected either url or sourcePath` }];
    }
    if (args.sourceHost !== undefined && (args.url !== undefined || args.sha256 === undefined)) {
        return [
            args.url === undefined
                ? {
                      propertyPath: "sha256",
                      reason: "got nothing beside sourceHost; expected the digest of the file there, as a Build tells it (sha256sum prints it)",
                  }
                : {
                      propertyPath: "sourceHost",
                      reason: "expected none beside url: the host downloads that by itself",
                  },
        ];
    }
    return args.url !== undefined && args.sha256 === undefined
        ? [
              {
                  propertyPath: "sha256",
                  reason: "got nothing; expected the digest of the download (sha256sum prints it)",
              },
          ]
        : [];
}

/** Digest of an artifact: the given one, else that of the source file. It waits for no resource. */
export function artifactDigest(
    what: string,
    sha256: pulumi.Input<string | undefined>,
    sourcePath: pulumi.Input<string | undefined>,
): pulumi.Output<string> {
    return pulumi
        .all([sha256, sourcePath])
        .apply(([given, file]) =>
            given === undefined
                ? guarded(() => digestOfFile(what, file ?? ""))
                : Promise.resolve(given),
        );
}

async function digestOfFile(what: string, file: string): Promise<string> {
    const hash = createHash("sha256");
    try {
        await pipeline(fs.createReadStream(file), hash);
    } catch (error) {
        throw inputError(what, [
            {
                propertyPath: "sourcePath",
                reason: `got ${file}; expected a readable file (${String(error)})`,
            },
        ]);
    }
    return hash.digest("hex");
}
