/**
 * Order of test files: two run at a time, and a long one that begins last runs alone. Those that take minutes are named,
 * the longest first, but so that files with a container engine, which wait for each other, do not begin together; the
 * others follow by their size, as jest has it.
 */
const { default: Sequencer } = require("@jest/test-sequencer");

const minutes = [
    "machine/kind",
    "machine/source-in-guest",
    "machine/cluster-node",
    "machine/azure-linux-agent",
    "machine/virtual-machine-life",
    "machine/kind-addons",
    "machine/addons",
    "machine/virtual-machine-diffs",
    "machine/foreign-image",
    "machine/kubeadm",
    "machine/consumers",
    "machine/machine-faults",
    "machine/local-kvm",
    "machine/cluster",
    "machine/kind-remote",
    "machine/binary-swap",
    "machine/azure-windows-swap",
    "machine/host-shares",
    "machine/debug-session",
    "machine/binary-rollout",
    "machine/host-network",
    "machine/warm-start",
    "machine/windows-service",
    "machine/windows-host",
    "machine/kind-source",
    "machine/kubernetes-lifecycle",
    "machine/kubernetes-await",
    "machine/program-image",
    "machine/swap-faults",
    "engine/package-add",
    "engine/upgrade",
    "engine/dependency-matrix",
];

module.exports = class SlowestFirst extends Sequencer {
    sort(tests) {
        const rank = ({ path }) => {
            const at = minutes.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
            return at === -1 ? minutes.length : at;
        };
        // Stable: equals stay as they are.
        return super.sort(tests).sort((a, b) => rank(a) - rank(b));
    }
};
