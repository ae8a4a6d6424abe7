import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { preflight } from "../host/preflight";
import { PerRun } from "../host/scope";
import { stateRoot } from "../internal/paths";

/** The machine that runs Pulumi, once it has what QEMU machines need: a preview without it says what is missing. */
export function machineHost(): pulumi.Output<Host> {
    return checkedHost.get();
}

const checkedHost = new PerRun(() =>
    preflight(
        {},
        {
            tools: [
                // -blockdev with discard, and credentials by fw_cfg, as they are used here.
                {
                    program: "qemu-system-x86_64",
                    package: "qemu-system-x86",
                    minVersion: "6.2",
                },
                { program: "qemu-img", package: "qemu-utils" },
                { program: "socat", package: "socat" },
                { program: "jq", package: "jq" },
                { program: "flock", package: "util-linux" },
                { program: "ssh", package: "openssh-client" },
            ],
            // A running machine writes to its disk; a full file system stops it.
            spaces: [{ path: stateRoot(), freeMib: 1024 }],
        },
    ),
);

/** The same, once it has what the seed of cloud-init is made with: for machines whose image has it, and them alone. */
export function seedTools(): pulumi.Output<Host> {
    return preflight({}, { tools: [{ program: "xorrisofs", package: "xorriso" }] });
}
