/** What `test/bench/run peers` reads and writes. */
import { readBytes, readPssKib } from "../bench/peers/process-usage";
import { userData } from "../bench/peers/cloud-guest";
import { vagrantfile } from "../bench/peers/vagrant";
import { Steps } from "../bench/steps";
import { parse } from "yaml";

test("memory with its share of what is shared, not what is only resident", () => {
    const rollup =
        "5581 [rollup]\nRss:  734012 kB\nPss:   731000 kB\nPss_Anon:    700000 kB\nSwapPss:  1 kB\n";
    expect(readPssKib(rollup)).toBe(731_000);
    expect(() => readPssKib("Rss: 1 kB\n")).toThrow(/expected a line .*Pss/);
});

test("what was written to storage, without what was taken back", () => {
    const io = "rchar: 1\nwchar: 22\nread_bytes: 3\nwrite_bytes: 44\ncancelled_write_bytes: 55\n";
    expect(readBytes(io, "write_bytes")).toBe(44);
    expect(readBytes(io, "read_bytes")).toBe(3);
    expect(() => readBytes("", "write_bytes")).toThrow(/expected a line/);
});

test("user data let root in by the key, whatever the texts hold", () => {
    const text = userData('ssh-ed25519 AAAA a"b', "x: #y\n");
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(parse(text)).toEqual({
        disable_root: false,
        users: [{ name: "root", ssh_authorized_keys: ['ssh-ed25519 AAAA a"b'] }],
        write_files: [{ path: "/etc/greeting", content: "x: #y\n" }],
    });
});

test.each([
    ["tcg", "libvirt.driver = 'qemu'", true],
    ["kvm", "libvirt.driver = 'kvm'", false],
] as const)("Vagrant's machine by %s", (accelerator, driver, model) => {
    const text = vagrantfile({ memoryMib: 1280, greeting: "it's", accelerator, dir: "/a b" });
    expect(text).toContain(driver);
    expect(text.includes("libvirt.cpu_model")).toBe(model);
    expect(text).toContain("libvirt.memory = 1280\n");
    expect(text).toContain("private_key_path = '/a b/key'");
    expect(text).toContain("inline: 'echo it\\'s >/etc/greeting'");
});

test("the time of several resources goes from the first begin to the last end", () => {
    const steps = new Steps();
    const now = jest.spyOn(performance, "now");
    const event = (at: number, what: "resourcePreEvent" | "resOutputsEvent", name: string) => {
        now.mockReturnValue(at);
        steps.heard(`${JSON.stringify({ [what]: { metadata: { urn: `urn::${name}` } } })}\n`);
    };
    event(1000, "resourcePreEvent", "a");
    event(1500, "resourcePreEvent", "b");
    event(4000, "resOutputsEvent", "b");
    event(2500, "resOutputsEvent", "a");
    now.mockRestore();
    expect(steps.span(["a", "b"])).toBe(3);
    expect(steps.of("b")).toBe(2.5);
    expect(steps.span(["a", "c"])).toBeNaN();
});
