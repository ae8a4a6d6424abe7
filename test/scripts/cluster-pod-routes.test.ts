/** The service that leads to the pods of other nodes, with programs that stand for ip, iptables and curl: a table of routes that follows the nodes. */
import * as fs from "node:fs";
import * as path from "node:path";
import {
    RunningScript,
    runScript,
    scratchDirectory,
    shells,
    startScript,
} from "../support/script-process";

/** Keeps routes as lines "range via address dev lan proto number", as the kernel shows them. */
const ip = `#!/bin/sh
table=$STAND_IN/routes
touch "$table"
case "$*" in
"route replace "*" via 10.0.2.15 "*) echo "Error: Nexthop has invalid gateway." >&2; exit 2 ;;
"-4 route show proto "*) sed -n "s/ proto $5\\$//p" "$table" ;;
"route replace "*) grep -v "^$3 " "$table" >"$table.new"; mv "$table.new" "$table"; echo "$3 via $5 dev lan proto $7" >>"$table" ;;
"route delete "*) grep -v "^$3 .*proto $5\\$" "$table" >"$table.new"; mv "$table.new" "$table" ;;
"route flush proto "*) grep -v "proto $4\\$" "$table" >"$table.new"; mv "$table.new" "$table" ;;
"-o -4 address "*) echo "2: lan inet 198.18.0.2/20 brd 198.18.15.255 scope global lan" ;;
*) exit 1 ;;
esac
`;
const iptables = `#!/bin/sh
rules=$STAND_IN/rules
touch "$rules"
operation=$5; shift 5
case $operation in
-C) grep -qxF "$*" "$rules" ;;
-I) echo "$*" >>"$rules" ;;
-D) grep -qxF "$*" "$rules" && : >"$rules" ;;
esac
`;
const curl = `#!/bin/sh
for url; do :; done
echo "$*" >>"$STAND_IN/asked"
cat "$STAND_IN/nodes" 2>/dev/null || { echo "cannot reach $url" >&2; exit 7; }
`;

const node = (name: string, podCIDR: string | undefined, address: string) => ({
    metadata: {
        name,
        // What others may set, in the words of what is looked for.
        labels: { podCIDR: "10.0.0.0/8" },
        annotations: { note: '      "spec": {\n        "podCIDR": "10.9.0.0/16",' },
        managedFields: [{ fieldsV1: { "f:spec": { "f:podCIDR": {} } } }],
    },
    spec: { podCIDR, podCIDRs: podCIDR === undefined ? undefined : [podCIDR] },
    status: {
        conditions: [{ type: "Ready", status: "True", message: '"address": "9.9.9.9"' }],
        addresses: [
            { type: "Hostname", address: name },
            { type: "InternalIP", address },
        ],
    },
});

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let running: RunningScript | undefined;
    beforeEach(() => {
        directory = scratchDirectory();
        fs.mkdirSync(at("bin"));
        fs.mkdirSync(at("credentials"));
        for (const [name, text] of Object.entries({ ip, iptables, curl })) {
            fs.writeFileSync(at(`bin/${name}`), text, { mode: 0o755 });
        }
        fs.writeFileSync(at("bin/sleep"), "#!/bin/sh\nexec /bin/sleep 0.1\n", { mode: 0o755 });
        const data = (name: string, text: string) =>
            `    client-${name}-data: ${Buffer.from(text).toString("base64")}\n`;
        fs.writeFileSync(
            at("credentials/kube-proxy.conf"),
            data("certificate", "certificate") + data("key", "key"),
        );
        fs.writeFileSync(at("routes"), "172.20.0.0/16 via 10.0.2.2 dev other proto 3\n");
    });
    afterEach(async () => {
        running?.child.kill("SIGKILL");
        await running?.ended;
        running = undefined;
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const at = (name: string) => path.join(directory, name);
    const lines = (name: string) =>
        fs
            .readFileSync(at(name), "utf8")
            .split("\n")
            .filter((line) => line !== "");
    const values = () => ({
        ...{ PATH: `${at("bin")}:${process.env.PATH ?? ""}`, STAND_IN: directory, HOME: directory },
        ...{ NODE_NAME: "a", SERVER: "https://198.18.0.2:6443", POD_CIDR: "172.19.0.0/16" },
        CREDENTIALS: "credentials",
    });
    const nodes = (...items: object[]) => {
        fs.writeFileSync(
            at("nodes.new"),
            JSON.stringify({ kind: "NodeList", items }, undefined, 2),
        );
        fs.renameSync(at("nodes.new"), at("nodes"));
    };
    const start = () => {
        running = startScript("cluster/pod-routes", values(), { shell, cwd: directory });
    };
    async function eventually(probe: () => void): Promise<void> {
        for (const end = Date.now() + 20_000; ;) {
            try {
                probe();
                return;
            } catch (error) {
                if (Date.now() > end) throw error;
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }
    }
    const own = () => lines("routes").filter((line) => line.endsWith("proto 107"));
    const to = (range: string, address: string) => `${range} via ${address} dev lan proto 107`;

    test("routes follow the nodes, whatever else they say of themselves; all is taken back at the end", async () => {
        nodes(
            node("a", "172.19.0.0/24", "198.18.0.2"),
            node("b", "172.19.1.0/24", "198.18.0.3"),
            node("c", undefined, "198.18.0.4"),
        );
        start();
        await eventually(() => expect(fs.existsSync(at("followed"))).toBe(true));
        expect(own()).toEqual([to("172.19.1.0/24", "198.18.0.3")]);
        expect(lines("rules")).toEqual([
            "POSTROUTING -s 172.19.0.0/16 -d 172.19.0.0/16 -m mark ! --mark 0x4000/0x4000 -m comment --comment kubedev-pod-routes -j ACCEPT",
        ]);
        expect(fs.readFileSync(at("key.pem"), "utf8")).toBe("key");
        expect(fs.statSync(at("key.pem")).mode & 0o777).toBe(0o600);
        expect(lines("asked")[0]).toContain("--cacert credentials/ca.crt");

        // Another range at another address, one that comes, and what others took away.
        fs.writeFileSync(at("routes"), "");
        nodes(node("b", "172.19.1.0/24", "198.18.0.9"), node("c", "172.19.2.0/24", "198.18.0.4"));
        const both = [to("172.19.1.0/24", "198.18.0.9"), to("172.19.2.0/24", "198.18.0.4")];
        await eventually(() => expect(own().sort()).toEqual(both));
        nodes(node("c", "172.19.2.0/24", "198.18.0.4"));
        await eventually(() => expect(own()).toEqual([to("172.19.2.0/24", "198.18.0.4")]));

        fs.appendFileSync(at("routes"), "172.20.0.0/16 via 10.0.2.2 dev other proto 3\n");
        running?.child.kill("SIGTERM");
        expect((await running?.ended)?.code).toBe(0);
        expect(lines("routes")).toEqual(["172.20.0.0/16 via 10.0.2.2 dev other proto 3"]);
        expect(lines("rules")).toEqual([]);
    });

    test("a node that is elsewhere is said once, and keeps none from being one", async () => {
        nodes(node("b", "172.19.1.0/24", "10.0.2.15"), node("c", "172.19.2.0/24", "198.18.0.4"));
        start();
        await eventually(() => expect(fs.existsSync(at("followed"))).toBe(true));
        expect(own()).toEqual([to("172.19.2.0/24", "198.18.0.4")]);
        const asked = () => lines("asked").length;
        const before = asked();
        await eventually(() => expect(asked()).toBeGreaterThan(before + 2));
        running?.child.kill("SIGTERM");
        const said = (await running?.ended)?.stderr ?? "";
        expect(said.match(/cannot be reached at 10\.0\.2\.15/g)).toHaveLength(1);
    });

    test("while nobody answers routes stay; one that was killed leaves none that its successor does not know", async () => {
        nodes(node("b", "172.19.1.0/24", "198.18.0.3"));
        start();
        await eventually(() => expect(own()).toHaveLength(1));
        fs.rmSync(at("nodes"));
        const asked = lines("asked").length;
        await eventually(() => expect(lines("asked").length).toBeGreaterThan(asked + 3));
        expect(own()).toEqual([to("172.19.1.0/24", "198.18.0.3")]);
        running?.child.kill("SIGKILL");
        await running?.ended;
        nodes(node("c", "172.19.2.0/24", "198.18.0.4"));
        start();
        await eventually(() => expect(own()).toEqual([to("172.19.2.0/24", "198.18.0.4")]));
        expect(lines("rules")).toHaveLength(1);
    });

    describe("a host that is to join", () => {
        const look = (more: Record<string, string>) =>
            runScript(
                "cluster/node-network",
                { ...values(), KUBEDEV_DIR: at("n-node"), ...more },
                { shell },
            );

        test("has its address, and reaches the API server", async () => {
            nodes();
            const found = { KUBEDEV_ADDRESS: "198.18.0.2", KUBEDEV_SERVER: "198.18.0.2:6443" };
            expect(await look(found)).toMatchObject({ code: 0, stderr: "" });
            expect(lines("asked").join("\n")).toContain("https://198.18.0.2:6443/livez");
        });

        test("is refused without the address, in words that say which it has", async () => {
            const ran = await look({
                KUBEDEV_ADDRESS: "198.18.0.20",
                KUBEDEV_SERVER: "127.0.0.1:1",
            });
            expect(ran.code).not.toBe(0);
            expect(ran.stderr).toContain("this host has no address 198.18.0.20; got 198.18.0.2/20");
            expect(fs.existsSync(at("asked"))).toBe(false);
        });

        test("by a tunnel asks nobody before it is there", async () => {
            const tunnel = { KUBEDEV_ADDRESS: "198.18.0.2", KUBEDEV_SERVER: "127.0.0.1:6443" };
            expect(await look(tunnel)).toMatchObject({ code: 0 });
            expect(fs.existsSync(at("asked"))).toBe(false);
        });
    });
});
