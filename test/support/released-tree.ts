/**
 * A tree that `kind build node-image` takes for one of Kubernetes: a Go workspace of its shape, whose `make
 * quick-release-images` compiles nothing but takes the programs and images of a node image, and adds to the kubelet what an
 * edit of cmd/kubelet/main.go has changed. hack/node-image says which image.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { makeWorkspace, smallScale } from "./go-workspace";

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const releaseScript = `#!/bin/sh
set -eu
programs=_output/dockerized/bin/linux/${arch} images=_output/release-images/${arch}
if [ -e hack/broken ]; then
    cat hack/broken
    exit 1
fi
# What is taken once is kept, as make keeps what it built.
if [ ! -e _output/taken ]; then
    rm -rf _output
    mkdir -p "$programs" "$images" _output/taken.new
    node=$(docker run -d --entrypoint sleep "$(cat hack/node-image)" 600)
    trap 'docker rm -f -v "$node" >/dev/null' EXIT
    for name in kubeadm kubelet kubectl; do docker cp "$node:/usr/bin/$name" "$programs/$name"; done
    cp "$programs/kubelet" _output/taken.new/kubelet
    docker exec -d "$node" containerd --log-level error
    until docker exec "$node" ctr version >/dev/null 2>&1; do sleep 0.2; done
    ctr() { docker exec "$node" ctr -n k8s.io images "$@"; }
    for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
        # As Kubernetes names what it builds.
        ctr tag "registry.k8s.io/$name:v1.36.1" "registry.k8s.io/$name-${arch}:v1.36.1" >/dev/null
        # Not by standard output, of which docker exec was seen to lose the end.
        ctr export "/tmp/$name.tar" "registry.k8s.io/$name-${arch}:v1.36.1"
        docker cp "$node:/tmp/$name.tar" "$images/"
    done
    mv _output/taken.new _output/taken
fi
cat _output/taken/kubelet cmd/kubelet/main.go >"$programs/kubelet"
`;

/** Makes it in an empty directory. */
export function makeReleasedTree(tree: string): void {
    makeWorkspace(tree, smallScale);
    writeIn(tree, "hack/print-workspace-status.sh", "#!/bin/sh\necho gitVersion v1.36.1\n");
    writeIn(tree, "hack/release.sh", releaseScript);
    fs.appendFileSync(
        path.join(tree, "Makefile"),
        "\n.PHONY: quick-release-images\nquick-release-images:\n\thack/release.sh\n",
    );
}

/** The kubelet that its last build made. */
export const kubeletOf = (tree: string) =>
    path.join(tree, `_output/dockerized/bin/linux/${arch}/kubelet`);

function writeIn(tree: string, name: string, text: string): void {
    fs.writeFileSync(path.join(tree, name), text, { mode: 0o755 });
}
