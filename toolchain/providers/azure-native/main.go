// Command pulumi-resource-azure-native is the drop-in for the `azure-native` plugin: a stand-in for Azure, for previews and
// tests. Nothing is made anywhere.
package main

import (
	"kubedev.dev/toolchain/providers/azure-native/provider"
	"kubedev.dev/toolchain/providers/base"
)

// version is the real plugin's whose place this takes; set by -ldflags "-X main.version=...".
var version = "3.28.0"

func main() {
	base.Main("azure-native", version, provider.New(version))
}
