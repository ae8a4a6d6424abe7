package provider

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// check completes the inputs: kind, name, namespace. It needs no cluster for the built-in kinds.
func (d *dropIn) check(ctx context.Context, r p.CheckRequest) (p.CheckResponse, error) {
	gvk, err := d.kind(r.Urn)
	if err != nil {
		return p.CheckResponse{}, err
	}
	inputs, err := manifest.FromProperties(r.Inputs)
	if err != nil {
		return p.CheckResponse{}, err
	}
	previous, err := manifest.FromProperties(r.State)
	if err != nil {
		return p.CheckResponse{}, err
	}
	failures := faults(inputs, gvk)
	object, err := named(manifest.WithoutServerFields(inputs), previous, r)
	if err != nil {
		return p.CheckResponse{}, err
	}
	object["apiVersion"], object["kind"] = gvk.GroupVersion().String(), gvk.Kind
	object = placed(object, d.scope(ctx, gvk), d.cluster.Namespace)
	checked := manifest.MarkSecrets(manifest.ToProperties(object), r.Inputs)
	return p.CheckResponse{Inputs: checked, Failures: failures}, nil
}

// faults are what cannot be served in the inputs.
func faults(inputs manifest.Object, gvk schema.GroupVersionKind) []p.CheckFailure {
	var all []p.CheckFailure
	expect := func(key, want string) {
		if got, ok := inputs[key].(string); ok && got != want {
			all = append(all, p.CheckFailure{Property: key, Reason: fmt.Sprintf("%q, expected %q", got, want)})
		}
	}
	expect("apiVersion", gvk.GroupVersion().String())
	expect("kind", gvk.Kind)
	if manifest.GeneratesName(inputs) && !manifest.HasName(inputs) {
		all = append(all, p.CheckFailure{Property: "metadata.generateName", Reason: "server-side apply cannot " +
			"let the server make a name; leave it out and the plugin makes one"})
	}
	for _, key := range manifest.Unsupported {
		if manifest.Annotation(inputs, key) != "" {
			all = append(all, p.CheckFailure{
				Property: fmt.Sprintf("metadata.annotations[%q]", key),
				Reason:   "the drop-in does not know this annotation; leave it out, or install the real plugin",
			})
		}
	}
	return all
}

// named gives an object without a name the one it had, else a new one, and marks it as the plugin's.
func named(inputs, previous manifest.Object, r p.CheckRequest) (manifest.Object, error) {
	switch {
	case manifest.HasName(inputs):
		return inputs, nil
	case manifest.IsAutonamed(previous):
		return manifest.WithAutoname(inputs, manifest.Name(previous)), nil
	}
	// 8 hexadecimal digits after the name of the resource, as the real plugin has it.
	name, err := resource.NewUniqueName(r.RandomSeed, r.Urn.Name()+"-", 0, 0, nil)
	if err != nil {
		return nil, err
	}
	return manifest.WithAutoname(inputs, name), nil
}

// placed puts an object that names no namespace into the provider's, if it is of a kind that lives
// in one, and takes it away from others: manifests often have one too many.
func placed(object manifest.Object, scope kinds.Scope, namespace string) manifest.Object {
	switch {
	case scope == kinds.ClusterWide:
		return manifest.WithoutMetadata(object, "namespace")
	case namespace != "" && !manifest.HasNamespace(object):
		return manifest.WithMetadata(object, "namespace", namespace)
	default:
		return object
	}
}
