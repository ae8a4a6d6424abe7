/** Prints what each area of the package exports, for index.ts to know without loading it: `npm run schema` writes it to components/internal/exported-names.ts. */
import { exportedNames } from "./exports";

const lines = Object.entries(exportedNames()).map(
    ([area, names]) => `    ${area}: [${names.map((name) => JSON.stringify(name)).join(", ")}],\n`,
);
process.stdout.write(
    [
        "/** What each area exports beside types. Made by `npm run schema`; a test compares. */\n",
        `export const exportedNames: Record<string, readonly string[]> = {\n${lines.join("")}};\n`,
    ].join(""),
);
