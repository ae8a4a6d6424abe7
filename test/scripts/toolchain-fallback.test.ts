/**
 * Node and Go where none is installed and the vendors do not answer: from the npm registry and from
 * a Go module proxy. The packages are small ones of the same layout, pinned in the scratch clone.
 */
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { digest, ScratchClone } from "./toolchain-scratch";
import { storedZip } from "./toolchain-zip";

let clone: ScratchClone;
beforeEach(() => {
    clone = new ScratchClone();
    // The vendors are out of reach, our own server is not.
    clone.stub("curl", 'case "$*" in *127.0.0.1*) exec /usr/bin/curl "$@" ;; *) exit 6 ;; esac');
});
afterEach(() => clone.dispose());

const arch = process.arch === "arm64" ? "arm64" : "x64";
const goArch = process.arch === "arm64" ? "arm64" : "amd64";
const script = (text: string) => `#!/bin/sh\necho ${text}\n`;

/** A registry with a Node 20.20.2 and an npm of our making; pins the clone to them. */
async function registry(asked: string[] = []): Promise<string> {
    const node = clone.tarball("package", {
        "bin/node": script("v20.20.2"),
        "include/node/node.h": "not wanted",
    });
    const npm = clone.tarball("package", {
        "bin/npm-cli.js": script("npm runs"),
        "bin/npx-cli.js": script("npx runs"),
        "package.json": "{}",
    });
    clone.pin({
        [`NODE_PACKAGE_SHA512_${arch.toUpperCase()}`]: digest("sha512", node),
        NPM_PACKAGE_SHA512: digest("sha512", npm),
    });
    return clone.serve(
        {
            [`/node-linux-${arch}/-/node-linux-${arch}-20.20.2.tgz`]: node,
            "/npm/-/npm-10.9.9.tgz": npm,
        },
        asked,
    );
}

const bin = (name: string) => path.join(clone.root, ".toolchain/bin", name);
const says = (name: string) =>
    spawnSync(bin(name), [], { env: clone.env(), encoding: "utf8" }).stdout.trim();

test("Node and npm from the npm registry, once", async () => {
    const asked: string[] = [];
    const url = await registry(asked);
    const missing = clone.run("node.sh", ["check"]);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain("none on PATH: take 20.20.2 from nodejs.org");

    const out = await clone.runAsync("node.sh", ["ensure"], { NPM_CONFIG_REGISTRY: `${url}/` });
    expect(out.stderr).toContain("nodejs.org does not answer");
    expect(out.code).toBe(0);
    expect([says("node"), says("npm"), says("npx")]).toEqual(["v20.20.2", "npm runs", "npx runs"]);
    const home = path.join(clone.home, ".cache/kubedev/toolchain", `node-20.20.2-${arch}`);
    expect(fs.realpathSync(bin("node"))).toBe(path.join(home, "bin/node"));
    expect(fs.existsSync(path.join(home, "include"))).toBe(false);
    expect(clone.run("node.sh", ["check"]).stdout).toBe(`ready\t20.20.2\t${bin("node")}\n`);
    expect(clone.leftovers()).toEqual([]);

    const again = await clone.runAsync("node.sh", ["ensure"], { NPM_CONFIG_REGISTRY: url });
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toHaveLength(2);
});

test("the registry of the user's .npmrc is taken", async () => {
    const url = await registry();
    fs.writeFileSync(path.join(clone.home, ".npmrc"), `fund=false\nregistry = ${url}/\n`);
    expect((await clone.runAsync("node.sh", ["ensure"])).code).toBe(0);
});

test("a package with another content is not unpacked, and the way out is named", async () => {
    const url = await registry();
    clone.pin({ [`NODE_PACKAGE_SHA512_${arch.toUpperCase()}`]: "0".repeat(128) });
    const out = await clone.runAsync("node.sh", ["ensure"], { NPM_CONFIG_REGISTRY: url });
    expect(out.code).toBe(1);
    expect(out.stderr).toContain("the checksum is");
    expect(out.stderr).toContain("install Node 20 or newer, or set NPM_CONFIG_REGISTRY");
    expect(fs.existsSync(bin("node"))).toBe(false);
    expect(fs.readdirSync(path.join(clone.home, ".cache/kubedev/toolchain"))).toEqual([]);
    expect(clone.leftovers()).toEqual([]);
});

test.each([
    ["v18.19.0", "older than 20"],
    ["v20.0.0", undefined],
    ["v22.1.0", undefined],
    ["v9.9.9", "older than 20"],
])("an installed Node %s", (version, complaint) => {
    clone.stub("node", `echo ${version}`);
    clone.stub("npm", "");
    const out = clone.run("node.sh", ["check"]);
    expect(out.code).toBe(complaint === undefined ? 0 : 1);
    expect(out.stdout).toContain(complaint ?? `ready\t${version.slice(1)}`);
});

test("a Node without npm will not do", () => {
    clone.stub("node", "echo v20.1.0");
    expect(clone.run("node.sh", ["check"]).stdout).toContain("comes without npm");
});

test("Go from a module proxy, past those that do not have it", async () => {
    const version = `v0.0.1-go1.26.8.linux-${goArch}`;
    const top = `golang.org/toolchain@${version}`;
    const zip = storedZip({
        [`${top}/bin/go`]: script("go1.26.8"),
        [`${top}/bin/gofmt`]: script("gofmt runs"),
        [`${top}/pkg/tool/linux/compile`]: script("compile"),
    });
    clone.pin({ [`GO_MODULE_SHA256_${goArch.toUpperCase()}`]: digest("sha256", zip) });
    const empty = await clone.serve({});
    const full = await clone.serve({ [`/golang.org/toolchain/@v/${version}.zip`]: zip });

    expect(clone.run("go.sh", ["check"]).stdout).toContain("none on PATH: take 1.26.8 from go.dev");
    const GOPROXY = `${empty},${full}|direct`;
    const out = await clone.runAsync("go.sh", ["ensure"], { GOPROXY });
    expect(out.stderr).toContain("go.dev does not answer");
    expect(out.code).toBe(0);
    expect([says("go"), says("gofmt")]).toEqual(["go1.26.8", "gofmt runs"]);
    const home = path.join(clone.home, `.cache/kubedev/toolchain/go-1.26.8-${goArch}`);
    fs.accessSync(path.join(home, "pkg/tool/linux/compile"), fs.constants.X_OK);
    expect(await clone.runAsync("go.sh", ["ensure"])).toMatchObject({ code: 0, stderr: "" });
    expect(clone.leftovers()).toEqual([]);
});

test.each([
    ["go1.19.8", false],
    ["go1.26.0", true],
    ["go1.26.8 X:nocoverageredesign", true],
    ["go1.27rc1", true],
])("an installed Go that says %s", (version, good) => {
    clone.stub("go", `echo '${version}'`);
    expect(clone.run("go.sh", ["check"]).code).toBe(good ? 0 : 1);
});

test("the newest go line of our modules is what is asked for", () => {
    clone.write("toolchain/providers/go.mod", "module providers\n\ngo 1.26.5\n");
    clone.stub("go", "echo go1.26.4");
    expect(clone.run("go.sh", ["check"]).stdout).toContain("older than 1.26.5");
});
