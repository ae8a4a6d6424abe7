/** What differs on Windows hosts, before anything is declared: rules by system, texts for the program there. */
import * as fs from "node:fs";
import * as path from "node:path";
import { HostOs, osOf } from "../../components/host/host";
import { HostArtifact, HostCommand, HostFile, HostService } from "../../components/host";
import { SourceTree } from "../../components/source";
import { absoluteFilePathOn, absolutePathOn } from "../../components/host/os-rules";
import { probeText, scriptTexts } from "../../components/host/transport";
import { windowsAgentDigest } from "../../components/host/windows-agent-program";
import { windowsHealth, windowsRun, WindowsShell } from "../../components/host/windows-service";
import { Supervisor } from "../../components/host/service-resource";
import { parsePowerShell, rules } from "../support/powershell";
import { MockedRun } from "../support/mocked-run";
import { packageRoot } from "../../components/internal/paths";

// Components register before they check their arguments.
beforeAll(() => new MockedRun({}, () => "").begin());

const ssh = { address: "192.0.2.1", hostKey: "ssh-ed25519 AAAA" };
const host = { ssh, os: HostOs.Windows };

describe("paths", () => {
    const file = absoluteFilePathOn(HostOs.Windows);
    test.each(["C:\\k\\a b.txt", "c:/k/ü", "C:\\k/.hidden"])("%s", (path) => {
        expect(file.safeParse(path).success).toBe(true);
    });
    test.each([
        ...["k\\a", "C:a", "\\\\server\\share\\a", "/etc/motd", "C:\\a\\", "C:\\a:b", "C:\\a?"],
        ...["C:\\a.", "C:\\a \\b", "C:\\..\\a", "C:\\a\nb", "C:", ""],
    ])("refused: %j", (path) => {
        expect(file.safeParse(path).success).toBe(false);
    });
    test("a directory, and a host whose system is not known yet", () => {
        expect(absolutePathOn(HostOs.Windows).safeParse("C:\\").success).toBe(true);
        for (const path of ["C:\\a", "/a"]) {
            expect(absolutePathOn(undefined).safeParse(path).success).toBe(true);
        }
        expect(absolutePathOn(HostOs.Linux).safeParse("C:\\a").success).toBe(false);
        expect([undefined, {}, host, Promise.resolve(host)].map(osOf)).toEqual([
            ...["linux", "linux", "windows", undefined],
        ]);
    });
});

describe("refused by name, before anything is declared", () => {
    const path = "C:\\a";
    test.each<[string, () => unknown, RegExp]>([
        [
            "permissions",
            () => new HostFile("f", { host, path, content: "", mode: "0600" }),
            /mode: got "0600"; expected nothing on a Windows host: it has no such permissions/,
        ],
        [
            "an owner",
            () => new HostFile("f", { host, path, content: "", owner: "me" }),
            /owner: got "me"; expected nothing on a Windows host/,
        ],
        [
            "a path of Linux",
            () => new HostFile("f", { host, path: "/a", content: "" }),
            /path: got "\/a"; expected an absolute path with a drive/,
        ],
        [
            "no ssh",
            () => new HostFile("f", { host: { os: HostOs.Windows }, path, content: "" }),
            /host: .*expected ssh beside it/,
        ],
        [
            "a shell of Windows on Linux",
            () => new HostCommand("c", { create: "true", shell: WindowsShell.Cmd }),
            /shell: got "cmd"; expected nothing on a Linux host: its shell is sh/,
        ],
        [
            "a supervisor of Linux",
            () => new HostService("s", { host, command: ["a"], supervisor: Supervisor.Systemd }),
            /supervisor: got "systemd"; expected "auto", or nothing: on Windows a service/,
        ],
        [
            "an artifact without a place",
            () => new HostArtifact("a", { host, sourcePath: "/a" }),
            /path: got nothing; expected an absolute path with a drive/,
        ],
        [
            "an artifact that Windows would have to download, with permissions",
            () => new HostArtifact("a", { host, url: "https://a/b", path, mode: "0755" }),
            /url: got "https:\/\/a\/b"; expected nothing on a Windows host: nothing is downloaded there[^]*mode: got "0755"/,
        ],
        [
            "what is for Linux alone",
            () => new SourceTree("t", { host, dir: "/a" }),
            /host.os: got "windows"; expected "linux": .*HostCommand, HostFile, HostArtifact, HostService and BinarySwap work on Windows/,
        ],
    ])("%s", (_what, declare, message) => {
        expect(declare).toThrow(message);
    });
});

describe("texts", () => {
    const scripts = {
        create: "host/file-write.sh",
        update: "host/file-write.sh",
        delete: "host/file-remove.sh",
    };

    test("a script is a part of the program, which is named by its digest", () => {
        expect(windowsAgentDigest()).toMatch(/^[0-9a-f]{20}$/);
        const place = { away: true, os: HostOs.Windows };
        const { KUBEDEV_TRANSPORT: transport, ...texts } = scriptTexts(scripts, place);
        expect(texts).toEqual({
            KUBEDEV_SCRIPT_BEGIN: "",
            KUBEDEV_SCRIPT_CREATE: "file-write",
            KUBEDEV_SCRIPT_DELETE: "file-remove",
        });
        expect(transport).toMatch(`kubedev_agent=${windowsAgentDigest()}\n`);
        expect(probeText("host/probe.sh", HostOs.Windows)).toContain("\nprobe\nKUBEDEV_SCRIPT\n");
        expect(() => probeText("host/preflight.sh", HostOs.Windows)).toThrow(/got "windows"/);
    });

    test("what the program reads of a service", () => {
        expect(JSON.parse(windowsRun({ A: "1" }, undefined, ["a b", '"']))).toEqual({
            ...{ argv: ["a b", '"'], environment: { A: "1" }, directory: "" },
        });
        expect(windowsHealth(undefined)).toBe("");
        expect(windowsHealth({ timeoutSec: 3 })).toBe("");
        expect(windowsHealth({ tcpAddress: "127.0.0.1:1" })).toBe('{"tcpAddress":"127.0.0.1:1"}');
    });
});

test("what runs a user's script is PowerShell 5.1, by its grammar", async () => {
    const text = fs.readFileSync(path.join(packageRoot, "agents/windows/shell/run.ps1"), "utf8");
    const breaches = async (name: string, of: string) => rules[name]?.(await parsePowerShell(of));
    expect(await breaches("syntax", text)).toEqual([]);
    expect(await breaches("syntax and parameters of version 7", text)).toEqual([]);
    expect(await breaches("syntax", `${text}}`)).toHaveLength(1);
});
