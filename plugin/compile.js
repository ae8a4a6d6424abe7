/** Compiles the sources of the package that lies in a folder, as `npm pack` does, without a look at types: those are CI's. */
const fs = require("node:fs");
const path = require("node:path");
const ts = require("typescript");

exports.compile = (folder) => {
    const compilerOptions = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
    };
    // Two may start at once: what is half-made has a name of its own, and the first to be ready counts.
    const made = fs.mkdtempSync(path.join(folder, ".bin-"));
    for (const name of sourcesOf(folder)) {
        const source = fs.readFileSync(path.join(folder, name), "utf8");
        const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: name });
        const target = path.join(made, name.replace(/\.ts$/, ".js"));
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, outputText);
    }
    try {
        fs.renameSync(made, path.join(folder, "bin"));
    } catch (error) {
        fs.rmSync(made, { recursive: true, force: true });
        if (!fs.existsSync(path.join(folder, "bin/index.js"))) {
            throw error;
        }
    }
};

function sourcesOf(folder) {
    const below = fs
        .readdirSync(path.join(folder, "components"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"));
    return ["index.ts", ...below.map((name) => path.join("components", name))];
}
