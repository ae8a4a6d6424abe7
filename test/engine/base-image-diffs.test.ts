/**
 * The diff table in docs/base-image.md for images that are given as files, and that in docs/virtual-machine.md as far as
 * cloud-init makes a difference, read from previews; nothing boots.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";

const program = (
    args: string,
    cloudArgs = 'userData: "#!/bin/sh\\n"',
    cloudImage = "cloudInit: true",
) => `
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const at = (name: string) => path.join(__dirname, name);
const image = new kubedev.BaseImage("image", ${args});
new kubedev.VirtualMachine("machine", { baseImage: image.files, running: false });
const cloud = new kubedev.BaseImage("cloud", { disk: { path: at("a.qcow2") }, ${cloudImage} });
new kubedev.VirtualMachine("node", { baseImage: cloud.files, running: false, ${cloudArgs} });
`;
const given = `{ disk: { path: at("a.qcow2") }, kernel: { path: at("kernel") }, initrd: { path: at("initrd") } }`;
const replaced = {
    "image-base-image": "replace",
    "machine-disk": "replace",
    "machine-machine": "replace",
    "machine-ready": "replace",
};

let stack: ScratchStack;

beforeAll(async () => {
    stack = await ScratchStack.create({ program: program(given), project: "base-image" });
    const image = (format: string, name: string, mib: number) =>
        execFileSync("qemu-img", [
            "create",
            "-q",
            "-f",
            format,
            path.join(stack.dir, name),
            `${mib}M`,
        ]);
    image("qcow2", "a.qcow2", 64);
    image("qcow2", "b.qcow2", 65);
    image("raw", "c.raw", 64);
    fs.copyFileSync(path.join(stack.dir, "a.qcow2"), path.join(stack.dir, "copy.qcow2"));
    for (const name of ["kernel", "kernel-2", "initrd", "initrd-2"]) {
        stack.write(name, name);
    }
    await stack.up();
}, 180_000);

afterAll(async () => {
    await stack.dispose();
}, 120_000);

/** A preview with other arguments of the machine on an image with cloud-init, and what it does there. */
async function cloudPreview(args: string, image?: string) {
    stack.program(program(given, args, image));
    const preview = await stack.preview();
    const names = ["cloud-base-image", "node-disk", "node-machine", "node-ready"];
    const steps = Object.entries(preview.ops()).filter(([name]) => names.includes(name));
    return { preview, steps: Object.fromEntries(steps) };
}
const script = 'userData: "#!/bin/sh\\n"';
const restarted = { "node-machine": "replace", "node-ready": "replace" };

test.each([
    ["userData", 'userData: "#!/bin/sh\\necho\\n"'],
    ["hostname", `${script}, hostname: "other"`],
    ["mac", `${script}, mac: "52:54:00:00:00:01"`],
])("with cloud-init, %s: provisioned anew on a new disk", async (field, args) => {
    const { preview, steps: made } = await cloudPreview(args);
    expect(made).toEqual({ "node-disk": "replace", ...restarted });
    const told = Object.keys(preview.step("node-disk").detailedDiff ?? {});
    expect(told.filter((name) => name.startsWith("triggers"))).toEqual([`triggers[0].${field}`]);
});

test("with cloud-init, loginKey: restart, the disk is kept", async () => {
    const key = 'loginKey: new kubedev.SshKeyPair("other", {}).files';
    expect((await cloudPreview(`${script}, ${key}`)).steps).toEqual(restarted);
});

test("cloudInit false: image and disk are replaced", async () => {
    expect((await cloudPreview("", "cloudInit: false")).steps).toEqual({
        "cloud-base-image": "replace",
        "node-disk": "replace",
        ...restarted,
    });
});

test.each([
    ["user data without cloud-init", script, "", "Take a BaseImage with cloudInit: true"],
    [
        "user data that cloud-init ignores",
        'userData: pulumi.output("git")',
        undefined,
        'userData: got "git"; expected text that begins with one of #cloud-config',
    ],
    [
        "a secret one",
        'userData: pulumi.secret("git")',
        undefined,
        "userData: got a secret; expected text that begins with",
    ],
    [
        "kernel parameters for a boot loader",
        'kernelParameters: ["a=b"]',
        undefined,
        "kernelParameters: got some for an image that is started by its own boot loader",
    ],
])("refused: %s", async (_what, args, image, message) => {
    stack.program(program(given, args, image));
    const { errors } = await stack.preview({ expectFailure: true });
    expect(errors.join("\n")).toContain(message);
});

/** What a preview with other arguments does to the image and what stands on it. */
async function steps(args: string): Promise<Record<string, string>> {
    stack.program(program(args));
    const ops = (await stack.preview()).ops();
    return Object.fromEntries(Object.entries(ops).filter(([name]) => name in replaced));
}

test("nothing changed: nothing to do", async () => {
    expect(await steps(given)).toEqual({});
});

test.each([
    ["disk", given.replace("a.qcow2", "b.qcow2")],
    ["kernel", given.replace('"kernel"', '"kernel-2"')],
    ["initrd", given.replace('"initrd"', '"initrd-2"')],
    [
        "format",
        given
            .replace("{ disk", "{ format: kubedev.DiskFormat.Raw, disk")
            .replace("a.qcow2", "c.raw"),
    ],
])("another %s: image and disk are replaced, the keys are not", async (_name, args) => {
    expect(await steps(args)).toEqual(replaced);
    const { steps: all } = await stack.preview();
    const keys = all.filter(({ name }) => name.endsWith("-key-pair"));
    expect(keys.map(({ op }) => op)).toEqual(keys.map(() => "same"));
    expect(keys.length).toBe(4);
});

test("the same file from another path: in place", async () => {
    const ops = await steps(given.replace("a.qcow2", "copy.qcow2"));
    expect(Object.values(ops)).not.toContain("replace");
});

test("its files are gone: it is made anew, and so are disks on it", async () => {
    const kept = path.join(stack.stateHome, "kubedev/base-image/test/image-base-image/disk");
    fs.renameSync(kept, `${kept}.away`);
    expect(await steps(given)).toEqual(replaced);
    fs.renameSync(`${kept}.away`, kept);
    expect(await steps(given)).toEqual({});
});

// The artifacts are fetched anew, and the image's triggers take their digests from the resources that are replaced.
test("the cache is emptied: the image and disks on it are left alone", async () => {
    fs.rmSync(path.join(stack.cacheHome, "kubedev"), { recursive: true, force: true });
    const { changed } = await stack.preview();
    // The given files are fetched anew; the image is looked at in place, which does nothing.
    const lost = changed.filter(({ op, name }) => op.includes("replace") && name in replaced);
    expect(lost.map(({ name }) => name)).toEqual([]);
});
