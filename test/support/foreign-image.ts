/** A disk image that is none of kubedev's making: foreign-image.sh makes it once for this user. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { imageCache } from "./local-kvm";

/** Path of the image, in qcow2. */
export function foreignImage(): string {
    const maker = path.join(__dirname, "foreign-image.sh");
    const digest = createHash("sha256").update(fs.readFileSync(maker)).digest("hex").slice(0, 16);
    const directory = path.join(imageCache()["XDG_CACHE_HOME"] ?? "", "kubedev/test-images");
    const file = path.join(directory, `${digest}.qcow2`);
    if (!fs.existsSync(file)) {
        // Those that earlier makers made.
        fs.rmSync(directory, { recursive: true, force: true });
        fs.mkdirSync(directory, { recursive: true });
        execFileSync("bash", [maker], {
            env: { ...process.env, IMAGE_FILE: file, IMAGE_SUITE: "bookworm" },
            stdio: ["ignore", "ignore", "inherit"],
        });
    }
    return file;
}
