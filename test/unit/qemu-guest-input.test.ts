import * as fc from "fast-check";
import {
    credentialNames,
    guestFilesCredential,
    loginKeysCredential,
} from "../../components/qemu/credentials";
import { kernelLine } from "../../components/qemu/kernel-line";

describe("kernelLine", () => {
    const spec = { hostname: "node-1.local", accelerator: "kvm" } as const;

    test("has console, host name and what the user adds", () => {
        expect(kernelLine({ ...spec, extra: ["a=b", "sysctl.x=1 2"] })).toBe(
            "console=ttyS0 quiet systemd.show_status=1 audit=0 8250.nr_uarts=1 " +
                'systemd.hostname=node-1.local a=b sysctl.x="1 2"',
        );
    });

    test("spares an emulated CPU, and it alone, work that pays off on a real one", () => {
        const parameters = (accelerator: "kvm" | "tcg") =>
            kernelLine({ ...spec, accelerator }).split(" ");
        const more = parameters("tcg").filter((word) => !parameters("kvm").includes(word));
        expect(more).toEqual(["norandmaps", "SYSTEMD_SECCOMP=0"]);
    });

    test.each(["", "-a", "a-", "a..b", "a_b", "a b", "a".repeat(64), `${"a.".repeat(32)}a`])(
        "refuses the host name %j",
        (hostname) => {
            expect(() => kernelLine({ ...spec, hostname })).toThrow(/host name .*expected/);
        },
    );

    test.each(["", 'a="b"', "a\nb", "a\0"])("refuses the parameter %j", (parameter) => {
        expect(() => kernelLine({ ...spec, extra: [parameter] })).toThrow(
            /kernel parameter .*expected/,
        );
    });

    test("refuses what the kernel would cut off", () => {
        expect(() => kernelLine({ ...spec, extra: ["x".repeat(2047)] })).toThrow(
            /2\d{3} bytes, the kernel takes 2047/,
        );
    });

    test("a parameter is split off again by the kernel's rule as it was given", () => {
        const text = fc.stringMatching(/^[a-z.]{1,9}=[ -!#-~]{0,20}$/);
        fc.assert(
            fc.property(text, (parameter) => {
                const last = kernelLine({ ...spec, extra: [parameter] }).match(
                    /(?:[^\s"]|"[^"]*")+$/,
                )?.[0];
                expect(last?.replaceAll('"', "")).toBe(parameter);
            }),
        );
    });
});

describe("credentials", () => {
    test("names fit what fw_cfg takes", () => {
        for (const name of Object.values(credentialNames)) {
            expect(Buffer.byteLength(`opt/io.systemd.credentials/${name}`)).toBeLessThanOrEqual(55);
        }
    });

    test("login keys are one a line", () => {
        expect(loginKeysCredential(["ssh-ed25519 AAAA a@b\n", "ssh-rsa BBBB"])).toBe(
            "ssh-ed25519 AAAA a@b\nssh-rsa BBBB\n",
        );
    });

    test.each(["", "AAAA", "ssh-ed25519 AAAA\nssh-rsa BBBB"])("refuse the key %j", (key) => {
        expect(() => loginKeysCredential([key])).toThrow(/login key .*expected one line/);
    });

    test.each<[string, Parameters<typeof guestFilesCredential>[0][number], string]>([
        ["defaults", { path: "/etc/a", content: "hi\n" }, "f+~ /etc/a 0644 root root - aGkK\n"],
        [
            "all fields",
            { path: "/a", content: new Uint8Array([0, 255]), mode: "600", user: "u", group: "7" },
            "f+~ /a 600 u 7 - AP8=\n",
        ],
        ["an empty file", { path: "/a", content: "" }, "f+~ /a 0644 root root - \n"],
        [
            "a path that needs quotes",
            { path: '/a b/"c"\\d%e', content: "x" },
            'f+~ "/a b/\\"c\\"\\\\d%%e" 0644 root root - eA==\n',
        ],
    ])("file with %s", (_what, file, line) => {
        expect(guestFilesCredential([file])).toBe(line);
    });

    test.each<[string, object, RegExp]>([
        ["relative path", { path: "etc/a" }, /expected an absolute path/],
        ["parent in the path", { path: "/etc/../a" }, /expected an absolute path/],
        ["line break in the path", { path: "/a\nf /b" }, /expected an absolute path/],
        ["mode with a suid bit", { mode: "4755" }, /got mode 4755/],
        ["owner with a blank", { user: "a b" }, /expected a user or group/],
    ])("refuses %s", (_what, change, message) => {
        expect(() => guestFilesCredential([{ path: "/a", content: "", ...change }])).toThrow(
            message,
        );
    });
});
