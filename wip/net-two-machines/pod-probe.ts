/** An image of pod-probe for pods of tests, as an archive that containerd imports: no registry, and no engine to make it. */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { repoRoot } from "./engine-cli";

/** Name of the image, which no registry has. */
export const podProbe = "localhost/pod-probe:test";

/** Makes the archive in a directory, in the format of `docker save`; answers its path. */
export function podProbeArchive(dir: string): string {
    const tar = (file: string, ...names: string[]) =>
        execFileSync("tar", ["-C", dir, "--owner=0", "--group=0", "-cf", file, ...names]);
    const layer = path.join(dir, "layer.tar");
    execFileSync(
        "go",
        ["build", "-trimpath", "-ldflags", "-s -w", "-o", path.join(dir, "pod-probe"), "."],
        {
            cwd: path.join(repoRoot, "test/support/pod-probe"),
            env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
        },
    );
    tar(layer, "pod-probe");
    const digest = createHash("sha256").update(fs.readFileSync(layer)).digest("hex");
    const config = {
        ...{ architecture: process.arch === "arm64" ? "arm64" : "amd64", os: "linux" },
        config: { Entrypoint: ["/pod-probe"] },
        rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
    };
    const manifest = [{ Config: "config.json", RepoTags: [podProbe], Layers: ["layer.tar"] }];
    fs.writeFileSync(path.join(dir, "config.json"), JSON.stringify(config));
    fs.writeFileSync(path.join(dir, "manifest.json"), JSON.stringify(manifest));
    const archive = path.join(dir, "archive.tar");
    tar(archive, "manifest.json", "config.json", "layer.tar");
    return archive;
}
