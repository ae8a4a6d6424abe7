/** What environments load in every preview, and what they leave out. */
import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { exportedNames } from "../../components/internal/exported-names";
import { exportedNames as foundNames } from "../schema/exports";

const root = path.resolve(__dirname, "../..");

/** The files that a program has loaded, below the repository. */
function loaded(text: string): string[] {
    const print = `require(${JSON.stringify(root)} + "/node_modules/zod"); console.log(JSON.stringify(Object.keys(require.cache)));`;
    const said = execFileSync(process.execPath, ["--import", "tsx", "-e", `${text}; ${print}`], {
        cwd: root,
        encoding: "utf8",
    });
    return (JSON.parse(said) as string[]).map((file) => path.relative(root, file));
}

const locales = (files: string[]) =>
    files.filter((file) => file.includes("/zod/v4/locales/")).map((file) => path.basename(file));

test("zod comes with its English messages alone, and still says what is wrong", () => {
    const quick = loaded(`
        require("./components/internal/lazy-modules");
        const { z } = require("zod");
        const said = z.int().safeParse("x").error.issues[0].message;
        if (!/expected number/.test(said)) throw new Error(said);
    `);
    expect(locales(quick)).toContain("en.cjs");
    expect(locales(quick).length).toBeLessThan(3);
    expect(locales(loaded("")).length).toBeGreaterThan(20);
});

test("what is put off is there for a program that asks for it", () => {
    const all = loaded(`
        require("./components/internal/lazy-modules");
        const { z } = require("zod");
        const pulumi = require("@pulumi/pulumi");
        if ("nothing" in z.locales || !Object.keys(z.locales).includes("de")) throw new Error("no de");
        if (typeof z.locales.de().localeError !== "function") throw new Error("de says nothing");
        if (typeof pulumi.automation.LocalWorkspace.create !== "function") throw new Error("no LocalWorkspace");
    `);
    expect(locales(all).length).toBeGreaterThan(20);
});

test("of the package those areas are loaded that a program takes something of", () => {
    const ofAreas = (files: string[]) =>
        new Set(
            files.flatMap(
                (file) => /^components\/(?!internal)(\w+)\/(?!index\.)/.exec(file)?.[1] ?? [],
            ),
        );
    expect(ofAreas(loaded(`require("./index")`))).toEqual(new Set());
    const some = loaded(`
        const { VirtualMachine, HostOs } = require("./index");
        if (typeof VirtualMachine !== "function" || HostOs.Linux !== "linux") throw new Error("nothing there");
    `);
    expect(ofAreas(some)).toEqual(new Set(["qemu", "host"]));
    const none = loaded(`
        const kubedev = require("./index");
        if ("Nothing" in kubedev || kubedev.Nothing !== undefined) throw new Error("something there");
        if (!Object.keys(kubedev).includes("KindCluster")) throw new Error("not all there");
    `);
    expect(ofAreas(none)).toEqual(new Set());
});

test("areas of loaders that give modules a require without a cache are loaded at once", () => {
    const index = JSON.stringify(path.join(root, "components/internal/lazy-modules.ts"));
    loaded(`
        const source = require("typescript").transpileModule(require("fs").readFileSync(${index}, "utf8"), { compilerOptions: { module: "commonjs", target: "ES2022", esModuleInterop: true } }).outputText;
        const bare = (name) => require(name);
        bare.resolve = require.resolve;
        new Function("require", "exports", source)(bare, {});
    `);
});

test("a stand-in looks as what it stands for", () => {
    loaded(`
        const kubedev = require("./index");
        const area = require("./components/qemu");
        if (area.hasOwnProperty("Nothing") || !("toString" in area)) throw new Error("no object");
        const { automation } = require("@pulumi/pulumi");
        if (Object.keys(automation).includes("__esModule")) throw new Error("__esModule is listed");
    `);
});

test("what areas export is known without loading them: npm run exports writes it", () => {
    expect(exportedNames).toEqual(foundNames());
});

test("neither YAML nor the SDK's automation is loaded with the library", () => {
    const files = loaded(`Object.values(require("./index"))`);
    expect(files).toContain("components/qemu/virtual-machine.ts");
    expect(files.filter((file) => file.includes("/node_modules/yaml/"))).toEqual([]);
    expect(files.filter((file) => /pulumi.automation.stack/.test(file))).toEqual([]);
});

test("what one area has in it comes without the others", () => {
    const files = loaded(`require("./components/qemu")`);
    expect(files).toContain("components/qemu/virtual-machine.ts");
    expect(files.filter((file) => /^components\/(azure|kind|addons|source)\//.test(file))).toEqual(
        [],
    );
});
