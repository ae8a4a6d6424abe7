/** A docker on the PATH that only keeps book: an image is a file, named after it. */
import * as fs from "node:fs";
import * as path from "node:path";

const docker = String.raw`#!/bin/sh
cd "$(dirname "$0")/../engine"
echo "$*" >>asked
name() { printf '%s' "$1" | tr / %; }
last() { for last; do :; done; name "$last"; }
case "$*" in
version*) echo 20.10 ;;
image\ inspect*Size*) echo 1048576 ;;
image\ inspect\ -f*) echo null ;;
image\ inspect*) [ -e "$(last "$@")" ] ;;
commit*) : >"$(last "$@")" ;;
tag*) : >"$(last "$@")" ;;
run*) echo container1 ;;
exec\ -i*) cat >/dev/null ;;
save*) : >"$3" ;;
ps*) ;;
rmi*)
    shift
    for image in "$@"; do
        # In use by a container.
        if [ -e "used-$(name "$image")" ]; then exit 1; fi
        rm -f "$(name "$image")"
    done
    ;;
esac
`;

/** A host with such an engine, below a directory. */
export class StandInEngine {
    readonly bin: string;

    constructor(readonly dir: string) {
        this.bin = path.join(dir, "bin");
        fs.mkdirSync(path.join(dir, "engine"), { recursive: true });
        this.program("docker", docker);
    }

    /** Puts a program in front of those of this machine. */
    program(name: string, text: string): void {
        fs.mkdirSync(this.bin, { recursive: true });
        fs.writeFileSync(path.join(this.bin, name), text, { mode: 0o755 });
    }

    /** Notes that there is such an image, and whether a container is made of it. */
    has(image: string, used = false): void {
        fs.writeFileSync(path.join(this.dir, "engine", image.replaceAll("/", "%")), "");
        if (used) this.has(`used-${image}`);
    }

    /** No container is made of it any more. */
    release(image: string): void {
        fs.rmSync(path.join(this.dir, "engine", `used-${image.replaceAll("/", "%")}`));
    }

    images(): string[] {
        return fs
            .readdirSync(path.join(this.dir, "engine"))
            .filter((name) => name !== "asked" && !name.startsWith("used-"))
            .map((name) => name.replaceAll("%", "/"))
            .sort();
    }

    /** What it was asked for, one call a line. */
    asked(): string {
        return fs.readFileSync(path.join(this.dir, "engine/asked"), "utf8");
    }
}
