/** A machine that is made able to build, with a tree and a build on it: all over ssh, nothing installed beforehand. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";
import { makeRepository } from "../support/guest-packages";
import { inGuest, machineProgram, machineStack, recordPath } from "../support/local-kvm";

jest.setTimeout(2_400_000);

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const goVersion = "1.26.8";
const toolchain = `golang.org/toolchain@v0.0.1-go${goVersion}.linux-${arch}`;

let server: http.Server;
let stack: ScratchStack;

function go(args: string[], env: Record<string, string> = {}): string {
    const goEnv = { ...process.env, GOFLAGS: "-mod=mod", ...env };
    return execFileSync("go", args, { cwd: os.tmpdir(), env: goEnv, encoding: "utf8" }).trim();
}

/** What every program begins with, compiled here by the Go that the guest fetches: an emulated CPU takes minutes for it. */
function compileRuntime(tarball: string): void {
    const cache = path.join(stack.dir, "go-build");
    const env = { GOTOOLCHAIN: `go${goVersion}`, GOCACHE: cache, CGO_ENABLED: "0", GOWORK: "off" };
    go(["build", "-trimpath", "runtime"], { ...env, GOFLAGS: "" });
    execFileSync("tar", ["-C", cache, "-cf", tarball, "."]);
}

/** What the BuildHost asks the guest's apt for. It is called once the guest has begun to ask. */
async function packGuestPackages(dir: string): Promise<void> {
    const login = `ssh -F ${path.dirname(recordPath(stack, "node-machine"))}/ssh_config node`;
    const status = await inGuest(stack, "cat /var/lib/dpkg/status", login);
    const sources = await inGuest(stack, "cat /etc/apt/sources.list.d/*.list", login);
    makeRepository(dir, { status, sources }, ["docker.io", "git", "jq", "make", "rsync", "unzip"]);
}

/** For the guest alone: this user's module cache, which is files of a module proxy, and what is made for it here. */
async function serve(): Promise<number> {
    go(["mod", "download", toolchain]);
    const modules = path.join(go(["env", "GOMODCACHE"]), "cache/download");
    const made = path.join(stack.dir, "served");
    fs.mkdirSync(path.join(made, "apt"), { recursive: true });
    compileRuntime(path.join(made, "runtime.tar"));
    let packed: Promise<void> | undefined;
    const answer = async (url: string, response: http.ServerResponse) => {
        const name = path.normalize(decodeURIComponent(url));
        if (name.startsWith("/apt/")) await (packed ??= packGuestPackages(path.join(made, "apt")));
        const file = [made, modules]
            .map((root) => path.join(root, name))
            .find((each) => fs.existsSync(each) && fs.statSync(each).isFile());
        if (file === undefined) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "content-length": fs.statSync(file).size });
        fs.createReadStream(file).pipe(response);
    };
    server = http.createServer((request, response) => {
        answer(request.url ?? "/", response).catch((error: unknown) => {
            process.stderr.write(`${String(error)}\n`);
            response.writeHead(500).end();
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}

/** apt in the guest sees nothing but what is packed for it. */
const aptFiles = (url: string) => `
const source = new kubedev.HostFile("source", {
    host: vm.host, path: "/etc/apt/sources.list", content: "deb [trusted=yes] ${url}/apt/ ./\\n",
});
const settings = new kubedev.HostFile("settings", {
    host: vm.host, path: "/etc/apt/apt.conf.d/99near",
    content: 'Dir::Etc::SourceParts "/dev/null";\\nAcquire::http::Timeout "300";\\n',
});
`;

/** A bundle is a repository in a file: the fork, on the guest's disk. */
const declare = (port: number, more: { go: boolean }) => {
    const url = `http://10.0.2.2:${String(port)}`;
    stack.program(
        machineProgram(
            { memoryMib: "2048", diskGib: "6" },
            {
                more: `${aptFiles(url)}
const bundle = new kubedev.HostArtifact("fork", {
    host: vm.host, sourcePath: ${JSON.stringify(path.join(stack.dir, "fork.bundle"))}, path: "/root/fork.bundle",
});
const builder = new kubedev.BuildHost("builder", {
    host: vm.host, goProxy: "${url}", freeMib: 1024, containerEngine: true,
}, { dependsOn: [source, settings] });
export const go = builder.goVersion;
${
    more.go
        ? `
const tree = new kubedev.SourceTree("tree", {
    host: builder.host, dir: "/root/k8s", origin: "/root/fork.bundle", upstream: "", onDelete: "force",
}, { dependsOn: bundle });
const runtime = new kubedev.HostCommand("runtime", {
    host: vm.host,
    create: "mkdir -p /root/.cache/go-build && curl -fsS -o /root/runtime.tar ${url}/runtime.tar && " +
        "tar -C /root/.cache/go-build -xf /root/runtime.tar && rm /root/runtime.tar",
});
const built = new kubedev.Build("built", { source: tree.files, targets: ["cmd/kubelet"] }, { dependsOn: runtime });
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
    server.close();
});

test("from nothing to a binary in the guest, and back", async () => {
    const port = await serve();
    declare(port, { go: true });
    const { changed } = await stack.preview();
    expect(changed.filter(({ type }) => type.startsWith("command:")).length).toBeGreaterThan(8);
    await stack.up({ timeoutMs: 2_000_000 });
    expect((await stack.preview()).changed).toEqual([]);
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({ go: goVersion, version: "v1.36.1" });
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
    // The sources of the image are to be had in the guest, with the keys that it has; their long indexes are left out.
    await inGuest(
        stack,
        "apt-get -q -o APT::Update::Error-Mode=any -o Acquire::IndexTargets::deb::Packages::DefaultEnabled=false update",
    );
    expect(await inGuest(stack, "ls /var/lib/apt/lists")).toMatch(/_InRelease$/m);
});
