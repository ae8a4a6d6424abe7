import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { artifactDigest, HostArtifact } from "../host/host-artifact";
import { after, hostResource } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { fieldsOf } from "../internal/outputs";
import { script } from "../internal/scripts";
import { yesOrNo } from "../internal/rules";
import { assertArgs } from "../internal/validate";
import { machineHost } from "./machine-host";

/** A file that is downloaded or copied, known by its digest. Give either url or path. */
export interface ImageFileArgs {
    /** URL: http, https or file. Needs sha256. */
    url?: pulumi.Input<string>;
    /** Absolute path on this machine. */
    path?: pulumi.Input<string>;
    /** SHA-256, 64 hexadecimal digits. Required with url. */
    sha256?: pulumi.Input<string>;
}

/** Format of a base image's disk. */
export enum DiskFormat {
    /** QEMU copy-on-write, version 2. */
    Qcow2 = "qcow2",
    /** Plain bytes. */
    Raw = "raw",
}

/** Arguments of a BaseImage. Without `disk` it is built from Debian packages. */
export interface BaseImageArgs {
    /** Debian release that is built. Defaults to "bookworm". */
    suite?: pulumi.Input<string>;
    /** Debian packages in the guest beside the basic ones. Defaults to none. */
    packages?: pulumi.Input<pulumi.Input<string>[]>;
    /** Package mirror. Defaults to this machine's own apt sources. */
    mirror?: pulumi.Input<string>;
    /** Size of the built disk in MiB. A machine's disk may be larger. Defaults to 2048. */
    rootSizeMib?: pulumi.Input<number>;
    /** Disk image from elsewhere, instead of building one. The guest must take systemd credentials (systemd 252 or later), or have cloud-init. */
    disk?: ImageFileArgs;
    /** Format of that disk image. Defaults to qcow2. */
    format?: pulumi.Input<DiskFormat>;
    /** Linux kernel that is booted directly with that disk image. Defaults to the image's own boot loader. */
    kernel?: ImageFileArgs;
    /** Initial RAM disk for that kernel. Required with kernel. */
    initrd?: ImageFileArgs;
    /**
     * Whether the guest is provisioned by cloud-init, and so takes userData: of a disk image from elsewhere that it has it,
     * as cloud images do; of one that is built that it gets it. Defaults to false.
     */
    cloudInit?: pulumi.Input<boolean>;
}

/** What a machine needs to know of its base image: plain data. */
export interface BaseImageFiles {
    /** Digest of what the image is made from. Another digest is another image: disks on it are replaced. */
    digest: pulumi.Input<string>;
    /** Id of the resource that holds the files. */
    instanceId: pulumi.Input<string>;
    /** Directory of the files, absolute. */
    directory: pulumi.Input<string>;
    /** Format of its disk. */
    format: pulumi.Input<DiskFormat>;
    /** Whether a kernel is booted directly. */
    directBoot: pulumi.Input<boolean>;
    /** Whether the guest runs cloud-init, and so takes userData. */
    cloudInit: pulumi.Input<boolean>;
}

/** What it needs, each known or not by itself. */
export type ImageFields = {
    readonly [Name in keyof BaseImageFiles]: pulumi.Output<pulumi.Unwrap<BaseImageFiles[Name]>>;
};

/** Of an image that several machines share, the same outputs. @internal */
export function imageFields(image: pulumi.Input<BaseImageFiles>): ImageFields {
    return fieldsOf(
        image,
        ...(["digest", "instanceId", "directory", "format", "directBoot", "cloudInit"] as const),
    );
}

/** Raised when the same arguments build a guest that old disks must not be mixed with. Part of the digest. */
const recipeVersion = 1;

const basicPackages = [
    ...["systemd-sysv", "systemd-resolved", "udev", "dbus-user-session", "libpam-systemd"],
    ...["openssh-server", "iproute2", "iputils-ping", "procps", "kmod", "e2fsprogs"],
    ...["ca-certificates", "curl", "less", "polkitd"],
];
const kernelPackage = "linux-image-cloud-amd64";

const fileRule = z
    .object({
        url: z
            .string()
            .regex(/^(https?|file):\/\//, { error: "expected an http, https or file URL" })
            .optional(),
        path: z.string().regex(/^\//, { error: "expected an absolute path" }).optional(),
        sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, { error: "expected 64 lower-case hexadecimal digits" })
            .optional(),
    })
    .refine((file) => (file.url === undefined) !== (file.path === undefined), {
        error: "expected either url or path",
    })
    .refine((file) => file.url === undefined || file.sha256 !== undefined, {
        error: "expected sha256 beside url (sha256sum prints it)",
    })
    .optional();

const rules = {
    suite: z
        .string()
        .regex(/^[a-z][a-z0-9-]*$/, { error: 'expected a Debian release, as "bookworm"' })
        .optional(),
    packages: z
        .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, { error: "expected a package name" }))
        .optional(),
    mirror: z
        .string()
        .regex(/^(https?|file):\/\//, { error: "expected a URL" })
        .optional(),
    rootSizeMib: z
        .int()
        .min(1024)
        .max(1048576, { error: "expected 1024 to 1048576 MiB" })
        .optional(),
    disk: fileRule,
    kernel: fileRule,
    initrd: fileRule,
    format: z.enum(DiskFormat, { error: 'expected "qcow2" or "raw"' }).optional(),
    cloudInit: yesOrNo.optional(),
};

/** The disk, and where possible the kernel, that machines start from: built once, shared by all stacks of this machine. */
export class BaseImage extends pulumi.ComponentResource {
    /** What a VirtualMachine takes as its baseImage. */
    public readonly files: pulumi.Output<BaseImageFiles>;
    /** Digest of what the image is made from. */
    public readonly digest: pulumi.Output<string>;

    constructor(name: string, args: BaseImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:BaseImage", name, args, opts);
        assertArgs(`BaseImage ${name}`, args, rules, ...mixedProblems(args));

        const source = args.disk === undefined ? fromPackages(args) : fromFiles(name, args, this);
        const image = hostResource(
            `${name}-base-image`,
            {
                host: machineHost(),
                create: "qemu/base-image.sh",
                delete: "host/forget.sh",
                spec: source.spec,
                environment: source.environment,
                timeoutSec: 3600,
            },
            { parent: this },
        );
        this.digest = pulumi.output(source.spec).apply(digestOf);
        this.files = pulumi.output({
            digest: this.digest,
            instanceId: image.resource.id,
            directory: after(image.resource, image.dir),
            format: args.format ?? DiskFormat.Qcow2,
            directBoot: args.disk === undefined || args.kernel !== undefined,
            cloudInit: pulumi.output(args.cloudInit).apply((has) => has ?? false),
        });
        this.registerOutputs({ files: this.files, digest: this.digest });
    }
}

interface Source {
    spec: Record<string, pulumi.Input<unknown>>;
    environment: Record<string, pulumi.Input<string>>;
}

function fromPackages(args: BaseImageArgs): Source {
    const spec = pulumi
        .all([args.suite, args.packages, args.rootSizeMib, args.mirror, args.cloudInit])
        .apply(([suite, packages, rootSizeMib, mirror, cloudInit]) => ({
            recipe: recipeVersion,
            suite: suite ?? "bookworm",
            packages: [
                ...new Set([...(packages ?? []), ...(cloudInit === true ? ["cloud-init"] : [])]),
            ].sort(),
            rootSizeMib: rootSizeMib ?? 2048,
            mirror: mirror ?? "",
            cloudInit: onlyYes(cloudInit),
        }));
    const texts = {
        IMAGE_MAKE_ARTIFACTS: script("qemu/image/make-artifacts.sh"),
        IMAGE_INITRD_INIT: script("qemu/image/initrd-init.sh"),
        KUBEDEV_IMAGE_BUILD: script("qemu/build-base-image.sh"),
    };
    const guestSetup = spec.cloudInit.apply(
        (cloudInit) =>
            script("qemu/image/guest-setup.sh") +
            (cloudInit === true ? script("qemu/image/cloud-init-setup.sh") : ""),
    );
    return {
        spec: {
            recipe: spec.recipe,
            suite: spec.suite,
            packages: spec.packages,
            rootSizeMib: spec.rootSizeMib,
            mirror: spec.mirror,
            cloudInit: spec.cloudInit,
        },
        environment: {
            IMAGE_GUEST_SETUP: guestSetup,
            ...texts,
            KUBEDEV_IMAGE_FORMAT: DiskFormat.Qcow2,
            // What is cached also depends on how it was built; what a disk stands on does not change with it.
            KUBEDEV_IMAGE_CACHE: pulumi
                .all([spec, guestSetup])
                .apply(([s, IMAGE_GUEST_SETUP]) =>
                    digestOf({ ...s, IMAGE_GUEST_SETUP, ...texts, basicPackages }),
                ),
            IMAGE_SUITE: spec.suite,
            IMAGE_PACKAGES: spec.packages.apply((more) => [...basicPackages, ...more].join(",")),
            IMAGE_KERNEL_PACKAGE: kernelPackage,
            IMAGE_ROOT_SIZE_MIB: spec.rootSizeMib.apply(String),
            IMAGE_MIRROR: spec.mirror,
        },
    };
}

/** What was not asked for is in no spec: images that were made before are what they were. */
function onlyYes(value: boolean | undefined): true | undefined {
    return value === true ? true : undefined;
}

function fromFiles(name: string, args: BaseImageArgs, parent: pulumi.Resource): Source {
    const artifact = (part: string, file: ImageFileArgs | undefined) =>
        file === undefined
            ? undefined
            : new HostArtifact(
                  `${name}-${part}`,
                  { url: file.url, sourcePath: file.path, sha256: file.sha256 },
                  { parent },
              );
    const disk = artifact("disk", args.disk);
    const kernel = artifact("kernel", args.kernel);
    const initrd = artifact("initrd", args.initrd);
    const format = args.format ?? DiskFormat.Qcow2;
    // Not the artifacts' own outputs: when the cache is emptied they are fetched anew, and what has been made of the
    // same files is left alone.
    const digest = (file: ImageFileArgs | undefined) =>
        file === undefined
            ? undefined
            : artifactDigest(`BaseImage ${name}`, file.sha256, file.path);
    return {
        spec: {
            disk: digest(args.disk),
            format,
            kernel: digest(args.kernel),
            initrd: digest(args.initrd),
            cloudInit: pulumi.output(args.cloudInit).apply(onlyYes),
        },
        environment: {
            KUBEDEV_IMAGE_FORMAT: format,
            KUBEDEV_IMAGE_CACHE: "",
            KUBEDEV_IMAGE_BUILD: "",
            KUBEDEV_IMAGE_DISK: disk?.path ?? "",
            KUBEDEV_IMAGE_KERNEL: kernel?.path ?? "",
            KUBEDEV_IMAGE_INITRD: initrd?.path ?? "",
        },
    };
}

function mixedProblems(args: BaseImageArgs): { propertyPath: string; reason: string }[] {
    const built = ["suite", "packages", "mirror", "rootSizeMib"] as const;
    const given = ["format", "kernel", "initrd"] as const;
    const alone =
        (args.kernel === undefined) === (args.initrd === undefined)
            ? []
            : [
                  {
                      propertyPath: "initrd",
                      reason: "expected kernel and initrd together, or neither",
                  },
              ];
    const [wrong, expected] =
        args.disk === undefined
            ? [given, "disk beside it: without one the image is built from packages"]
            : [built, "no disk beside it: the given disk is not built"];
    return [
        ...alone,
        ...wrong
            .filter((name) => args[name] !== undefined)
            .map((propertyPath) => ({ propertyPath, reason: `expected ${expected}` })),
    ];
}
