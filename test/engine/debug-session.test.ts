/** A DebugSession by the real engine and the real delve: a program that it runs itself, and one that runs already. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { isRunning } from "../support/host-state";
import { imageCache } from "../support/local-kvm";

// delve is compiled once for this user.
jest.setTimeout(900_000);

const source = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		println("refused its arguments")
		os.Exit(3)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	println("up")
	<-end
	os.WriteFile(os.Getenv("ENDED"), nil, 0o600)
}
`;
const program = `
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const binary = path.join(__dirname, "waits");
const service = new kubedev.HostService("service", { command: [binary], environment: { ENDED: path.join(__dirname, "service-ended") } });
const mode = process.env.MODE ?? "";
const own = mode === "" ? undefined : new kubedev.DebugSession("own", {
    binary, arguments: mode === "fail" ? ["fail"] : [], environment: { ENDED: path.join(__dirname, "own-ended") },
});
const attached = mode !== "attached" ? undefined : new kubedev.DebugSession("attached", {
    processId: service.pid, parentIds: [service.instanceId], delvePath: own!.server.delvePath,
});
export const pid = service.pid;
export const places = [own, attached].flatMap((one) => one === undefined ? [] : [[one.address, one.port]]);
`;

test("both run under delve, and end or go on as they would without", async () => {
    const stack = await ScratchStack.create({ program, env: { ...imageCache(), GOFLAGS: "" } });
    try {
        stack.write("main.go", source);
        execFileSync("go", ["build", "-gcflags=-N -l", "-o", "waits", "main.go"], {
            ...{ cwd: stack.dir, stdio: "pipe" },
            env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
        });
        await stack.up();
        const { pid } = await stack.outputs();

        // A program that ends at once is told of at once, not after the time that delve is given.
        const failed = await stack.up({ env: { MODE: "fail" }, expectFailure: true });
        expect(failed.errors.join("\n")).toMatch(/the service ended at once/);
        expect(failed.errors.join("\n")).toContain("refused its arguments");

        const attached = { env: { MODE: "attached" } };
        await stack.up(attached);
        expect((await stack.preview(attached)).sequence).toEqual([]);
        const places = (await stack.outputs())["places"] as [string, number][];
        const listening = execFileSync("ss", ["-ltnH"], { encoding: "utf8" });
        for (const [address, port] of places) {
            expect(listening).toContain(` ${address}:${String(port)} `);
        }
        // Who debugs it is delve, and it runs.
        const status = fs.readFileSync(`/proc/${String(pid)}/status`, "utf8");
        expect(status).toMatch(/^TracerPid:\s+[1-9]/m);
        expect(status).toMatch(/^State:\s+S/m);

        await stack.up();
        expect(isRunning(Number(pid))).toBe(true);
        expect(fs.readFileSync(`/proc/${String(pid)}/status`, "utf8")).toMatch(/^TracerPid:\s+0$/m);
        // Delve would have killed it.
        expect(fs.existsSync(path.join(stack.dir, "own-ended"))).toBe(true);
        expect(fs.existsSync(path.join(stack.dir, "service-ended"))).toBe(false);
        expect((await stack.preview()).sequence).toEqual([]);
    } finally {
        await stack.dispose();
    }
});
