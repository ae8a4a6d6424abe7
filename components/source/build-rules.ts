import { z } from "zod";
import { hostRule } from "../host/host";
import { whole, yesOrNo } from "../internal/rules";
import { binaryName, BuildMode, goVersionRule } from "./go-build";
import { sourceFilesRule } from "./source-files";

const platformRule = z
    .string({ error: 'expected os/architecture, as "linux/amd64"' })
    .regex(/^(linux|windows|darwin)\/(amd64|arm64)$/, {
        error: "expected linux, windows or darwin, and amd64 or arm64, as linux/amd64",
    });
const flags = z.string({ error: "expected flags" }).regex(/^[^\0\n]*$/, {
    error: "expected flags on one line",
});
/** What the arguments of a Build must look like. */
export const buildRules = {
    source: sourceFilesRule.optional(),
    host: hostRule,
    module: z
        .string({ error: 'expected module@version, as "k8s.io/kubernetes@v1.36.1"' })
        .regex(/^[A-Za-z0-9._~/-]+@v[0-9A-Za-z.+-]+$/, {
            error: 'expected module@version, as "k8s.io/kubernetes@v1.36.1"',
        })
        .optional(),
    targets: z
        .array(
            z
                .string({ error: "expected a directory below the tree or an import path" })
                .regex(/^(?!-)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._~-]+(\/[A-Za-z0-9._~-]+)*$/, {
                    error: 'expected a directory below the tree, as "cmd/kubelet", or an import path',
                }),
            { error: "expected a list of targets" },
        )
        .min(1, { error: "expected at least one target" }),
    platforms: z
        .array(platformRule, { error: "expected a list of platforms" })
        .min(1, { error: "expected at least one platform" })
        .optional(),
    names: z
        .record(
            z.string(),
            z
                .string({ error: 'expected the name of a binary, as "etcd"' })
                .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
                    error: 'expected the name of a binary, as "etcd"',
                }),
            { error: "expected names by target" },
        )
        .optional(),
    mode: z.enum(BuildMode, { error: 'expected "go", "make", "container" or "module"' }).optional(),
    debug: yesOrNo.optional(),
    race: yesOrNo.optional(),
    cgo: yesOrNo.optional(),
    tags: z
        .array(
            z
                .string({ error: "expected a build tag" })
                .regex(/^[A-Za-z0-9_.]+$/, { error: "expected a build tag" }),
            { error: "expected a list of build tags" },
        )
        .optional(),
    gcflags: flags.optional(),
    ldflags: flags.optional(),
    goFlags: z.array(flags, { error: "expected a list of flags" }).optional(),
    goVersion: goVersionRule.optional(),
    clean: yesOrNo.optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
};

/** Arguments of a Build, as far as they can be wrong together. */
type GivenArgs = Partial<
    Record<
        "source" | "host" | "module" | "race" | "tags" | "gcflags" | "ldflags" | "goFlags",
        unknown
    >
> & { targets: readonly string[]; names?: Readonly<Record<string, string>>; mode?: BuildMode };

/** What is wrong with arguments that do not go together. */
export function buildProblems(args: GivenArgs): { propertyPath: string; reason: string }[] {
    return [...sourceProblems(args), ...nameProblems(args)];
}

function nameProblems(args: GivenArgs): { propertyPath: string; reason: string }[] {
    const targets = Array.isArray(args.targets) ? args.targets.map(String) : [];
    const names = targets.map((target) => binaryName(target, "", args.names));
    const twice = targets.filter((_, at) => names.indexOf(names[at] ?? "") !== at);
    return [
        ...twice.map((target) => ({
            propertyPath: "targets",
            reason: `got ${target}, whose binary is called ${binaryName(target, "", args.names)} as another one's; expected a name of its own, in names`,
        })),
        ...Object.keys(args.names ?? {})
            .filter((target) => !targets.includes(target))
            .map((target) => ({
                propertyPath: "names",
                reason: `got ${target}, which is none of targets; expected one of ${targets.join(", ")}`,
            })),
    ];
}

function sourceProblems(args: GivenArgs): { propertyPath: string; reason: string }[] {
    if ((args.source === undefined) === (args.module === undefined)) {
        const got = args.source === undefined ? "neither" : "both";
        return [
            {
                propertyPath: "source",
                reason: `got ${got}; expected either source, a tree, or module, as "k8s.io/kubernetes@v1.36.1"`,
            },
        ];
    }
    const ofGo = ["race", "tags", "gcflags", "ldflags", "goFlags"] as const;
    const wrong = [
        ...(byMake(args.mode) ? ofGo.filter((name) => args[name] !== undefined) : []).map(
            (propertyPath) => ({
                propertyPath,
                reason: `expected none with mode "${args.mode ?? ""}": the Makefile decides; set mode to "go"`,
            }),
        ),
        ...(args.mode !== undefined &&
        (args.mode === BuildMode.Module) !== (args.module !== undefined)
            ? [
                  {
                      propertyPath: "mode",
                      reason: `got "${args.mode}"; expected "module" with a module, and another with a source`,
                  },
              ]
            : []),
        ...(args.source !== undefined && args.host !== undefined
            ? [
                  {
                      propertyPath: "host",
                      reason: "expected none beside source: a tree is built where it is",
                  },
              ]
            : []),
    ];
    return wrong;
}

function byMake(mode: BuildMode | undefined): boolean {
    return mode === BuildMode.Make || mode === BuildMode.Container;
}
