/**
 * A Go workspace of Kubernetes' size and shape, made up: a main module and 33 nested ones under go.work, seven commands
 * that share most of some 1,500 packages, documents, tests, and a Makefile that takes WHAT, DBG, KUBE_BUILD_PLATFORMS and
 * KUBE_GIT_VERSION_FILE as Kubernetes' does. The content is the same every time, so that Go's build cache knows it.
 */
import { execFileSync, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";

export const commands = [
    "kubelet",
    "kube-proxy",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
] as const;

export interface Scale {
    /** Nested modules below staging/. */
    modules: number;
    /** Packages in each of them. */
    packagesEach: number;
    /** Packages of the main module that all commands may share. */
    shared: number;
    /** Packages that one command alone has. */
    own: number;
    /** Go files in a package, without its test. */
    files: number;
    /** Further files that no package has. */
    documents: number;
}

/** About 23,000 files and 1,500 packages in the closure of a command. */
export const kubernetesScale: Scale = {
    modules: 33,
    packagesEach: 22,
    shared: 750,
    own: 10,
    files: 12,
    documents: 2000,
};
/** The same shape, made and built in moments. */
export const smallScale: Scale = {
    modules: 2,
    packagesEach: 2,
    shared: 6,
    own: 2,
    files: 2,
    documents: 10,
};

/** What one of its commands says of itself. */
export const saidBy = (file: string): string => spawnSync(file, { encoding: "utf8" }).stderr.trim();

/** Writes a workspace into an empty directory and commits it with the tag v1.36.1; answers the number of files. */
export function makeWorkspace(dir: string, scale: Scale): number {
    let count = 0;
    const write = (name: string, text: string) => {
        const file = path.join(dir, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
        count++;
    };
    const modules = range(scale.modules).map(
        (m) => `k8s.io/${m === 0 ? "component-base" : `mod${String(m)}`}`,
    );
    const packages: string[] = [];
    const addPackage = (place: string, importPath: string) => {
        // Three of those before: a graph as deep and wide as a real one.
        const at = packages.length;
        const imports = [1, 7, 41]
            .map((back) => packages[at - back])
            .filter((p) => p !== undefined);
        writePackage(write, place, imports, scale.files, at);
        packages.push(importPath);
    };
    for (const [m, module] of modules.entries()) {
        const below = `staging/src/${module}`;
        write(`${below}/go.mod`, moduleFile(module, modules.slice(0, m), "../"));
        for (const p of range(scale.packagesEach)) {
            addPackage(`${below}/pkg${String(p)}`, `${module}/pkg${String(p)}`);
        }
    }
    for (const p of range(scale.shared)) {
        addPackage(`pkg/shared${String(p)}`, `k8s.io/kubernetes/pkg/shared${String(p)}`);
    }
    const sharedCount = packages.length;
    for (const [c, command] of commands.entries()) {
        const name = command.replace("kube-", "");
        const first = packages.length;
        for (const p of range(scale.own)) {
            addPackage(
                `pkg/${name}/own${String(p)}`,
                `k8s.io/kubernetes/pkg/${name}/own${String(p)}`,
            );
            // Its own packages lead to the shared ones and to no other command's.
            const own = packages.slice(first, -1).slice(-1);
            const shared = packages[sharedCount - 1 - ((c * 3 + p) % Math.min(20, scale.shared))];
            writePackage(
                write,
                `pkg/${name}/own${String(p)}`,
                [...own, ...(shared === undefined ? [] : [shared])],
                scale.files,
                5000 + c * 100 + p,
            );
        }
        writeCommand(write, command, packages.at(-1) ?? "");
    }
    for (const d of range(scale.documents)) {
        write(`docs/part${String(d % 50)}/page${String(d)}.md`, `# Page ${String(d)}\n`);
    }
    write("go.mod", moduleFile("k8s.io/kubernetes", modules, "./staging/src/k8s.io/"));
    const used = [".", ...modules.map((m) => `./staging/src/${m}`)];
    write("go.work", `go 1.24.0\n\nuse (\n${used.map((u) => `\t${u}\n`).join("")})\n`);
    write(".gitignore", "/_output/\n");
    write("Makefile", makefile);
    write("hack/build.sh", buildScript);
    fs.chmodSync(path.join(dir, "hack/build.sh"), 0o755);
    // Kubernetes' own does the same in a container, on the mounted tree.
    write(
        "build/run.sh",
        '#!/bin/sh\ncd "$(dirname "$0")/.."\nKUBE_OUTPUT_SUBPATH=_output/dockerized exec "$@"\n',
    );
    fs.chmodSync(path.join(dir, "build/run.sh"), 0o755);
    // The variable that the linker sets.
    write(
        "staging/src/k8s.io/component-base/version/version.go",
        'package version\n\nvar gitVersion = "v0.0.0-master+$Format:%H$"\n\n// Get answers the version.\nfunc Get() string { return gitVersion }\n',
    );
    git(dir, "init", "-q", "-b", "master");
    git(dir, "config", "gc.auto", "0");
    git(dir, "add", "-A");
    git(dir, "commit", "-q", "-m", "Release v1.36.1");
    git(dir, "tag", "-a", "v1.36.1", "-m", "v1.36.1");
    return count;
}

/** Runs git without the user's own settings. */
export function git(dir: string, ...args: string[]): string {
    const identity = ["user.name=Tester", "user.email=tester@example.com"];
    return execFileSync("git", [...identity.flatMap((i) => ["-c", i]), ...args], {
        cwd: dir,
        encoding: "utf8",
        env: {
            PATH: process.env.PATH,
            // Hooks ask Go, which has its cache there.
            HOME: os.homedir(),
            GIT_CONFIG_GLOBAL: "/dev/null",
            GIT_CONFIG_NOSYSTEM: "1",
            GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
            GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
        },
    }).trim();
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

function moduleFile(module: string, needed: readonly string[], below: string): string {
    const lines = (form: (m: string) => string) => needed.map((m) => `\t${form(m)}\n`).join("");
    return [
        `module ${module}\n\ngo 1.24.0\n`,
        ...(needed.length === 0
            ? []
            : [
                  `\nrequire (\n${lines((m) => `${m} v0.0.0`)})\n`,
                  `\nreplace (\n${lines((m) => `${m} => ${below}${m.replace("k8s.io/", "")}`)})\n`,
              ]),
    ].join("");
}

type Write = (name: string, text: string) => void;

function writePackage(
    write: Write,
    place: string,
    imports: readonly string[],
    files: number,
    seed: number,
): void {
    const name = path.basename(place);
    const aliases = imports.map((p, i) => `\ti${String(i)} ${JSON.stringify(p)}\n`).join("");
    const sum = imports.map((_, i) => `i${String(i)}.Value()`).join(" + ");
    write(
        `${place}/doc.go`,
        `// Package ${name} is made up.\npackage ${name}\n\nimport (\n${aliases})\n\n` +
            `// Value is a number.\nfunc Value() int { return ${sum === "" ? "0" : `(${sum})&1`} + ${String(seed)} }\n`,
    );
    for (const f of range(files - 1)) {
        write(
            `${place}/file${String(f)}.go`,
            `package ${name}\n\n// Part${String(f)} is a text.\nconst Part${String(f)} = "${name} ${String(f)} ${String(seed)}"\n`,
        );
    }
    write(
        `${place}/doc_test.go`,
        `package ${name}\n\nimport "testing"\n\nfunc TestValue(t *testing.T) { Value() }\n`,
    );
}

/** It says who it is on standard error: fmt would be half of what a guest without acceleration compiles. */
function writeCommand(write: Write, command: string, imported: string): void {
    write(
        `cmd/${command}/main.go`,
        `package main

import (
	"k8s.io/component-base/version"
	"${imported}"
)

func main() {
	value := ${path.basename(imported)}.Value()
	println("Kubernetes", version.Get(), value >= 0)
}
`,
    );
}

const makefile = `DBG ?= 0
.PHONY: all clean
all:
	@hack/build.sh $(WHAT)
clean:
	rm -rf _output
export DBG KUBE_BUILD_PLATFORMS KUBE_GIT_VERSION_FILE
`;

const buildScript = `#!/usr/bin/env bash
# As much of Kubernetes' build as its callers see: variables, places, flags.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(git describe --tags --match='v*' --abbrev=14 2>/dev/null || echo v0.0.0-master)
if [ -n "\${KUBE_GIT_VERSION_FILE:-}" ]; then . "$KUBE_GIT_VERSION_FILE"; version=$KUBE_GIT_VERSION; fi
host=$(go env GOHOSTOS)/$(go env GOHOSTARCH)
for platform in \${KUBE_BUILD_PLATFORMS:-$host}; do
    out=\${KUBE_OUTPUT_SUBPATH:-_output/local}/bin/$platform
    mkdir -p "$out"
    if [ "$platform" = "$host" ]; then mkdir -p _output && ln -sfn "local/bin/$platform" _output/bin; fi
    if [ "\${DBG:-0}" = 1 ]; then
        flags=(-gcflags 'all=-N -l' -ldflags "-X k8s.io/component-base/version.gitVersion=$version")
    else
        flags=(-trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version")
    fi
    for what in "$@"; do
        suffix=
        case $platform in windows/*) suffix=.exe ;; esac
        CGO_ENABLED=\${CGO_ENABLED:-0} GOOS=\${platform%/*} GOARCH=\${platform#*/} \\
            go build "\${flags[@]}" -o "$out/\${what##*/}$suffix" "./\${what#./}"
    done
done
`;
