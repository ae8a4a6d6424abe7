import * as path from "node:path";
import { library, ScratchStack } from "../engine";
import { unpackBaseline } from "./baseline";

/** What a preview says of resources beside updates in place, which lose nothing. */
export function notUpdates(ops: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(ops).filter(([, op]) => op !== "update"));
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
