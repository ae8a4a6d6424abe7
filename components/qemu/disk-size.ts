import { inputError } from "../internal/validate";

/** The wanted size in GiB, once it is known that the disk is not larger: it would lose its end. */
export function checkedSizeGib(
    what: string,
    propertyPath: string,
    wanted: number,
    presentMib: string | undefined,
): number {
    const present = Number(presentMib ?? "0") / 1024;
    if (wanted < present) {
        throw inputError(what, [
            {
                propertyPath,
                reason: `got ${String(wanted)}; expected at least the present ${String(present)}: a disk does not shrink. To start over on a smaller one: pulumi destroy, or another name`,
            },
        ]);
    }
    return wanted;
}
