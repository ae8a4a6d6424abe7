/** Which Pulumi is good enough, and what the vendor's release must prove before it is used. */
import * as fs from "fs";
import * as path from "path";
import { digest, ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
beforeEach(() => (clone = new ScratchClone()));
afterEach(() => clone.dispose());

const arch = process.arch === "arm64" ? "arm64" : "x64";
const check = () => clone.run("pulumi.sh", ["check"]).stdout.split("\n")[0];

test("an installed CLI: version and language host count", () => {
    expect(check()).toContain("none on PATH");
    const ran = path.join(clone.dir, "ran");
    const cli = clone.stub("pulumi", `touch ${ran}; echo v3.260.1`);
    expect(check()).toContain("has no pulumi-language-nodejs beside it");
    // npm's launcher would download a CLI when it is run.
    expect(fs.existsSync(ran)).toBe(false);
    clone.stub("pulumi-language-nodejs", "");
    expect(check()).toBe(`ready\t3.260.1\t${cli}`);
    clone.stub("pulumi", "echo v3.99.0");
    expect(check()).toContain("is 3.99.0, older than 3.259.0");
    clone.stub("pulumi", "exit 1");
    expect(check()).toContain("does not run");
});

test("one built here is built again when a pin changes", () => {
    const record = `run_dir_open; record_origin pulumi "built from Go modules" "$(fingerprint_of cli)"; run_dir_close`;
    const place = (name: string, text: string) => {
        const file = clone.write(`.toolchain/bin/${name}`, `#!/bin/sh\n${text}\n`);
        fs.chmodSync(file, 0o755);
    };
    place("pulumi", "echo v3.259.0");
    place("pulumi-language-nodejs", "");
    expect(clone.bash(["lib/common.sh", "lib/origin.sh"], record).code).toBe(0);
    expect(check()).toMatch(/^ready\t3.259.0\t.*\(built from Go modules\)$/);
    fs.appendFileSync(path.join(clone.toolchain, "cli/go.sum"), "changed\n");
    expect(check()).toContain("the pins in toolchain/ changed since the build");
});

describe("the vendor's release", () => {
    const name = `pulumi-v3.259.0-linux-${arch}.tar.gz`;
    let archive: Buffer;
    let sums: string;

    /** A curl that finds the vendor's two files in the scratch directory. */
    beforeEach(() => {
        const files = {
            pulumi: "#!/bin/sh\necho v3.259.0\n",
            "pulumi-language-nodejs": "#!/bin/sh\n",
            "pulumi-language-python": "#!/bin/sh\n",
            "pulumi-language-go": "not wanted",
        };
        archive = clone.tarball("pulumi", files, 0o755);
        fs.writeFileSync(path.join(clone.dir, "archive"), archive);
        sums = path.join(clone.dir, "sums");
        clone.stub(
            "curl",
            `out=; for a in "$@"; do [ "$last" = --output ] && out=$a; last=$a; done
            case "$last" in
                https://get.pulumi.com/releases/sdk/${name}) cp "${clone.dir}/archive" "$out" ;;
                https://github.com/pulumi/pulumi/releases/download/v3.259.0/pulumi-3.259.0-checksums.txt) cp "${sums}" "$out" ;;
                https://get.pulumi.com/ | https://github.com/) ;;
                *) exit 22 ;;
            esac`,
        );
    });

    const fetch = () => clone.run("pulumi.sh", ["fetch"]);

    test("is refused without a published checksum, with another one, with a malformed list", () => {
        for (const text of [
            undefined,
            `${"0".repeat(64)}  ${name}\n`,
            `${digest("sha256", archive)}  another.tar.gz\n`,
            `<html>${name}</html>\n`,
        ]) {
            fs.rmSync(sums, { force: true });
            if (text !== undefined) {
                fs.writeFileSync(sums, text);
            }
            const out = fetch();
            expect(out.code).not.toBe(0);
            expect(out.stderr).toMatch(/checksum/);
            expect(fs.existsSync(path.join(clone.root, ".toolchain/bin/pulumi"))).toBe(false);
        }
    });

    test("is taken with the published checksum: the CLI and the hosts of the languages that programs here are in, alone", () => {
        fs.writeFileSync(sums, `${"1".repeat(64)}  other\n${digest("sha256", archive)}  ${name}\n`);
        const out = fetch();
        expect(out.stderr).not.toMatch(/checksum/);
        expect(out.code).toBe(0);
        expect(fs.readdirSync(path.join(clone.root, ".toolchain/bin")).sort()).toEqual([
            "pulumi",
            "pulumi-language-nodejs",
            "pulumi-language-python",
        ]);
        expect(check()).toMatch(/^ready\t3.259.0\t.*\(official release\)$/);
        expect(clone.leftovers()).toEqual([]);
    });
});
