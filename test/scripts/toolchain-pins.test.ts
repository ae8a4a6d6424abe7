/** The pins of toolchain/ agree with each other and with the npm lock file. */
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { repoRoot } from "./toolchain-scratch";

const read = (name: string) => fs.readFileSync(path.join(repoRoot, name), "utf8");

/** versions.sh as bash reads it. */
function pins(): Map<string, string> {
    const code =
        'set -a; . "$1"; PLUGIN_LIST="${PLUGINS[*]} ${ADDON_PLUGINS[*]} ${AZURE_PLUGINS[*]}"; env -0';
    const r = spawnSync("bash", ["-c", code, "-", path.join(repoRoot, "toolchain/versions.sh")], {
        encoding: "utf8",
        env: { PATH: process.env.PATH },
    });
    expect(r.status).toBe(0);
    return new Map(
        r.stdout.split("\0").map((l): [string, string] => {
            const at = l.indexOf("=");
            return [l.slice(0, at), l.slice(at + 1)];
        }),
    );
}

test("the modules that are built are the versions that versions.sh names", () => {
    const cli = read("toolchain/cli/go.mod");
    const host = read("toolchain/language-nodejs/go.mod");
    expect(cli).toContain(
        `require github.com/pulumi/pulumi/pkg/v3 v${pins().get("PULUMI_VERSION")}\n`,
    );
    expect(host).toContain(
        `require github.com/pulumi/pulumi/sdk/v3 v${pins().get("LANGUAGE_HOST_VERSION")}\n`,
    );
    expect(read("toolchain/language-yaml/go.mod")).toContain(
        `require github.com/pulumi/pulumi-yaml v${pins().get("YAML_HOST_VERSION")}\n`,
    );
});

test("the plugins are the versions of the npm packages", () => {
    const lock = JSON.parse(read("package-lock.json")) as {
        packages: Record<string, { version?: string }>;
    };
    const plugins = (pins().get("PLUGIN_LIST") ?? "").split(" ");
    expect(plugins.length).toBeGreaterThan(0);
    for (const plugin of plugins) {
        const [name, version] = plugin.split(":");
        expect(lock.packages[`node_modules/@pulumi/${name}`]?.version).toBe(version);
    }
});

test("every checksum has the length of its kind", () => {
    const sums = [...pins()].filter(([name]) => /_SHA\d+/.test(name));
    expect(sums.length).toBeGreaterThan(8);
    for (const [name, value] of sums) {
        expect(`${name} ${value}`).toMatch(
            /_SHA256(_\w+)? [0-9a-f]{64}$|_SHA512(_\w+)? [0-9a-f]{128}$/,
        );
    }
});

test("packages.txt: known sets, three columns, every package once", () => {
    const rows = read("toolchain/packages.txt")
        .split("\n")
        .filter((l) => l !== "" && !l.startsWith("#"))
        .map((l) => l.split(/\s+/));
    for (const row of rows) {
        expect(row).toHaveLength(3);
        expect(["base", "up", "kind", "test", "peers"]).toContain(row[0]);
    }
    expect(new Set(rows.map((r) => r[2])).size).toBe(rows.length);
});
