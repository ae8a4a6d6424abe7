/**
 * Scripts of a Windows node on a host that is like Windows, by Wine: containerd is looked for, and a service that a run left
 * gets its program. The programs are stand-ins (test/support/windows-node).
 */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { script } from "../../components/internal/scripts";
import { repoRoot } from "../support/engine";
import { startWindowsHost, windowsMissing, WindowsHost } from "../support/windows-host";

jest.setTimeout(600_000);

(windowsMissing === undefined ? describe : describe.skip)(
    `services of a Windows node${windowsMissing === undefined ? "" : ` [not run: ${windowsMissing}]`}`,
    () => {
        let windows: WindowsHost;
        const there = (...names: string[]) => windows.here(["C:", ...names].join("\\"));
        const digestOf = (file: string) =>
            createHash("sha256").update(fs.readFileSync(file)).digest("hex");

        beforeAll(async () => {
            windows = await startWindowsHost();
            const good = there("t", "good.exe");
            execFileSync("go", ["build", "-trimpath", "-o", good, "."], {
                cwd: path.join(repoRoot, "test/support/windows-node"),
                env: { ...process.env, GOOS: "windows", GOARCH: "amd64", CGO_ENABLED: "0" },
            });
            fs.copyFileSync(good, there("t", "other.exe"));
            fs.appendFileSync(there("t", "other.exe"), "another build");
            fs.writeFileSync(there("t", "broken.exe"), "no program");
        });
        afterAll(() => windows.stop());

        test("a host without containerd, or with one that does not run, is refused", () => {
            const text = script("cluster/windows-node-containerd.cmd").replaceAll("\n", "\r\n");
            const refusal = () => {
                fs.writeFileSync(there("t", "look.cmd"), `@echo off\r\n${text}`);
                return windows.run("cmd", "/c", "call C:\\t\\look.cmd 2>&1 & exit /b 0").trim();
            };
            expect(refusal()).toMatch(/^there is no service containerd on this host; expected it,/);
            fs.copyFileSync(there("t", "good.exe"), there("t", "standin.exe"));
            windows.run("sc", "create", "containerd", "binPath=", "C:\\t\\standin.exe");
            expect(refusal()).toMatch(/^the service containerd does not run; expected it to:/);
            windows.run("net", "start", "containerd");
            expect(refusal()).toBe("");
        });

        test("a service that a run left with a program that does not start gets another one", () => {
            const text = script("cluster/windows-service.cmd").replaceAll("\n", "\r\n");
            const place = there("t", "svc.exe");
            /** Runs it for a program; answers the error level. */
            const make = (from: string) => {
                const values = {
                    ...{ SERVICE_NAME: "svc", SERVICE_PATH: "C:\\t\\svc.exe" },
                    SERVICE_FROM: `C:\\t\\${from}`,
                    SERVICE_SHA256: digestOf(there("t", from)),
                    ...{ SERVICE_ARGUMENTS: "--of=kubedev", SERVICE_NEEDS: "C:\\t\\svc.cmd" },
                };
                const set = Object.entries(values).map(
                    ([name, value]) => `set ${name}=${value}\r\n`,
                );
                fs.writeFileSync(there("t", "svc.cmd"), `@echo off\r\n${set.join("")}${text}`);
                fs.writeFileSync(
                    there("t", "make.cmd"),
                    "@echo off\r\ncall C:\\t\\svc.cmd 2>&1\r\necho level %ERRORLEVEL%\r\nexit /b 0\r\n",
                );
                const ran = windows.run("cmd", "/c", "C:\\t\\make.cmd");
                return /level (-?\d+)/.exec(ran)?.[1];
            };
            const has = (name: string) => digestOf(place) === digestOf(there("t", name));
            const starts = () =>
                fs.readFileSync(there("seen", "svc"), "utf8").trim().split("\n").length;
            expect(make("broken.exe")).not.toBe("0");
            expect([make("good.exe"), has("good.exe"), starts()]).toEqual(["0", true, 1]);
            expect(windows.run("sc", "query", "svc")).toContain("RUNNING");
            expect([make("good.exe"), starts()]).toEqual(["0", 1]);
            // Broken off in between, as far as the service tells.
            windows.run(
                ...["reg", "delete", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\svc"],
                ...["/v", "KubedevSha256", "/f"],
            );
            expect([make("other.exe"), has("other.exe"), starts()]).toEqual(["0", true, 2]);
            // Under a swap.
            fs.writeFileSync(`${place}.kubedev-original`, "");
            expect([make("good.exe"), has("other.exe"), starts()]).toEqual(["0", true, 2]);
        });
    },
);
