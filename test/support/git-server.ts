/**
 * A git server by HTTPS on loopback that programs reach by a name of its own: Pulumi takes a reference only with a domain's name
 * in it, and no other scheme. They find it by a proxy, which passes on what is for others, so that nothing of the machine's own
 * names or certificates is touched.
 */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as path from "node:path";

const hostName = "git.example.org";
const systemCertificates = "/etc/ssl/certs/ca-certificates.crt";

export class GitServer {
    private readonly sockets = new Set<net.Socket>();

    private constructor(
        private readonly root: string,
        private readonly server: https.Server,
        private readonly proxy: http.Server,
    ) {
        proxy.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
            const [name, port] = (request.url ?? "").split(":");
            const other =
                name === hostName
                    ? net.connect(portOf(server), "127.0.0.1")
                    : net.connect(Number(port), name);
            for (const [one, two] of [
                [socket, other],
                [other, socket],
            ] as const) {
                this.sockets.add(one);
                one.on("close", () => this.sockets.delete(one)).on("error", () => two.destroy());
                one.pipe(two);
            }
            other.on("connect", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
        });
    }

    /** @param root An empty folder: what it serves lies below it. */
    static async start(root: string): Promise<GitServer> {
        const [key, cert] = [path.join(root, "key.pem"), path.join(root, "cert.pem")];
        const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        const names = ["-subj", `/CN=${hostName}`, "-addext", `subjectAltName=DNS:${hostName}`];
        execFileSync(
            "openssl",
            ["req", ...kind, ...names, "-days", "2", "-keyout", key, "-out", cert],
            { stdio: "pipe" },
        );
        const system = fs.existsSync(systemCertificates)
            ? fs.readFileSync(systemCertificates, "utf8")
            : "";
        fs.writeFileSync(path.join(root, "all.pem"), system + fs.readFileSync(cert, "utf8"));
        const options = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
        const made = new GitServer(
            root,
            https.createServer(options, (request, response) => {
                serve(root, request, response);
            }),
            http.createServer(),
        );
        for (const server of [made.server, made.proxy]) {
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        }
        return made;
    }

    /** With these a program reaches it, and trusts it. */
    get env(): Record<string, string> {
        return {
            HTTPS_PROXY: `http://127.0.0.1:${String(portOf(this.proxy))}`,
            SSL_CERT_FILE: path.join(this.root, "all.pem"),
            // npm goes to its registry as ever.
            npm_config_noproxy: "*",
        };
    }

    /** Commits what is in a folder, under a tag; answers the commit. What Pulumi calls it is the other two joined. */
    publish(folder: string, name: string, tag: string): string {
        const git = (...args: string[]) =>
            execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
                cwd: folder,
                encoding: "utf8",
                stdio: ["ignore", "pipe", "pipe"],
            });
        git("init", "--quiet", "--initial-branch=main");
        git("add", "--all");
        git("commit", "--quiet", "--no-verify", "--message", "a state");
        git("tag", tag);
        git("clone", "--quiet", "--bare", ".", path.join(this.root, name));
        return git("rev-parse", "HEAD").trim();
    }

    /** How a program names what was published. */
    reference(name: string): string {
        return `${hostName}/${name}`;
    }

    stop(): void {
        this.sockets.forEach((socket) => socket.destroy());
        this.server.close();
        this.proxy.close();
    }
}

const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;

/** One request, by the program that git has for it. */
function serve(root: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? "/", `https://${hostName}`);
    const child = spawn("git", ["http-backend"], {
        env: {
            ...process.env,
            ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1", PATH_INFO: url.pathname },
            ...{ QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method ?? "" },
            CONTENT_TYPE: request.headers["content-type"] ?? "",
            HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        },
        stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.on("error", () => undefined);
    request.pipe(child.stdin);
    const out: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => out.push(data));
    child.stdout.on("end", () => {
        const all = Buffer.concat(out);
        const end = all.indexOf("\r\n\r\n");
        for (const line of all.subarray(0, end).toString().split("\r\n")) {
            const [name = "", value = ""] = line.split(/: (.*)/);
            if (name === "Status") {
                response.statusCode = parseInt(value, 10);
            } else {
                response.setHeader(name, value);
            }
        }
        response.end(all.subarray(end + 4));
    });
}
