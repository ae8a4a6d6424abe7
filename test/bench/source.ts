/**
 * What fingerprints and builds cost on a tree of Kubernetes' size (made up, see test/support/go-workspace.ts), each beside
 * what it must be compared with, in one run: `make bench`. Figures of a busy machine mean nothing.
 */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { questions } from "../../components/source/source-fingerprint";
import { goBuildFlags, linkerFlags } from "../../components/source/go-build";
import { library, ScratchStack } from "../support/engine";
import { commands, kubernetesScale, makeWorkspace } from "../support/go-workspace";
import { json, runScript } from "../support/script-process";
import { bench, median, previewTime, rounds, row, seconds, time } from "./figures";

const options = { debug: false, race: false, gcflags: undefined, ldflags: undefined, goFlags: [] };
const tags = "selinux,notest,grpcnotrace";
const targets = commands.map((command) => `cmd/${command}`);
const environment = {
    HOME: os.homedir(),
    GOFLAGS: "",
    GOPROXY: "off",
    GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim(),
};

async function main(scratch: string): Promise<void> {
    const tree = path.join(scratch, "kubernetes");
    fs.mkdirSync(tree);
    process.stderr.write(`${String(makeWorkspace(tree, kubernetesScale))} files\n`);

    let edits = 0;
    const edit = () =>
        fs.writeFileSync(
            path.join(tree, "pkg/kubelet/own9/file0.go"),
            `package own9\n\n// Part0 is a text.\nconst Part0 = "${String(Date.now() + edits++)}"\n`,
        );
    const go = (...args: string[]) => {
        const ran = spawnSync("go", args, {
            cwd: tree,
            env: { PATH: process.env["PATH"], ...environment, CGO_ENABLED: "0" },
            encoding: "utf8",
        });
        if (ran.status !== 0) {
            throw new Error(ran.stderr);
        }
    };
    const bare = () =>
        go(
            "build",
            "-o",
            path.join(scratch, "bare"),
            "-tags",
            tags,
            `-ldflags=${linkerFlags(options)}`,
            ...goBuildFlags(options),
            "./cmd/kubelet",
        );
    let builds = 0;
    const ours = async () =>
        json(
            await runScript("source/build", {
                ...environment,
                XDG_CACHE_HOME: path.join(scratch, "cache"),
                KUBEDEV_DIR: path.join(scratch, "state/a/b/c"),
                KUBEDEV_SCOPE: "a/b",
                KUBEDEV_KEY: "c",
                KUBEDEV_MODE: "go",
                KUBEDEV_TREE: tree,
                KUBEDEV_TARGET: "cmd/kubelet",
                KUBEDEV_PLATFORM: `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
                KUBEDEV_BUILD_KEY: `key${String(builds++)}`,
                KUBEDEV_BINARY: "kubelet",
                KUBEDEV_GO_FLAGS: goBuildFlags(options).join("\n"),
                KUBEDEV_LDFLAGS: linkerFlags(options),
                KUBEDEV_MODULE: "",
                KUBEDEV_CLEAN: "false",
                KUBEDEV_GO_VERSION: "",
                KUBEDEV_CGO: "0",
                KUBEDEV_TAGS: "default",
                KUBEDEV_DEBUG: "false",
            }),
        );
    const make = () =>
        execFileSync("make", ["WHAT=cmd/kubelet"], {
            cwd: tree,
            env: { PATH: process.env["PATH"], ...environment },
            stdio: "ignore",
        });

    const query = {
        dir: tree,
        targets,
        platforms: ["linux/amd64"],
        files: [],
        goFlags: [],
        goVersion: "",
        cgo: false,
        tags: undefined,
        debug: false,
    };
    const look = async () => {
        const ran = await runScript("source/fingerprint", { ...environment, ...questions(query) });
        if (ran.stdout.match(/^fingerprint=/gm)?.length !== targets.length) {
            throw new Error(ran.stdout + ran.stderr);
        }
    };
    await look();
    const looks = [];
    for (let round = 0; round < rounds; round++) {
        looks.push(await time(look));
    }
    row("fingerprints of seven commands, warm", seconds(median(looks)), "< 3 s");

    process.stderr.write("building once, so that Go's cache is warm\n");
    bare();
    await ours();
    make();
    const times = { bare: [] as number[], ours: [] as number[], make: [] as number[] };
    for (let round = 0; round < rounds; round++) {
        edit();
        times.bare.push(await time(bare));
        edit();
        times.ours.push(await time(ours));
        edit();
        times.make.push(await time(make));
    }
    row("one edit, go build", seconds(median(times.bare)));
    row("one edit, make WHAT=cmd/kubelet", seconds(median(times.make)));
    row("one edit, Build", seconds(median(times.ours)));
    row("  of go build", (median(times.ours) / median(times.bare)).toFixed(2), "<= 1.15");

    const stack = await ScratchStack.create({ program: "export {};\n", env: environment });
    try {
        await previewTime(stack);
        const empty = [];
        for (let round = 0; round < rounds; round++) {
            empty.push(await previewTime(stack));
        }
        stack.program(`
import * as kubedev from ${JSON.stringify(library)};
new kubedev.Build("k8s", { source: { dir: ${JSON.stringify(tree)} }, targets: ${JSON.stringify(targets)} });
`);
        process.stderr.write("building all seven\n");
        await stack.up({ timeoutMs: 900_000 });
        const full = [];
        for (let round = 0; round < rounds; round++) {
            full.push(await previewTime(stack));
        }
        row("preview of an empty program", seconds(median(empty)));
        row("preview of seven commands, nothing changed", seconds(median(full)));
        row("  more than the empty one", seconds(median(full) - median(empty)), "<= 3 s");
        edit();
        const changed = await stack.preview({ timeoutMs: 300_000 });
        const named = Object.keys(changed.ops()).join(" ");
        row("after one edit the preview names", named.replace("k8s-", ""));
    } finally {
        await stack.dispose();
    }
}

bench("source", main);
