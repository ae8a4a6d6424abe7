/**
 * The components of a clone, or of a git reference, which comes without what `npm pack` compiles. What is compiled lies below
 * the plugin's node_modules, so that it finds there what it depends on, in a folder named by what the sources are: an edit or a
 * `git pull` is compiled anew, and two versions at once are not in each other's way. No look at types: those are CI's.
 */
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

/** Folders and files that components are or read. */
const parts = ["index.ts", "components", "scripts", "agents", "package.json", "schema.json"];

/** Compiles the sources in `root` below `store`, unless that was done; answers the folder, which is a package. */
exports.compiled = (root, store) => {
    const files = parts.flatMap((part) => filesOf(root, part));
    const folder = path.join(store, fingerprint(root, files));
    if (fs.existsSync(folder)) {
        try {
            const now = new Date();
            fs.utimesSync(folder, now, now);
        } catch {
            // Another user's, or read-only: whoever made it looks after it.
        }
        return folder;
    }
    // Two may start at once: what is half-made has a name of its own, and the first to be ready counts.
    fs.mkdirSync(store, { recursive: true });
    const made = fs.mkdtempSync(path.join(store, "made-"));
    try {
        write(root, files, made);
        fs.renameSync(made, folder);
    } catch (error) {
        fs.rmSync(made, { recursive: true, force: true });
        if (!fs.existsSync(folder)) {
            throw error;
        }
    }
    removeOld(store, folder);
    return folder;
};

function filesOf(root, part) {
    if (!fs.statSync(path.join(root, part)).isDirectory()) {
        return [part];
    }
    return fs
        .readdirSync(path.join(root, part), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
        .sort();
}

function fingerprint(root, files) {
    const hash = crypto.createHash("sha256");
    for (const name of files) {
        hash.update(`${name}\0`)
            .update(fs.readFileSync(path.join(root, name)))
            .update("\0");
    }
    return hash.digest("hex").slice(0, 16);
}

function write(root, files, made) {
    const ts = require("typescript");
    const compilerOptions = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
    };
    for (const name of files) {
        const from = path.join(root, name);
        const isSource = /^(index|components\/.*)\.ts$/.test(name.split(path.sep).join("/"));
        const target = path.join(made, isSource ? `bin/${name.replace(/\.ts$/, ".js")}` : name);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        if (isSource) {
            const source = fs.readFileSync(from, "utf8");
            const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: name });
            fs.writeFileSync(target, outputText);
        } else {
            fs.copyFileSync(from, target);
        }
    }
}

/** A run that goes on may still read from another one: what is a day old is nobody's. */
function removeOld(store, current) {
    for (const name of fs.readdirSync(store)) {
        const folder = path.join(store, name);
        // Another start may just have removed it.
        const found = fs.statSync(folder, { throwIfNoEntry: false });
        const isOld = found !== undefined && Date.now() - found.mtimeMs > 24 * 3_600_000;
        if (folder !== current && isOld) {
            fs.rmSync(folder, { recursive: true, force: true });
        }
    }
}
