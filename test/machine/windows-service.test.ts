/**
 * A service on a Windows host, on the real engine: a host that is like Windows, by Wine (see test/support/windows-host.ts),
 * whose service manager is real enough to start, stop and lose services.
 */
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow, killHard, until } from "../support/host-state";
import { freePort } from "../support/sshd";
import {
    startWindowsHost,
    windowsMissing,
    WindowsHost,
    windowsStack,
} from "../support/windows-host";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const read = (name: string) => JSON.parse(fs.readFileSync(path.join(__dirname, name), "utf8"));
const { argument, address, program, check } = read("declared.json");
const service = new kubedev.HostService("Service", {
    // A host that other things make is an output.
    host: pulumi.output(read("host.json") as kubedev.Host),
    shell: kubedev.WindowsShell.Cmd,
    command: [program, "it's \\"quoted\\" %PATH% & ^", argument],
    environment: { TELL_ADDRESS: address, TELL_TOKEN: new pulumi.Config().requireSecret("token") },
    preStartCommand: "echo prepared>prepared.txt",
    healthCheck: { ...check, timeoutSec: 20 },
    stopTimeoutSec: 5,
});
export const found = { pid: service.pid, log: service.logPath };
`;

const things = (result: StepsResult) =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => name.includes("-")));

(windowsMissing === undefined ? describe : describe.skip)(
    `a service on a Windows host${windowsMissing === undefined ? "" : `: ${windowsMissing}`}`,
    () => {
        let windows: WindowsHost;
        let stack: ScratchStack;
        let url: string;
        const token = randomUUID();
        let declared: Record<string, unknown>;
        const declare = (change: Record<string, unknown>) => {
            declared = { ...declared, ...change };
            stack.write("declared.json", JSON.stringify(declared));
        };
        /** What is previewed is done. */
        const change = async () => {
            const previewed = things(await stack.preview());
            expect(things(await stack.up())).toEqual(previewed);
            return previewed;
        };
        const answer = async () => (await (await fetch(url)).json()) as Record<string, unknown>;
        const found = async () => (await stack.outputs()).found as { pid: number; log: string };
        /** Its processes here: the service's own and the program's. */
        const agents = () => windows.processes().filter(({ line }) => /\.exe service /.test(line));
        const tells = () => windows.processes().filter(({ line }) => /tell\.exe/.test(line));

        beforeAll(async () => {
            windows = await startWindowsHost();
            stack = await windowsStack(windows, program, { token });
            const listen = `127.0.0.1:${String(await freePort())}`;
            url = `http://${listen}/`;
            declare({
                program: "C:\\t\\tell.exe",
                argument: "1",
                address: listen,
                check: { httpUrl: url },
            });
        });
        afterAll(async () => {
            await stack.dispose();
            await windows.stop();
        });

        test("up starts it as it is declared, and the next preview is clean", async () => {
            expect(await change()).toEqual({ "Service-service": "create" });
            const { pid, log } = await found();
            expect(pid).toBeGreaterThan(0);
            expect(await answer()).toMatchObject({
                arguments: [`it's "quoted" %PATH% & ^`, "1"],
                directory: path.win32.dirname(log),
                variables: { TELL_TOKEN: token },
            });
            expect(fs.readFileSync(windows.here(log), "utf8")).toMatch(/^serving /);
            expect(fs.existsSync(path.join(path.dirname(windows.here(log)), "prepared.txt"))).toBe(
                true,
            );
            expect(agents()).toHaveLength(1);
            expect(tells()).toHaveLength(1);
            expect(
                windows
                    .processes()
                    .map(({ line }) => line)
                    .join(),
            ).not.toContain(token);
            expect((await stack.preview()).ops()).toEqual({});
        });

        test("a killed process shows in the next preview, and up starts it again", async () => {
            await killHard(tells()[0]?.pid ?? 0);
            await until(() => agents().length === 0, "end of the service");
            expect(await change()).toEqual({ "Service-service": "replace" });
            expect((await answer()).arguments).toContain("1");
        });

        test("so does a service whose own process was killed: the program ends with it", async () => {
            await killHard(agents()[0]?.pid ?? 0);
            await until(() => tells().length === 0, "end of the program");
            expect(await change()).toEqual({ "Service-service": "replace" });
            expect((await answer()).arguments).toContain("1");
        });

        test("so does one that was stopped by hand; another argument restarts it", async () => {
            const { resources } = (await stack.exportState()).deployment;
            const printed = resources?.find(({ outputs }) => outputs?.["stdout"] !== undefined);
            const { unit } = JSON.parse(String(printed?.outputs?.["stdout"])) as { unit: string };
            windows.run("net", "stop", unit);
            await until(() => tells().length === 0, "end of the program");
            expect(things(await stack.preview())).toEqual({ "Service-service": "replace" });
            declare({ argument: "2" });
            await stack.up();
            declare({ argument: "3" });
            await stack.up();
            expect((await answer()).arguments).toContain("3");
            expect(tells()).toHaveLength(1);
        });

        test("one that fails is stopped, and its log is shown", async () => {
            declare({ argument: "4", check: { command: "exit /b 3" } });
            const failed = (await stack.up({ expectFailure: true })).errors.join("\n");
            expect(failed).toMatch(/will not become healthy/);
            expect(failed).toMatch(/last lines of .*\\log:[^]*serving/);
            declare({ program: "C:\\t\\none.exe" });
            expect((await stack.up({ expectFailure: true })).errors.join("\n")).toMatch(
                /cannot run the service's program: .*none\.exe/,
            );
            expect(windows.processes()).toEqual([]);
            declare({ program: "C:\\t\\tell.exe", check: { httpUrl: url } });
            await stack.up();
            expect((await stack.preview()).ops()).toEqual({});
        });

        test("destroy leaves no service, no process, no file", async () => {
            await stack.destroy();
            expect(windows.processes()).toEqual([]);
            expect(filesBelow(path.join(windows.profile, ".kubedev/state"))).toEqual([]);
            const services = "HKLM\\System\\CurrentControlSet\\Services";
            expect(windows.run("reg", "query", services)).toMatch(/RpcSs/i);
            expect(windows.run("reg", "query", services)).not.toContain("kubedev");
        });
    },
);
