// Command pulumi-resource-kubernetes is the drop-in for the `kubernetes` plugin, for machines that
// can reach package mirrors only.
package main

import (
	"kubedev.dev/toolchain/providers/base"
	"kubedev.dev/toolchain/providers/kubernetes/provider"
)

// version is the real plugin's whose place this takes; set by -ldflags "-X main.version=...".
var version = "4.34.2"

func main() {
	base.Main("kubernetes", version, provider.New(version))
}
