/** What the areas of the package export beside types, found by loading them. */
import * as fs from "node:fs";
import * as path from "node:path";

const components = path.resolve(__dirname, "../../components");

export function exportedNames(): Record<string, string[]> {
    const areas = fs
        .readdirSync(components)
        .filter((name) => fs.existsSync(path.join(components, name, "index.ts")))
        .sort();
    return Object.fromEntries(
        areas.map((area) => {
            // eslint-disable-next-line @typescript-eslint/no-require-imports -- areas are found, not known
            const loaded = require(path.join(components, area)) as object;
            return [area, Object.keys(loaded).sort()];
        }),
    );
}
