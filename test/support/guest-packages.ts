/**
 * A repository on this machine with the Debian packages that a guest lacks: the same files and the same scripts, but packed
 * as an emulated CPU unpacks them soon (xz takes it minutes), and with an index of nothing else.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/** What the guest has and where its packages come from. */
export interface GuestFacts {
    /** Text of /var/lib/dpkg/status. */
    status: string;
    /** Text of its sources. */
    sources: string;
}

/** Fetches packages with what the guest lacks beside them, as its own apt would; makes a repository of them in `dir`. */
export function makeRepository(dir: string, facts: GuestFacts, names: readonly string[]): void {
    const at = (...parts: string[]) => path.join(dir, ...parts);
    for (const folder of ["state/lists/partial", "cache/archives/partial"]) {
        fs.mkdirSync(at(folder), { recursive: true });
    }
    fs.writeFileSync(at("status"), facts.status);
    fs.writeFileSync(at("sources.list"), facts.sources);
    const settings = {
        "Dir::Etc::sourcelist": at("sources.list"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::trusted": "/usr/share/keyrings/debian-archive-keyring.gpg",
        "Dir::State": at("state"),
        "Dir::State::status": at("status"),
        "Dir::Cache": at("cache"),
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const apt = (...args: string[]) =>
        execFileSync("apt-get", [...options, "-q", ...args], { stdio: "pipe" });
    apt("update");
    apt("-y", "--no-install-recommends", "--download-only", "install", ...names);
    const archives = at("cache/archives");
    const debs = fs.readdirSync(archives).filter((name) => name.endsWith(".deb"));
    const entries = debs.map((name, number) => {
        const original = path.join(archives, name);
        const deb = repacked(original);
        // Names in a cache have escapes, which a URL would undo.
        const file = `${String(number)}.deb`;
        fs.writeFileSync(at(file), deb);
        const control = execFileSync("dpkg-deb", ["-f", original], { encoding: "utf8" }).trim();
        const sha256 = createHash("sha256").update(deb).digest("hex");
        return `${control}\nFilename: ./${file}\nSize: ${String(deb.length)}\nSHA256: ${sha256}\n`;
    });
    fs.writeFileSync(at("Packages"), entries.join("\n"));
}

/** deb(5): an archive of ar with three members. */
function repacked(file: string): Buffer {
    const big = { maxBuffer: 2 ** 30 };
    const data = execFileSync("dpkg-deb", ["--fsys-tarfile", file], big);
    const members: [string, Buffer][] = [
        ["debian-binary", Buffer.from("2.0\n")],
        ["control.tar", execFileSync("dpkg-deb", ["--ctrl-tarfile", file], big)],
        ["data.tar.zst", execFileSync("zstd", ["-q", "-3"], { ...big, input: data })],
    ];
    const head = (name: string, size: number) =>
        `${name.padEnd(16)}0           0     0     100644  ${String(size).padEnd(10)}\`\n`;
    return Buffer.concat([
        Buffer.from("!<arch>\n"),
        ...members.flatMap(([name, content]) => [
            Buffer.from(head(name, content.length)),
            content,
            Buffer.alloc(content.length % 2, "\n"),
        ]),
    ]);
}
