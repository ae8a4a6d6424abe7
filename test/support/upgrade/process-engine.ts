/**
 * A docker and a kind whose containers are processes that wait: enough of both for a cluster to be made, seen alive, seen dead
 * and removed, in a second and on any machine. What real ones do is shown by test/machine/kind.test.ts.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { type ScratchStack } from "../engine";

const docker = String.raw`#!/bin/sh
cd "$(dirname "$0")/../engine"
echo "docker $*" >>asked
case "$*" in
version*) echo 28.0 ;;
image\ inspect*) ;;
ps*--format*) cut -d ' ' -f 2 nodes ;;
ps*) cut -d ' ' -f 1 nodes ;;
inspect*) cat nodes ;;
exec*) ;;
rm*)
    while read -r _ _ pid; do kill "$pid"; done <nodes
    : >nodes
    ;;
network*) ;;
*) echo "this docker has no $1" >&2 && exit 1 ;;
esac
`;
const kind = String.raw`#!/bin/sh
cd "$(dirname "$0")/../engine"
echo "kind $*" >>asked
case "$*" in
create\ cluster*) ;;
*) echo "this kind has no $*" >&2 && exit 1 ;;
esac
while [ $# -gt 0 ]; do
    case $1 in --name) name=$2 ;; --kubeconfig) kubeconfig=$2 ;; esac
    shift
done
setsid sleep 3600 </dev/null >/dev/null 2>&1 &
echo "$(printf %s "$name" | sha256sum | cut -d ' ' -f 1) $name-control-plane $!" >nodes
echo "clusters: [{name: $name}]" >"$kubeconfig"
`;

/** Puts them below the folder of a stack, whose programs find them. */
export function processEngine({ dir, env }: ScratchStack): void {
    const bin = path.join(dir, "bin");
    fs.mkdirSync(bin, { recursive: true });
    fs.mkdirSync(path.join(dir, "engine"));
    fs.writeFileSync(path.join(dir, "engine/nodes"), "");
    for (const [name, text] of Object.entries({ docker, kind })) {
        fs.writeFileSync(path.join(bin, name), text, { mode: 0o755 });
    }
    // As an engine elsewhere, of whose limits this host says nothing.
    env.DOCKER_HOST = "unix:///nowhere";
    env.PATH = `${bin}:${env.PATH ?? ""}`;
}

/** What of one kind both were asked to do. */
export function askedOf(dir: string, what: string): string[] {
    const asked = fs.readFileSync(path.join(dir, "engine/asked"), "utf8").split("\n");
    return asked.filter((line) => line.startsWith(what));
}
