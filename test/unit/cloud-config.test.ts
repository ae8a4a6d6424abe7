import { execFileSync, spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { parse } from "yaml";
import { agentPackages, linuxUserData } from "../../components/azure/linux-user-data";
import {
    type CloudConfig,
    cloudConfig,
    maxCloudConfigBytes,
} from "../../components/internal/cloud-config";

const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    // What means something else than itself in one YAML or another.
    fc.constantFrom(
        "",
        "yes",
        "No",
        "on",
        "y",
        "~",
        "null",
        "0644",
        "1:30",
        "0x1f",
        "1_000",
        "1e3",
    ),
    fc.constantFrom("2001-01-01", "=", "<<", "- a", "a: b", "# c", "*x", "&x", "!t", "%", "@", "`"),
    fc.constantFrom(
        "a\n",
        "\n\n a\n",
        "tab\there",
        " \r\n",
        "\u0085",
        "\u2028",
        "\ufeff",
        "\u007f",
    ),
);
const words = texts.filter((text) => !text.includes("\0"));
const configs: fc.Arbitrary<CloudConfig> = fc.record(
    {
        hostname: fc.constantFrom("a", "agent-1", "ON", "1e3"),
        files: fc.array(
            fc.record({
                path: texts
                    .map((text) => `/etc/${text.replace(/[\0\n/]/g, "_")}`)
                    .filter((path) => !/^\/etc\/(\.\.)?$/.test(path)),
                content: texts,
                permissions: fc.constantFrom("0644", "600", "0755"),
            }),
        ),
        packageUpdate: fc.boolean(),
        packages: fc.array(fc.constantFrom("git", "docker.io", "g++", "libc6-dev", "no")),
        commands: fc.array(fc.array(words, { minLength: 1 }).filter(([first]) => first !== "")),
    },
    { requiredKeys: [] },
);

/** What cloud-init is to see. */
function meant(config: CloudConfig): Record<string, unknown> {
    const all = {
        hostname: config.hostname,
        ssh_pwauth: false,
        write_files: config.files,
        package_update: config.packageUpdate,
        packages: config.packages,
        runcmd: config.commands,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

test.each(["1.1", "1.2"] as const)("YAML %s reads what was meant", (version) => {
    fc.assert(
        fc.property(configs, (config) => {
            const text = cloudConfig(config);
            expect(text.startsWith("#cloud-config\n")).toBe(true);
            expect(parse(text, { version })).toEqual(meant(config));
        }),
        { numRuns: 500 },
    );
});

const pythonYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;
(pythonYaml ? test : test.skip)(
    "so does PyYAML, by which cloud-init reads (where python3 has it)",
    () => {
        const samples = fc.sample(configs, 300);
        const read = execFileSync(
            "python3",
            [
                "-c",
                "import json, sys, yaml; print(json.dumps([yaml.safe_load(t) for t in json.load(sys.stdin)]))",
            ],
            { input: JSON.stringify(samples.map(cloudConfig)), encoding: "utf8" },
        );
        expect(JSON.parse(read)).toEqual(samples.map(meant));
    },
);

test("the text is one that a person can read", () => {
    expect(
        cloudConfig({
            hostname: "agent",
            files: [{ path: "/etc/motd", content: "hello\n" }],
            packageUpdate: true,
            packages: ["git"],
            commands: [["usermod", "-aG", "docker", "dev"]],
        }),
    ).toBe(`#cloud-config
hostname: "agent"
ssh_pwauth: false
write_files:
  - path: "/etc/motd"
    content: "hello\\n"
    permissions: "0644"
package_update: true
packages:
  - "git"
runcmd:
  - - "usermod"
    - "-aG"
    - "docker"
    - "dev"
`);
});

test("a private key is refused, wherever it is, and not shown", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n";
    const config = {
        files: [{ path: "/root/key", content: key }],
        commands: [["sh", "-c", `echo '${key}'`]],
    };
    expect(() => cloudConfig(config)).toThrow(
        /^cloud-config: file \/root\/key holds a private key, expected nothing secret: [^;]*; hand it over [^;]*; command sh holds a private key/,
    );
    expect(() => cloudConfig(config)).not.toThrow("c2VjcmV0");
    const inBase64 = Buffer.from(key).toString("base64");
    expect(() => cloudConfig({ commands: [["echo", inBase64]] })).toThrow(
        "command echo holds a private key",
    );
});

test("it is as long as Azure takes, and no longer", () => {
    const withContent = (length: number) =>
        cloudConfig({ files: [{ path: "/f", content: "x".repeat(length) }] });
    const most = maxCloudConfigBytes - Buffer.byteLength(withContent(0));
    expect(Buffer.byteLength(withContent(most))).toBe(65_535);
    expect(() => withContent(most + 1)).toThrow("has 65536 bytes, expected at most 65535");
    // Bytes are what counts.
    expect(() =>
        withContent(most).concat(
            cloudConfig({ files: [{ path: "/f", content: "é".repeat(most) }] }),
        ),
    ).toThrow("expected at most 65535");
});

test.each<[string, CloudConfig, string]>([
    ["host name", { hostname: "a.b" }, 'host name is "a.b", expected letters'],
    ["path", { files: [{ path: "etc/x", content: "" }] }, 'file is "etc/x", expected an absolute'],
    ["way up", { files: [{ path: "/a/../b", content: "" }] }, "expected an absolute path"],
    ["directory", { files: [{ path: "/a/", content: "" }] }, "expected an absolute path"],
    [
        "permissions",
        { files: [{ path: "/x", content: "", permissions: "rw" }] },
        'permissions of /x are "rw", expected octal',
    ],
    ["package", { packages: ["-y"] }, 'package is "-y", expected the name of one'],
    ["no command", { commands: [[]] }, "command is [], expected a program"],
    ["NUL", { commands: [["a", "\0"]] }, "without NUL"],
    ["no UTF-8", { files: [{ path: "/x", content: "\ud800" }] }, "half a surrogate pair"],
])("refused: %s", (_what, config, problem) => {
    expect(() => cloudConfig(config)).toThrow(problem);
});

test("all problems are named at once", () => {
    expect(() => cloudConfig({ hostname: "-", packages: ["B", "C"] })).toThrow(
        /host name is "-".*package is "B".*package is "C"/,
    );
});

test("an agent gets what a build host takes, and its administrator the container engine", () => {
    const text = linuxUserData({ user: "dev", packages: ["tree", "git"] });
    expect(parse(text, { version: "1.1" })).toEqual({
        ssh_pwauth: false,
        package_update: true,
        packages: [...agentPackages, "tree"],
        runcmd: [
            ["usermod", "--append", "--groups", "docker", "dev"],
            ["systemctl", "enable", "--now", "docker.service"],
        ],
    });
});
