/** SourceTree and Build over ssh: the tree, Go and the binaries are on the host; what a preview knows of them. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow } from "../support/host-state";
import { makeWorkspace, saidBy, smallScale } from "../support/go-workspace";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const ssh = JSON.parse(fs.readFileSync(path.join(__dirname, "ssh.json"), "utf8"));
const tree = new kubedev.SourceTree("tree", {
    host: { ssh }, dir: path.join(__dirname, "there", "k8s"), origin: path.join(__dirname, "fork"),
});
const built = new kubedev.Build("k8s", { source: tree.files, targets: ["cmd/kubelet", "cmd/kubectl"] });
export const paths = built.paths;
export const version = tree.version;
`;
const things = (result: StepsResult): Record<string, string> =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => /^(tree|k8s)-/.test(name)));

(sshdMissing === undefined ? test : test.skip)(
    `over ssh${sshdMissing === undefined ? "" : `: ${sshdMissing}`}`,
    async () => {
        const stack = await ScratchStack.create({ program });
        const there = path.join(stack.dir, "remote");
        const goCache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
        const config = `SetEnv "XDG_STATE_HOME=${there}/state" "XDG_CACHE_HOME=${there}/cache" GOCACHE=${goCache} GOPROXY=off HOME=${os.homedir()}`;
        const sshd = await startSshd({ config });
        try {
            const { address, port, user } = sshd;
            const login = (server: Sshd) => {
                // The server's own files go with it.
                const privateKeyPath = stack.write("key", server.privateKey);
                fs.chmodSync(privateKeyPath, 0o600);
                const { hostKey } = server;
                const ssh = { address, port, user, privateKeyPath, hostKey };
                stack.write("ssh.json", JSON.stringify(ssh));
            };
            login(sshd);
            const fork = path.join(stack.dir, "fork");
            fs.mkdirSync(fork);
            makeWorkspace(fork, smallScale);

            expect(things(await stack.preview())).toEqual({
                "tree-tree": "create",
                "k8s-kubelet-linux-amd64": "create",
                "k8s-kubectl-linux-amd64": "create",
            });
            await stack.up({ timeoutMs: 280_000 });
            expect(things(await stack.preview())).toEqual({});
            const outputs = await stack.outputs();
            expect(outputs.version).toBe("v1.36.1");
            const first = outputs.paths as Record<string, string>;
            expect(first["kubelet-linux-amd64"]).toContain(`${there}/state/kubedev/`);

            const edited = path.join(stack.dir, "there/k8s/pkg/kubectl/own1/doc.go");
            fs.appendFileSync(edited, "// x\n");
            expect(things(await stack.preview())).toEqual({ "k8s-kubectl-linux-amd64": "update" });
            await stack.up({ timeoutMs: 280_000 });
            const second = (await stack.outputs()).paths as Record<string, string>;
            expect(second["kubelet-linux-amd64"]).toBe(first["kubelet-linux-amd64"]);
            expect(saidBy(second["kubectl-linux-amd64"] ?? "")).toBe(
                "Kubernetes v1.36.1-dirty true",
            );

            // Nobody is there: what is on the host is as it was last seen.
            await sshd.stop();
            const away = await stack.preview();
            expect(things(away)).toEqual({});
            expect(away.warnings.join()).toContain("what is on it is taken as it was last seen");

            const again = await startSshd({ port, config });
            try {
                login(again);
                fs.writeFileSync(
                    edited,
                    fs.readFileSync(path.join(fork, "pkg/kubectl/own1/doc.go")),
                );
                // The new host key is a change in place.
                await stack.up({ timeoutMs: 280_000 });
                await stack.destroy();
                expect(fs.existsSync(path.dirname(edited))).toBe(false);
                expect(filesBelow(path.join(there, "state"))).toEqual([]);
                expect(filesBelow(stack.stateHome)).toEqual([]);
            } finally {
                await again.stop();
            }
        } finally {
            await sshd.stop();
            await stack.dispose();
        }
    },
);
