/** lib/fetch.sh: verified, resumed, shared and quick to give up. */
import * as fs from "fs";
import * as http from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { digest, ScratchClone } from "./toolchain-scratch";

const libs = ["lib/common.sh", "lib/jobs.sh", "lib/fetch.sh"];
const body = Buffer.from("the tool's bytes ".repeat(5000));
const sum = digest("sha256", body);

let clone: ScratchClone;
beforeEach(() => (clone = new ScratchClone()));
afterEach(() => clone.dispose());

const cached = (s: string) =>
    path.join(clone.home, `.cache/kubedev/downloads/${s.slice(0, 32)}-tool.tgz`);
const fetch = (url: string, s: string, env = {}) =>
    clone.bashAsync(libs, `run_dir_open; trap run_dir_close EXIT; fetch ${url} ${s} tool.tgz`, env);

test.each(["sha256", "sha512"] as const)("a file that has its %s is kept", async (kind) => {
    const asked: string[] = [];
    const base = await clone.serve({ "/tool": body }, asked);
    const s = digest(kind, body);
    expect((await fetch(`${base}/tool`, s)).code).toBe(0);
    expect(fs.readFileSync(cached(s)).equals(body)).toBe(true);
    // The second time nobody is asked.
    expect((await fetch(`${base}/tool`, s)).code).toBe(0);
    expect(asked).toEqual(["/tool"]);
});

test("a file with another checksum is refused and not kept", async () => {
    const base = await clone.serve({ "/tool": Buffer.from("something else") });
    const out = await fetch(`${base}/tool`, sum);
    expect(out.code).not.toBe(0);
    expect(out.stderr).toContain(`expected ${sum.slice(0, 16)}`);
    expect(fs.existsSync(cached(sum))).toBe(false);
    expect(fs.existsSync(`${cached(sum)}.partial`)).toBe(false);
});

test("a damaged file in the cache is fetched anew", async () => {
    const base = await clone.serve({ "/tool": body });
    fs.mkdirSync(path.dirname(cached(sum)), { recursive: true });
    fs.writeFileSync(cached(sum), "damaged");
    expect((await fetch(`${base}/tool`, sum)).code).toBe(0);
    expect(fs.readFileSync(cached(sum)).equals(body)).toBe(true);
});

test("a cut-off download goes on where it stopped", async () => {
    const ranges: (string | undefined)[] = [];
    const server = http.createServer((request, response) => {
        ranges.push(request.headers.range);
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        response.writeHead(from > 0 ? 206 : 200, {
            "content-length": body.length - from,
            ...(from > 0
                ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` }
                : {}),
        });
        if (from > 0) {
            response.end(body.subarray(from));
        } else {
            response.write(body.subarray(0, 30_000), () => response.destroy());
        }
    });
    await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tool`;
    const first = await fetch(url, sum);
    expect(first.code).not.toBe(0);
    expect(fs.existsSync(`${cached(sum)}.partial`)).toBe(true);
    const second = await fetch(url, sum);
    server.closeAllConnections();
    server.close();
    expect(second.stderr).toBe("");
    expect(second.code).toBe(0);
    expect(fs.readFileSync(cached(sum)).equals(body)).toBe(true);
    expect(ranges[ranges.length - 1]).toMatch(/^bytes=[1-9]/);
});

test("a rest that belongs to another file does not spoil the next try", async () => {
    const base = await clone.serve({ "/tool": body });
    fs.mkdirSync(path.dirname(cached(sum)), { recursive: true });
    fs.writeFileSync(`${cached(sum)}.partial`, "of another file");
    expect((await fetch(`${base}/tool`, sum)).code).toBe(0);
    expect(fs.readFileSync(cached(sum)).equals(body)).toBe(true);
});

test("two at the same time download once", async () => {
    const asked: string[] = [];
    const base = await clone.serve({ "/tool": body }, asked);
    const both = await Promise.all([fetch(`${base}/tool`, sum), fetch(`${base}/tool`, sum)]);
    expect(both.map((o) => o.code)).toEqual([0, 0]);
    expect(asked).toEqual(["/tool"]);
});

test("KUBEDEV_OFFLINE: nobody is asked, what is there is used", async () => {
    const asked: string[] = [];
    const base = await clone.serve({ "/tool": body }, asked);
    const off = await fetch(`${base}/tool`, sum, { KUBEDEV_OFFLINE: "1" });
    expect(off.code).not.toBe(0);
    expect(off.stderr).toContain("KUBEDEV_OFFLINE");
    expect(asked).toEqual([]);
    expect((await fetch(`${base}/tool`, sum)).code).toBe(0);
    expect((await fetch(`${base}/tool`, sum, { KUBEDEV_OFFLINE: "1" })).code).toBe(0);
});

test("a host that does not answer is asked once per run", async () => {
    const log = path.join(clone.dir, "curl.log");
    clone.stub("curl", `echo "$*" >>${log}; exit 7`);
    const code = `run_dir_open; trap run_dir_close EXIT
        for i in 1 2 3; do (reachable https://tools.invalid/x/$i) && echo yes || echo no; done`;
    const out = await clone.bashAsync(libs, code);
    expect(out.stdout).toBe("no\nno\nno\n");
    expect(out.stderr).toBe("tools.invalid does not answer\n");
    expect(fs.readFileSync(log, "utf8").trim().split("\n")).toHaveLength(1);
    expect(fs.readFileSync(log, "utf8")).toMatch(/--connect-timeout 4 --max-time 8/);
});
