/**
 * A plugin that suites are held against: the one that the toolchain installed, or the binary that a variable names, as
 * KUBEDEV_COMMAND_PLUGIN.
 */
import { execFileSync } from "child_process";
import * as path from "path";
import { repoRoot } from "./engine-cli";

/** `inRealOne`: what the drop-in does otherwise on purpose, and how the real plugin behaves there. */
export function pluginUnderTest<Difference extends string>(
    name: "command" | "kubernetes",
    version: string,
    inRealOne: Record<Difference, string>,
) {
    const home = process.env.PULUMI_HOME ?? path.join(repoRoot, ".toolchain/pulumi");
    /** The binary that the toolchain installed. */
    const installed = path.join(
        home,
        `plugins/resource-${name}-v${version}/pulumi-resource-${name}`,
    );
    /** The binary under test. */
    const plugin = process.env[`KUBEDEV_${name.toUpperCase()}_PLUGIN`] ?? installed;
    /** The drop-in says so; a real plugin prints its version alone or knows no such flag. */
    const isDropIn = titleOf(plugin).startsWith(`kubedev drop-in for ${name} `);
    // A difference that is no more is found by this: what fails on the real plugin as a rule has to.
    const onRealOne = process.env.KUBEDEV_PROVE_DIFFERENCES ? test.failing : test.skip;
    /** A test of the drop-in alone; on the real plugin it is skipped, and says what that one does. */
    const differs = (what: Difference, title: string, run: () => unknown) => {
        const real = `[${what}: the real plugin ${inRealOne[what]}]`;
        (isDropIn ? test : onRealOne)(isDropIn ? title : `${title} ${real}`, async () => {
            await run();
        });
    };
    /** What a test of both expects where they differ in one detail. */
    const either = <T>(_: Difference, ofDropIn: T, ofRealOne: T): T =>
        isDropIn ? ofDropIn : ofRealOne;
    return { installed, plugin, isDropIn, differs, either };
}

/** What a plugin says that it is. */
export function titleOf(binary: string): string {
    try {
        const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
        return execFileSync(binary, ["--version"], { encoding: "utf8", stdio, timeout: 20_000 });
    } catch {
        return "the real plugin";
    }
}
