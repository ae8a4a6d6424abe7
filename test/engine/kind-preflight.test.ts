/** What a host cannot do for kind ends a preview, before anything is touched. */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";

let stack: ScratchStack;
beforeEach(async () => {
    stack = await ScratchStack.create({ program: "export {};\n" });
});
afterEach(() => stack.dispose());

/** A docker whose engine does not run. */
function deadEngine(): Record<string, string> {
    const file = stack.write("bin/docker", '#!/bin/sh\necho "Cannot connect" >&2\nexit 1\n');
    fs.chmodSync(file, 0o755);
    return { PATH: `${path.dirname(file)}:${stack.env["PATH"] ?? ""}` };
}
const failure = async (program: string) => {
    stack.program(`import * as kubedev from "${library}";\n${program}`);
    const { errors } = await stack.preview({ env: deadEngine(), expectFailure: true });
    return errors.join("\n");
};

test("an engine that does not run, and the way past it", async () => {
    const said = await failure(
        'new kubedev.KindCluster("c", { image: "kubedev/node:v1", kindPath: "/usr/bin/kind" });',
    );
    expect(said).toContain(
        "KindCluster c on this machine: the container engine does not answer: Cannot connect; start it (systemctl start docker), or take a ContainerEngine",
    );
});
