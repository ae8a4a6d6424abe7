/** A machine that is made able to build, with a tree and a build on it: all over ssh, nothing installed beforehand. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";
import { inGuest, machineProgram, machineStack } from "../support/local-kvm";

jest.setTimeout(2_400_000);

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const toolchain = `golang.org/toolchain@v0.0.1-go1.26.8.linux-${arch}`;

let proxy: http.Server;
let stack: ScratchStack;

/** A module proxy is files over http: those of this user's module cache, for the guest alone. */
async function serveModules(): Promise<number> {
    const goEnv = { ...process.env, GOFLAGS: "-mod=mod" };
    const go = (...args: string[]) =>
        execFileSync("go", args, { cwd: os.tmpdir(), env: goEnv, encoding: "utf8" }).trim();
    go("mod", "download", toolchain);
    const root = path.join(go("env", "GOMODCACHE"), "cache/download");
    proxy = http.createServer((request, response) => {
        const file = path.join(root, path.normalize(decodeURIComponent(request.url ?? "/")));
        if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "content-length": fs.statSync(file).size });
        fs.createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    return (proxy.address() as AddressInfo).port;
}

/** A bundle is a repository in a file: the fork, on the guest's disk. */
const declare = (port: number, more: { go: boolean }) => {
    stack.program(
        machineProgram(
            { memoryMib: "2048", diskGib: "6" },
            {
                more: `
const bundle = new kubedev.HostArtifact("fork", {
    host: vm.host, sourcePath: ${JSON.stringify(path.join(stack.dir, "fork.bundle"))}, path: "/root/fork.bundle",
});
const builder = new kubedev.BuildHost("builder", {
    host: vm.host, goProxy: "http://10.0.2.2:${String(port)}", freeMib: 1024, containerEngine: true,
});
export const go = builder.goVersion;
${
    more.go
        ? `
const tree = new kubedev.SourceTree("tree", {
    host: builder.host, dir: "/root/k8s", origin: "/root/fork.bundle", upstream: "", onDelete: "force",
}, { dependsOn: bundle });
const built = new kubedev.Build("built", { source: tree.files, targets: ["cmd/kubelet"] });
export const paths = built.paths;
export const version = tree.version;
`
        : ""
}`,
            },
        ),
    );
};

beforeAll(async () => {
    stack = await machineStack("");
    const fork = path.join(stack.dir, "fork");
    fs.mkdirSync(fork);
    makeWorkspace(fork, smallScale);
    git(fork, "bundle", "create", "-q", path.join(stack.dir, "fork.bundle"), "--all", "HEAD");
});
afterAll(async () => {
    await stack.dispose();
    proxy.close();
});

test("from nothing to a binary in the guest, and back", async () => {
    const port = await serveModules();
    declare(port, { go: true });
    const { changed } = await stack.preview();
    expect(changed.filter(({ type }) => type.startsWith("command:")).length).toBeGreaterThan(8);
    await stack.up({ timeoutMs: 2_000_000 });
    expect((await stack.preview()).changed).toEqual([]);
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({ go: "1.26.8", version: "v1.36.1" });
    const file = (outputs["paths"] as Record<string, string>)[`kubelet-linux-${arch}`] ?? "";
    expect(await inGuest(stack, `${file} 2>&1`)).toBe("Kubernetes v1.36.1 true");

    // An edit in the guest is seen from here.
    await inGuest(stack, "echo '// x' >>/root/k8s/pkg/proxy/own1/doc.go");
    expect((await stack.preview()).changed).toEqual([]);
    await inGuest(stack, "echo '// x' >>/root/k8s/pkg/kubelet/own1/doc.go");
    expect((await stack.preview()).ops()).toMatchObject({
        [`built-kubelet-linux-${arch}`]: "update",
    });

    // What was removed by hand is installed again, in place; the tree is not made anew for it.
    await inGuest(
        stack,
        "apt-get remove -y -q jq >/dev/null 2>&1 && mv /root/.cache/kubedev/go /root/go-away",
    );
    expect((await stack.preview()).ops()).toMatchObject({
        "builder-tools": "update",
        [`built-kubelet-linux-${arch}`]: "update",
    });
    // It was fetched once already, which takes a minute in a guest without acceleration.
    await inGuest(stack, "mv /root/go-away /root/.cache/kubedev/go");
    await stack.up({ timeoutMs: 600_000 });
    expect((await stack.preview()).changed).toEqual([]);

    // What it installed goes with it; the machine stays.
    await inGuest(
        stack,
        "command -v git make jq dockerd /root/.cache/kubedev/go/1.26.8/bin/go >/dev/null",
    );
    declare(port, { go: false });
    await stack.up({ timeoutMs: 600_000 });
    expect(await inGuest(stack, "ls -d /root/k8s 2>/dev/null || echo gone")).toBe("gone");
    stack.program(machineProgram({ memoryMib: "2048", diskGib: "6" }));
    await stack.up({ timeoutMs: 600_000 });
    expect(
        await inGuest(
            stack,
            "command -v git make jq; ls -d /root/.cache/kubedev/go /root/.local/state/kubedev 2>/dev/null; echo end",
        ),
    ).toBe("end");
});
