/** What the pages say that a change does, then and now. Pure. */
import { Change, Weight } from "./schema-changes";

/** By component, then by the first column of its table: what the second says. */
export type DiffTables = Record<string, Record<string, string>>;

/** Reads the table below "What a change does". */
export function diffTable(page: string): Record<string, string> {
    const [, below = ""] = page.split(/^## What a change does$/m);
    const [section = ""] = below.split(/^## /m);
    const rows = section
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .map((line) => line.split("|").map((cell) => cell.trim()))
        .map(([, change = "", effect = ""]) => [change, effect] as const)
        .filter(([change, effect]) => change !== "change" && !/^-+$/.test(effect));
    return Object.fromEntries(rows);
}

/** How much an effect takes from its user. */
enum Cost {
    Nothing,
    InPlace,
    Restart,
    Replaced,
}

export function costOf(effect: string): Cost {
    const words = effect.toLowerCase();
    if (
        /^(replace|new |made anew|provisioned anew|disk replaced|everything)|\breplaced\b/.test(
            words,
        )
    ) {
        return /^(nothing|in place|refused|updated in place)/.test(words)
            ? Cost.InPlace
            : Cost.Replaced;
    }
    return /\brestart/.test(words)
        ? Cost.Restart
        : /^nothing|^refused/.test(words)
          ? Cost.Nothing
          : Cost.InPlace;
}

export function diffTableChanges(before: DiffTables, after: DiffTables): Change[] {
    return Object.entries(before).flatMap(([of, rows]) =>
        Object.entries(rows).flatMap(([row, was]): Change[] => {
            const is = after[of]?.[row];
            if (is === was || (is !== undefined && costOf(is) <= costOf(was))) {
                return [];
            }
            // A row that is gone may have been put into other words: whoever takes it out says so.
            const what = `"${row}" was "${was}", is ${is === undefined ? "not told of" : `"${is}"`}`;
            return [
                {
                    weight: is === undefined ? Weight.Additive : Weight.Breaking,
                    of,
                    member: "What a change does",
                    what,
                },
            ];
        }),
    );
}
