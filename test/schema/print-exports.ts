/** Writes components/internal/exported-names.ts: what each area of the package exports, for index.ts to know without loading it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { exportedNames } from "./exports";

const lines = Object.entries(exportedNames()).map(
    ([area, names]) => `    ${area}: [${names.map((name) => JSON.stringify(name)).join(", ")}],\n`,
);
// Once all is known: without the file no area can be loaded.
fs.writeFileSync(
    path.resolve(__dirname, "../../components/internal/exported-names.ts"),
    [
        "/** What each area exports beside types. Made by `npm run schema`; a test compares. */\n",
        `export const exportedNames: Record<string, readonly string[]> = {\n${lines.join("")}};\n`,
    ].join(""),
);
