/** Pure texts of the host layer: ssh arguments, health checks, sightings, keys, preflight. */
import fc from "fast-check";
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { incarnationOf, lastJsonObject } from "../../components/host/host-resource";
import { healthCheckText } from "../../components/host/health-check";
import { parseSightings, shadowDir } from "../../components/host/drift-probe";
import {
    compareVersions,
    parseFindings,
    problemsOf,
    questions,
} from "../../components/host/preflight";
import { keyOf } from "../../components/host/scope";
import { hostName, sshArgv, sshCommand } from "../../components/host/ssh-argv";
import { digestOf } from "../../components/internal/hash";
import { scratchDir } from "../support/scratch";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxu";

describe("ssh arguments", () => {
    const common = [
        ...["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
        ...["-o", "GlobalKnownHostsFile=none", "-o", "UpdateHostKeys=no", "-o", "CheckHostIP=no"],
    ];
    const limits = [
        ...["-o", "ConnectTimeout=5", "-o", "ServerAliveInterval=5"],
        ...["-o", "ServerAliveCountMax=6"],
    ];

    test("the least", () => {
        expect(sshArgv({ address: "h", hostKey: `${key} comment here` })).toEqual([
            ...common,
            ...["-o", "UserKnownHostsFile=none", "-o", "HostKeyAlias=kubedev-host"],
            ...["-o", `KnownHostsCommand=/bin/echo kubedev-host ${key}`],
            ...limits,
            ...["-p", "22", "root@h"],
        ]);
    });

    test("all of it, with characters that ssh would expand", () => {
        const argv = sshArgv({
            address: "::1",
            port: 2222,
            user: "me",
            privateKeyPath: "/k/100% mine",
            knownHostsPath: "/k h/%h",
            proxy: { address: "jump", user: "j", knownHostsPath: "/p" },
        });
        expect(argv).toContain('UserKnownHostsFile="/k h/%%h"');
        expect(argv).toContain('IdentityFile="/k/100%% mine"');
        expect(argv.at(-1)).toBe("me@::1");
        const proxy = argv.find((word) => word.startsWith("ProxyCommand=")) ?? "";
        expect(proxy).toMatch(/-W '\[::1\]:2222' j@jump$/);
    });

    test("OpenSSH takes them, and reads back what was meant", () => {
        const dir = scratchDir("kubedev-ssh-");
        const privateKeyPath = path.join(dir, "100% mine");
        fs.writeFileSync(privateKeyPath, "");
        const argv = sshArgv({
            address: "h",
            port: 2222,
            user: "me",
            privateKeyPath,
            knownHostsPath: "/k h/known%",
            proxy: { address: "jump", hostKey: key, proxy: { address: "first", hostKey: key } },
        });
        const config = execFileSync("ssh", ["-G", ...argv], { encoding: "utf8" });
        const value = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(config)?.[1];
        expect(value("hostname")).toBe("h");
        expect(value("port")).toBe("2222");
        expect(value("user")).toBe("me");
        expect(value("batchmode")).toBe("yes");
        expect(value("stricthostkeychecking")).toBe("true");
        expect(value("userknownhostsfile")).toBe("/k h/known%");
        expect(value("identityfile")).toBe(privateKeyPath.replace("%", "%%"));
        fs.rmSync(dir, { recursive: true });
        // Each proxy's own command is escaped once more.
        expect(value("proxycommand")).toContain("-W '[h]:2222' root@jump");
        expect(value("proxycommand")).toContain("-W '\\''[jump]:22'\\'' root@first");
    });

    test("what a person pastes is shorter, and no less strict", () => {
        const command = sshCommand({ address: "127.1.2.3", port: 2222, knownHostsPath: "/k" });
        expect(command).toBe(
            `ssh -F none -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none -o 'UserKnownHostsFile="/k"' -p 2222 root@127.1.2.3`,
        );
        expect(hostName({ address: "a", user: "u" })).toBe("u@a port 22");
        expect(hostName(undefined)).toBe("this machine");
    });
});

test.each([
    [undefined, ""],
    [{}, ""],
    [{ timeoutSec: 3 }, ""],
    [{ command: "a | b" }, "a | b"],
    [
        { httpUrl: "https://h/a?b=c&d" },
        "curl -fsSk --noproxy '*' --max-time 5 -o /dev/null 'https://h/a?b=c&d'",
    ],
    [{ tcpAddress: "h:22" }, "timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1' h 22"],
    [{ tcpAddress: "[::1]:22" }, "timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1' ::1 22"],
])("health check %j", (check, text) => {
    expect(healthCheckText(check)).toBe(text);
});

describe("sightings", () => {
    test("the living, the dead and the absent", () => {
        const seen = parseSightings(
            [
                "absent=1763717000123",
                "[a]",
                "incarnation=3",
                "fact.log=/x=y",
                "fact.empty=",
                "alive=true",
                "[b]",
                "incarnation=5",
                "fact.gone=1",
                "alive=false",
                "[c]",
                "",
            ].join("\n"),
        );
        expect(seen.unreachable).toBeUndefined();
        expect(seen.things.get("a")).toEqual({
            incarnation: 3,
            facts: { log: "/x=y", empty: "" },
        });
        expect(seen.things.get("b")).toEqual({ incarnation: 6, facts: undefined });
        expect(seen.things.get("c")).toEqual({ incarnation: 1, facts: undefined });
        expect(incarnationOf(seen, "a")).toBe(3);
        expect(incarnationOf(seen, "nobody")).toBe(1763717000123);
    });

    test("how its files are laid out: the first way, unless its record says another; nothing of what has no record", () => {
        const record = (...lines: string[]) => ["absent=1", "[a]", ...lines, ""].join("\n");
        const formatOf = (...lines: string[]) =>
            parseSightings(record(...lines)).things.get("a")?.format;
        expect(formatOf("incarnation=1", "spec=x", "alive=true")).toBe(1);
        expect(formatOf("incarnation=1", "spec=x", "fact.format=3", "alive=false")).toBe(3);
        expect(formatOf("incarnation=1", "alive=false")).toBeUndefined();
    });

    test("a host that does not answer, one that is stopped, and nothing at all", () => {
        const gone = parseSightings("unreachable=no route=x\n[a]\nincarnation=3\nalive=true\n");
        expect(gone.unreachable).toBe("no route=x");
        expect(incarnationOf(gone, "a")).toBe(3);
        expect(incarnationOf(gone, "b")).toBe(1);
        expect(parseSightings("unreachable=\n").unreachable).toBeUndefined();
        expect(parseSightings("")).toEqual({ absent: 1, things: new Map() });
    });

    test("what is written is what is read", () => {
        const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
        const value = fc.string({ maxLength: 20 }).map((s) => s.replace(/[\n\r]/g, " "));
        const thing = fc.record({
            incarnation: fc.nat(),
            alive: fc.boolean(),
            facts: fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true }),
        });
        fc.assert(
            fc.property(fc.dictionary(name, thing, { noNullPrototype: true }), (things) => {
                const text = Object.entries(things).map(([k, t]) =>
                    [
                        `[${k}]`,
                        `incarnation=${String(t.incarnation)}`,
                        ...Object.entries(t.facts).map(([f, v]) => `fact.${f}=${v}`),
                        `alive=${String(t.alive)}\n`,
                    ].join("\n"),
                );
                const seen = parseSightings(`absent=9\n${text.join("")}`);
                expect(Object.fromEntries(seen.things)).toEqual(
                    Object.fromEntries(
                        Object.entries(things).map(([k, t]) => [
                            k,
                            t.alive
                                ? { incarnation: t.incarnation, facts: t.facts }
                                : { incarnation: t.incarnation + 1, facts: undefined },
                        ]),
                    ),
                );
            }),
        );
    });
});

describe("names of directories", () => {
    test("a plain name is its own", () => {
        expect(keyOf("web-1_a.service")).toBe("web-1_a.service");
    });

    test("any other gets one of its own, that no other has", () => {
        expect(keyOf("a/b")).toMatch(/^a_b_[0-9a-f]{12}$/);
        fc.assert(
            fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
                expect(keyOf(a)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/);
                expect(keyOf(a) === keyOf(b)).toBe(a === b);
            }),
        );
    });

    test("a remote host's is as safe", () => {
        expect(shadowDir({ address: "a/../b", user: "u\\d" })).toMatch(
            /\/\.remote\/u_d@a_\.\._b:22$/,
        );
    });
});

test("digests do not depend on the order of properties", () => {
    expect(digestOf({ a: 1, b: { c: 2, d: [3] } })).toBe(digestOf({ b: { d: [3], c: 2 }, a: 1 }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
    expect(digestOf({ a: undefined })).toBe(digestOf({}));
});

test.each([
    ["", {}],
    ["\n", {}],
    ['noise\n{"a":1}\n', { a: 1 }],
])("the last line %j", (stdout, result) => {
    expect(lastJsonObject(stdout)).toEqual(result);
});

describe("preflight", () => {
    const checks = {
        tools: [
            { program: "qemu-system-x86_64", package: "qemu-system-x86", minVersion: "7.0" },
            { program: "jq", package: "jq" },
            { program: "qemu-img", package: "qemu-system-x86" },
        ],
        spaces: [{ path: "/var", freeMib: 1000 }],
        commands: [
            { what: "KVM", command: "true", expected: "a CPU that runs", fix: "modprobe kvm" },
        ],
    };

    test("asks in lines", () => {
        expect(questions(checks)).toEqual({
            KUBEDEV_TOOLS: "qemu-system-x86_64 --version\njq\nqemu-img",
            KUBEDEV_SPACES: "/var",
            KUBEDEV_COMMANDS: "dHJ1ZQ==",
        });
        expect(questions({})).toEqual({
            KUBEDEV_TOOLS: "",
            KUBEDEV_SPACES: "",
            KUBEDEV_COMMANDS: "",
        });
    });

    test("all is well", () => {
        const found = parseFindings(
            "manager=apt-get\nroot=true\ntool=7.2.19\ntool=present\ntool=present\nspace=1000\ncommand=0 fine\n",
        );
        expect(problemsOf(checks, found)).toEqual([]);
    });

    test("every problem at once, and one command for what is missing", () => {
        const found = parseFindings(
            "manager=apt-get\nroot=false\ntool=6.2\ntool=missing\ntool=missing\nspace=999\ncommand=1 no such device\n",
        );
        expect(problemsOf(checks, found)).toEqual([
            "qemu-system-x86_64: got 6.2; expected 7.0 or later",
            "jq: got nothing; expected it to be there",
            "qemu-img: got nothing; expected it to be there",
            "install: sudo apt-get install jq qemu-system-x86",
            "free space at /var: got 999 MiB; expected 1000 MiB; remove what is no longer needed there",
            "KVM: got no such device; expected a CPU that runs; modprobe kvm",
        ]);
    });

    test("a host without apt, a silent command, a version that is not told", () => {
        const found = parseFindings(
            "manager=dnf\nroot=true\ntool=present\ntool=present\ntool=present\nspace=2000\ncommand=3 \n",
        );
        expect(problemsOf(checks, found)).toEqual([
            "qemu-system-x86_64: got a version that it does not tell; expected 7.0 or later",
            "install what has these Debian packages: qemu-system-x86",
            "KVM: got exit status 3; expected a CPU that runs; modprobe kvm",
        ]);
    });

    test.each([
        ["7.0", "7.0", 0],
        ["7", "7.0.0", 0],
        ["7.10", "7.9", 1],
        ["6.99", "7.0", -1],
    ])("version %s against %s", (a, b, sign) => {
        expect(Math.sign(compareVersions(a, b))).toBe(sign);
        expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
    });
});
