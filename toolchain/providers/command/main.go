// Command pulumi-resource-command is the drop-in for the `command` plugin, for machines that can
// reach package mirrors only.
package main

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"

	"kubedev.dev/toolchain/providers/base"
	"kubedev.dev/toolchain/providers/command/local"
	"kubedev.dev/toolchain/providers/command/remote"
)

// version is the real plugin's whose place this takes; set by -ldflags "-X main.version=...".
var version = "1.2.1"

func main() {
	base.DropIn{
		Name:    "command",
		Version: version,
		Options: infer.Options{
			Metadata: schema.Metadata{
				DisplayName: "Command (kubedev drop-in)",
				Description: "Drop-in for the types of the command plugin that kubedev uses.",
				License:     "Apache-2.0",
			},
			Resources: []infer.InferredResource{
				infer.Resource(&local.Command{}),
				infer.Resource(&remote.Command{}),
				infer.Resource(&remote.CopyToRemote{}),
			},
			Functions: []infer.InferredFunction{
				infer.Function(&local.Run{}),
			},
		},
	}.Main()
}
