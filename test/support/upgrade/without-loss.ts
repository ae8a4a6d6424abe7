import * as path from "node:path";
import { library, ScratchStack } from "../engine";
import { baselines, unpackBaseline } from "./baseline";

/** What a preview says of resources beside updates in place, which lose nothing. */
export function notUpdates(ops: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(ops).filter(([, op]) => op !== "update"));
}

/** Versions that had more than machines and what is on hosts: all but the first of them. */
export const released = () => baselines().filter((version) => version !== "first");

/** A test of the stack of each of them. */
export function testReleased(
    title: string,
    run: (stack: ScratchStack, version: string) => Promise<void>,
): void {
    test.each(released())(
        `${title}: %s`,
        async (version) => {
            const stack = await ScratchStack.create({ program: "", project: "upgrade" });
            try {
                await run(stack, version);
            } finally {
                await stack.dispose();
            }
        },
        600_000,
    );
}

/**
 * Brings a stack up with an earlier library and then with the present one: nothing is made, replaced or deleted, outputs stay,
 * and the next preview is clean.
 *
 * @param program Text of the program, by what it imports.
 */
export async function upgradesWithoutLoss(
    stack: ScratchStack,
    version: string,
    program: (library: string) => string,
): Promise<void> {
    stack.program(program(unpackBaseline(version, path.join(stack.dir, "baseline")).library));
    await stack.up();
    const before = await stack.outputs();
    expect((await stack.preview()).changed).toEqual([]);

    stack.program(program(library));
    // New script text is an update in place; anything else would be lost work for a user.
    expect(notUpdates((await stack.preview()).ops())).toEqual({});
    expect(notUpdates((await stack.up()).ops())).toEqual({});
    expect(await stack.outputs()).toEqual(before);
    expect((await stack.preview()).changed).toEqual([]);
}
