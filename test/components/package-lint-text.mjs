// Lints texts as if they were files of the repository: `[{ file, text }]` on stdin, for each the
// messages of the rules that need no types on stdout. Jest cannot load ESLint's configuration, which
// is an ES module.
import { ESLint } from "eslint";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import tseslint from "typescript-eslint";

const eslint = new ESLint({
    cwd: path.resolve(import.meta.dirname, "../.."),
    // The texts belong to no TypeScript project.
    overrideConfig: [
        tseslint.configs.disableTypeChecked,
        { languageOptions: { parserOptions: { project: null } } },
    ],
});
const results = [];
for (const { file, text: source } of JSON.parse(await text(process.stdin))) {
    const [result] = await eslint.lintText(source, { filePath: file, warnIgnored: true });
    results.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
process.stdout.write(JSON.stringify(results));
