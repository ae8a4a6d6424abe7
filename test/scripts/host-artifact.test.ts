/** scripts/host/artifact-*.sh: from a server, a file, standard input, another host; resumed, shared, wrong. */
import { createHash } from "crypto";
import * as fs from "fs";
import * as http from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { filesBelow, recordOf, until, withArguments } from "../support/host-state";
import { ScriptHost } from "../support/host-script";
import { sshdMissing, startSshd } from "../support/sshd";
import { shells } from "../support/script-process";

const body = Buffer.from("bytes of a tool\n".repeat(200_000));
const digest = createHash("sha256").update(body).digest("hex");

describe.each(shells)("%s", (shell) => {
    let host: ScriptHost;
    const servers: http.Server[] = [];
    beforeEach(() => (host = new ScriptHost(shell)));
    afterEach(() => {
        host.dispose();
        servers.splice(0).forEach((server) => {
            server.closeAllConnections();
            server.close();
        });
    });

    const values = (more: Record<string, string> = {}) => ({
        KUBEDEV_SHA256: digest,
        KUBEDEV_URL: "",
        KUBEDEV_PATH: "",
        KUBEDEV_MODE: "0755",
        ...more,
    });
    const cache = () => host.at(".cache/kubedev/artifacts");
    const cached = () => path.join(cache(), digest);
    /** A server that keeps which ranges it was asked for. */
    const serve = async (handler: http.RequestListener) => {
        const ranges: (string | undefined)[] = [];
        const server = http.createServer((request, response) => {
            ranges.push(request.headers.range);
            handler(request, response);
        });
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        return { url: `http://127.0.0.1:${String(port)}/tool`, ranges };
    };
    const whole: http.RequestListener = (_request, response) => response.end(body);
    const withRanges: http.RequestListener = (request, response) => {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        if (from >= body.length) {
            response.writeHead(416).end();
            return;
        }
        const range = `bytes ${String(from)}-${String(body.length - 1)}/${String(body.length)}`;
        response.writeHead(from > 0 ? 206 : 200, from > 0 ? { "content-range": range } : {});
        response.end(body.subarray(from));
    };

    test("into the cache, once; the cache outlives the thing", async () => {
        const { url, ranges } = await serve(whole);
        for (let i = 0; i < 2; i++) {
            const fetched = await host.run("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
            expect(fetched).toMatchObject({ code: 0, stderr: "" });
            expect(JSON.parse(fetched.stdout)).toEqual({ path: cached() });
        }
        expect(ranges).toEqual([undefined]);
        expect(fs.readFileSync(cached()).equals(body)).toBe(true);
        expect(filesBelow(cache())).toEqual([digest]);
        await host.run("artifact-remove", "a", values());
        expect(filesBelow(cache())).toEqual([digest]);
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("installed at a path, from file:// and from standard input, and removed", async () => {
        const source = host.at("source");
        fs.writeFileSync(source, body);
        const target = host.at("opt/bin dir/tool");
        const place = values({ KUBEDEV_PATH: target, KUBEDEV_MODE: "0700" });
        const url = `file://${source.replaceAll(" ", "%20")}`;
        const byUrl = await host.run("artifact-fetch", "a", { ...place, KUBEDEV_URL: url });
        expect(JSON.parse(byUrl.stdout)).toEqual({ path: target });
        expect(fs.statSync(target).mode & 0o777).toBe(0o700);
        expect(recordOf(host.dir("a"))).toMatchObject({ path: target, size: String(body.length) });

        // A changed mode is put into effect without another copy.
        const before = fs.statSync(target);
        await host.run("artifact-fetch", "a", { ...place, KUBEDEV_MODE: "0500" });
        expect(fs.statSync(target).mode & 0o777).toBe(0o500);
        expect(fs.statSync(target).ino).toBe(before.ino);

        for (let i = 0; i < 2; i++) {
            expect((await host.run("artifact-remove", "a", place)).code).toBe(0);
        }
        expect(fs.existsSync(host.at("opt"))).toBe(false);

        fs.rmSync(cache(), { recursive: true });
        expect((await host.run("artifact-fetch", "b", place, body)).code).toBe(0);
        expect(fs.readFileSync(target).equals(body)).toBe(true);
    });

    test("brought from another host once, by its digest", async () => {
        const source = host.at("it's there");
        fs.writeFileSync(source, body);
        const from = (more: Record<string, string> = {}) => ({
            ...{ KUBEDEV_SHA256: digest, KUBEDEV_SOURCE_SSH: "", KUBEDEV_SOURCE_PATH: source },
            ...{ KUBEDEV_SOURCE_HOST: "this machine", ...more },
        });
        const other = createHash("sha256").update("other").digest("hex");
        const wrong = await host.run("artifact-bring", "a", from({ KUBEDEV_SHA256: other }));
        expect(wrong.stderr).toMatch(`got sha256 ${digest}; expected ${other}`);
        const missing = { KUBEDEV_SOURCE_PATH: host.at("none") };
        expect((await host.run("artifact-bring", "a", from(missing))).stderr).toMatch(
            `kubedev: cannot read ${host.at("none")} on this machine; expected a file there`,
        );
        expect(fs.existsSync(host.stack)).toBe(false);
        if (sshdMissing === undefined) {
            const sshd = await startSshd();
            const login = [
                ...["-F", "none", "-o", `UserKnownHostsFile=${sshd.knownHostsPath}`],
                ...["-o", "BatchMode=yes", "-i", sshd.privateKeyPath, "-p", String(sshd.port)],
                `${sshd.user}@${sshd.address}`,
            ];
            const bySsh = from({ KUBEDEV_SOURCE_SSH: login.join("\n") });
            const brought = await host.run("artifact-bring", "a", bySsh);
            await sshd.stop();
            expect(brought).toMatchObject({ code: 0 });
            expect(JSON.parse(brought.stdout)).toEqual({ path: cached() });
        } else {
            expect((await host.run("artifact-bring", "a", from())).code).toBe(0);
        }
        expect(fs.readFileSync(cached()).equals(body)).toBe(true);
        expect(recordOf(host.dir("a"))).toMatchObject({ kind: "artifact", exists: cached() });
        // What is here is not asked for again: the other host may be off.
        const again = from({ KUBEDEV_SOURCE_SSH: "-p\n1\nnobody@127.0.0.1" });
        expect((await host.run("artifact-bring", "a", again)).code).toBe(0);
        expect(filesBelow(cache())).toEqual([digest]);
    });

    test("a wrong digest is refused and nothing is kept", async () => {
        const { url } = await serve((_request, response) => response.end("something else"));
        const failed = await host.run("artifact-fetch", "a", {
            ...values({ KUBEDEV_URL: url, KUBEDEV_PATH: host.at("opt/tool") }),
        });
        const got = createHash("sha256").update("something else").digest("hex");
        expect(failed).toEqual({
            code: 1,
            stdout: "",
            stderr: `kubedev: wrong digest of ${url}: got sha256 ${got}; expected ${digest}; correct sha256 if the file is the right one\n`,
        });
        expect(filesBelow(cache())).toEqual([]);
        expect(fs.existsSync(host.stack)).toBe(false);
        expect(fs.existsSync(host.at("opt"))).toBe(false);
    });

    test("a damaged file in the cache is fetched anew", async () => {
        const { url } = await serve(whole);
        fs.mkdirSync(cache(), { recursive: true });
        fs.writeFileSync(cached(), "damaged");
        expect((await host.run("artifact-fetch", "a", values({ KUBEDEV_URL: url }))).code).toBe(0);
        expect(fs.readFileSync(cached()).equals(body)).toBe(true);
    });

    test("killed in the middle: the next run goes on from there", async () => {
        const { url, ranges } = await serve((request, response) => {
            if (request.headers.range === undefined) {
                // Half, and then silence.
                response.writeHead(200, { "content-length": body.length });
                response.write(body.subarray(0, body.length / 2));
            } else {
                withRanges(request, response);
            }
        });
        const broken = host.start("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
        const partial = `${cached()}.partial`;
        await until(
            () => fs.existsSync(partial) && fs.statSync(partial).size > 100_000,
            "a part of the file",
        );
        broken.child.kill("SIGKILL");
        // The loader outlives a script that is killed this way: it is the server that ends it.
        servers.forEach((server) => {
            server.closeAllConnections();
        });
        await broken.ended;
        const again = await host.run("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
        expect(again).toMatchObject({ code: 0 });
        expect(ranges[0]).toBeUndefined();
        expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d+-$/);
        expect(fs.readFileSync(cached()).equals(body)).toBe(true);
    });

    test("interrupted: the loader ends too", async () => {
        const { url } = await serve((_request, response) => {
            response.writeHead(200, { "content-length": body.length });
            response.write(body.subarray(0, 200_000));
        });
        const begun = host.start("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
        await until(() => withArguments(url).length > 0, "the loader");
        begun.child.kill("SIGTERM");
        expect((await begun.ended).code).toBe(130);
        await until(() => withArguments(url).length === 0, "the end of the loader");
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test.each([
        ["all of it", body, withRanges, 0],
        ["the beginning of another file", Buffer.from("other"), withRanges, 2],
        ["more than there is", Buffer.concat([body, body]), withRanges, 2],
        ["a part, and the server knows no ranges", body.subarray(0, 1000), whole, 2],
    ])("what was fetched before is %s", async (_what, before, handler, asked) => {
        const { url, ranges } = await serve(handler);
        fs.mkdirSync(cache(), { recursive: true });
        fs.writeFileSync(`${cached()}.partial`, before);
        const fetched = await host.run("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
        expect(fetched).toMatchObject({ code: 0 });
        expect(fs.readFileSync(cached()).equals(body)).toBe(true);
        expect(ranges.length).toBe(asked);
        expect(filesBelow(cache())).toEqual([digest]);
    });

    test("no server: the message names the URL, and what was fetched is kept", async () => {
        fs.mkdirSync(cache(), { recursive: true });
        fs.writeFileSync(`${cached()}.partial`, body.subarray(0, 1000));
        const failed = await host.run(
            "artifact-fetch",
            "a",
            values({ KUBEDEV_URL: "http://127.0.0.1:9/tool" }),
        );
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain(
            "kubedev: cannot download http://127.0.0.1:9/tool (curl exit status 7); what was fetched is kept",
        );
        expect(fs.statSync(`${cached()}.partial`).size).toBe(1000);
    });

    test("a file of somebody else at the path is left alone", async () => {
        const target = host.at("tool");
        fs.writeFileSync(target, "mine");
        const refused = await host.run(
            "artifact-fetch",
            "a",
            values({ KUBEDEV_PATH: target }),
            body,
        );
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain("is there already and was not installed by kubedev");
        expect(fs.readFileSync(target, "utf8")).toBe("mine");
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("two things that want the same file fetch it once", async () => {
        let asked = 0;
        const { url } = await serve((_request, response) => {
            asked += 1;
            setTimeout(() => response.end(body), 500);
        });
        const both = await Promise.all(
            ["a", "b"].map((key) => host.run("artifact-fetch", key, values({ KUBEDEV_URL: url }))),
        );
        expect(both.map((ran) => ran.code)).toEqual([0, 0]);
        expect(both.map((ran) => ran.stderr).join("")).toContain(
            "waiting for another download of the same file",
        );
        expect(asked).toBe(1);
    });

    test("says how far it is", async () => {
        const line = /: 2 MiB\n/;
        let said = "";
        const { url } = await serve((_request, response) => {
            // Half of the third: what comes last may still be in curl's buffer.
            response.write(body.subarray(0, 2.5 * 1048576));
            void until(() => line.test(said), "progress").finally(() =>
                response.end(body.subarray(2.5 * 1048576)),
            );
        });
        const fetch = host.start("artifact-fetch", "a", values({ KUBEDEV_URL: url }));
        fetch.child.stderr.on("data", (data: Buffer) => (said += data.toString()));
        const fetched = await fetch.ended;
        expect(fetched).toMatchObject({ code: 0 });
        expect(fetched.stderr).toContain(`downloading ${url}: 2 MiB\n`);
    });
});
