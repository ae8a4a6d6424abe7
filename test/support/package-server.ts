/** A repository with one small package, for guests with user networking: no other network is needed. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";

export class PackageServer {
    private readonly files: Partial<Record<string, string | Buffer>> = {};

    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<PackageServer> {
        const server = http.createServer((request, response) => {
            const name = path.posix.normalize(request.url ?? "/").slice(1);
            const content = made.files[name];
            if (content === undefined) {
                response.writeHead(404).end();
            } else {
                response.writeHead(200, { "content-length": Buffer.byteLength(content) });
                response.end(content);
            }
        });
        const made = new PackageServer(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return made;
    }

    /** Where a guest with user networking finds it. */
    get url(): string {
        return `http://10.0.2.2:${String((this.server.address() as AddressInfo).port)}/`;
    }

    /** A repository with one package that has one file; answers its line of sources.list. */
    servePackage(name: string, scratch: string): string {
        const tree = path.join(scratch, name);
        const control = [
            `Package: ${name}`,
            "Version: 1.0",
            "Architecture: all",
            "Maintainer: kubedev <nobody@localhost>",
            "Description: proof that packages were installed",
        ].join("\n");
        fs.mkdirSync(path.join(tree, "DEBIAN"), { recursive: true });
        fs.writeFileSync(path.join(tree, "DEBIAN/control"), `${control}\n`);
        fs.mkdirSync(path.join(tree, "usr/share", name), { recursive: true });
        fs.writeFileSync(path.join(tree, "usr/share", name, "file"), "installed\n");
        const file = path.join(scratch, `${name}.deb`);
        execFileSync("dpkg-deb", ["--root-owner-group", "--build", tree, file]);
        const content = fs.readFileSync(file);
        this.files[`apt/${name}.deb`] = content;
        const sha256 = createHash("sha256").update(content).digest("hex");
        this.files["apt/Packages"] =
            `${control}\nFilename: ./${name}.deb\nSize: ${String(content.length)}\nSHA256: ${sha256}\n`;
        return `deb [trusted=yes] ${this.url}apt/ ./`;
    }

    async stop(): Promise<void> {
        await new Promise((resolve) => {
            this.server.close(resolve);
            this.server.closeAllConnections();
        });
    }
}
