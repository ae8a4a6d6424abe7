/** Scratch directories of tests. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/**
 * A new empty directory whose name begins so; no part of its path is a symbolic link. Who makes it removes it;
 * test/leftovers looks whether that was done.
 */
export function scratchDir(prefix: string): string {
    const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), prefix));
    const list = process.env["KUBEDEV_TEST_SCRATCH"];
    if (list !== undefined) {
        fs.appendFileSync(list, `${dir}\n`);
    }
    return dir;
}
