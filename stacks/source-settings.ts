/** What environments ask of a source tree, and of what is built from it. */
import { z } from "zod";
import { BuildMode, TreeRemoval } from "../components/source";

const flag = z.boolean({ error: "expected true or false" });

export const absolutePath = z
    .string({ error: "expected an absolute path" })
    .regex(/^\//, { error: "expected an absolute path" });

/** Fields of the setting `source`. Binaries are for this platform, unless it is said. */
export const sourceFields = (platform: string) => ({
    /** Absolute path of the source tree: one that is there is adopted. */
    dir: absolutePath,
    /** What is cloned when there is no tree yet: the URL of a fork. */
    origin: z.string({ error: "expected the URL of a repository" }).optional(),
    branch: z.string({ error: "expected a branch name" }).optional(),
    /** Another tree beside it whose objects a clone shares. */
    reference: absolutePath.optional(),
    hooks: flag.default(false),
    onDelete: z
        .enum(TreeRemoval, { error: 'expected "refuse", "retain" or "force"' })
        .default(TreeRemoval.Refuse),
    /** Commands that are built, as "cmd/kubelet". */
    targets: z.array(z.string(), { error: "expected a list of commands" }).default([]),
    platforms: z
        .array(z.string(), { error: "expected a list of platforms" })
        .min(1, { error: "expected at least one platform" })
        .default([platform]),
    debug: flag.default(false),
    mode: z
        .enum([BuildMode.Go, BuildMode.Make, BuildMode.Container], {
            error: 'expected "go", "make" or "container"',
        })
        .default(BuildMode.Go),
});
