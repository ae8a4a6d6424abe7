/** Messages about input: what, got, expected, how to fix. */
import * as pulumi from "@pulumi/pulumi";
import { hostRule } from "../../components/host/host";
import { healthCheckRule } from "../../components/host/health-check";
import {
    absoluteFilePath,
    absolutePath,
    environment,
    octalMode,
    sha256Digest,
    shellText,
    whole,
} from "../../components/internal/rules";
import { assertArgs } from "../../components/internal/validate";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxu";
const ssh = { address: "10.0.0.1", hostKey: key };

function messageOf(run: () => unknown): string {
    try {
        run();
    } catch (error) {
        return (error as Error).message;
    }
    return "no error";
}

test("every problem is told at once, each with what was got and expected", () => {
    const args = { path: "etc/x", mode: 644, cpus: 1.5, name: pulumi.output("later") };
    const rules = { path: absolutePath, mode: octalMode, cpus: whole(1, 255, "CPUs") };
    expect(
        messageOf(() => {
            assertArgs("HostFile motd", args, rules);
        }),
    ).toBe(
        [
            "HostFile motd: 3 invalid arguments",
            '  path: got "etc/x"; expected an absolute path',
            '  mode: got 644; expected octal permissions, as "0644"',
            "  cpus: got 1.5; expected a whole number of CPUs, 1 to 255",
        ].join("\n"),
    );
});

test("the error is one that other languages understand", () => {
    try {
        assertArgs("X x", {}, { path: absolutePath });
        throw new Error("nothing was thrown");
    } catch (error) {
        expect(pulumi.InputPropertiesError.isInstance(error)).toBe(true);
        expect((error as pulumi.InputPropertiesError).errors).toEqual([
            { propertyPath: "path", reason: "got nothing; expected an absolute path" },
        ]);
    }
});

test("what is nested is named by its path, what is long is cut", () => {
    const args = { environment: { "a-b": "x", GOOD: 7 }, create: "x".repeat(200_000) };
    const rules = { environment, create: shellText("a shell script") };
    const message = messageOf(() => {
        assertArgs("C c", args, rules);
    });
    expect(message).toContain('environment.a-b: got "x"; expected a variable name:');
    expect(message).toContain("environment.GOOD: got 7; expected a string");
    expect(message).toMatch(
        /create: got "x{76}\.\.\.; expected a shell script of at most 100000 bytes; put long data/,
    );
});

test.each([
    [absolutePath, ["/", "/a b", "/a/"], ["", "a", "./a", "~/a", "/a\n"]],
    [absoluteFilePath, ["/a", "/a b/c"], ["/", "/a/", "a", "/a\n", "/a\nb"]],
    [octalMode, ["644", "0644", "1777"], ["", "64", "00644", "0o644", "888", 420]],
    [sha256Digest, ["0".repeat(64)], ["", "0".repeat(63), "A".repeat(64), "0".repeat(65)]],
    [whole(1, 10, "x"), [1, 10], [0, 11, 1.5, "5", NaN, Infinity]],
])("rule %#", (rule, good, bad) => {
    for (const value of good) {
        expect([value, rule.safeParse(value).success]).toEqual([value, true]);
    }
    for (const value of bad) {
        expect([value, rule.safeParse(value).success]).toEqual([value, false]);
    }
});

test.each([
    [{}, undefined],
    [undefined, undefined],
    [{ ssh }, undefined],
    [{ ssh: { ...ssh, proxy: { ...ssh, port: 2222 } } }, undefined],
    [
        { shh: ssh },
        'host: got {"shh":{"address":"10.0.0.1","hostKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...; expected no shh; host has ssh, os, container, parentId, parentUrn, readyId, running',
    ],
    [{ ssh: { address: "10.0.0.1" } }, "expected either hostKey or knownHostsPath"],
    [{ ssh: { ...ssh, knownHostsPath: "/k" } }, "expected either hostKey or knownHostsPath"],
    [
        { ssh: { ...ssh, address: "-oProxyCommand=id" } },
        'host.ssh.address: got "-oProxyCommand=id"; expected a host name or an IP address',
    ],
    [{ ssh: { ...ssh, user: "-x" } }, 'host.ssh.user: got "-x"; expected a user name'],
    [{ ssh: { ...ssh, port: 0 } }, "host.ssh.port: got 0; expected a whole number of a TCP port"],
    [{ ssh: { ...ssh, hostKey: "AAAA" } }, 'host.ssh.hostKey: got "AAAA"; expected one public key'],
    [{ ssh: { ...ssh, hostKey: `${key}\n${key}` } }, "expected one public key"],
    [
        { ssh: { ...ssh, privateKeyPath: "~/.ssh/id" } },
        'host.ssh.privateKeyPath: got "~/.ssh/id"; expected an absolute path',
    ],
    [{ ssh: { ...ssh, proxy: { address: "a" } } }, "host.ssh.proxy: got"],
    [{ os: "windows" }, 'host.os: got "windows"; expected "linux"'],
])("host %#", (host, expected) => {
    const message = messageOf(() => {
        assertArgs("X x", { host }, { host: hostRule });
    });
    if (expected === undefined) {
        expect(message).toBe("no error");
    } else {
        expect(message).toContain(expected);
    }
});

test.each([
    [undefined, true],
    [{}, true],
    [{ httpUrl: "https://127.0.0.1:6443/healthz" }, true],
    [{ tcpAddress: "127.0.0.1:22" }, true],
    [{ tcpAddress: "[::1]:22" }, true],
    [{ command: "true", timeoutSec: 5 }, true],
    [{ httpUrl: "127.0.0.1" }, false],
    [{ httpUrl: "http://a b" }, false],
    [{ tcpAddress: "::1:22" }, false],
    [{ tcpAddress: "127.0.0.1" }, false],
    [{ timeoutSec: 0 }, false],
    [{ command: "true", tcpAddress: "a:1" }, false],
    [{ cmd: "true" }, false],
])("health check %j: %s", (check, good) => {
    expect(healthCheckRule.safeParse(check).success).toBe(good);
});

test("what is not known yet is left for later", () => {
    const args = { path: pulumi.output("etc"), host: { ssh: Promise.resolve(ssh) } };
    expect(
        messageOf(() => {
            assertArgs("X x", args, { path: absolutePath, host: hostRule });
        }),
    ).toBe("no error");
});
