package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/apimachinery/pkg/util/yaml"

	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// decodeToken is the function behind the SDK's yaml.ConfigFile and yaml.ConfigGroup.
const decodeToken = "kubernetes:yaml:decode"

func (d *dropIn) invoke(ctx context.Context, r p.InvokeRequest) (p.InvokeResponse, error) {
	if string(r.Token) != decodeToken {
		return p.InvokeResponse{}, d.refuse(string(r.Token))
	}
	text := r.Args.Get("text")
	if !text.IsString() {
		return p.InvokeResponse{Failures: []p.CheckFailure{{Property: "text", Reason: "a text of YAML or JSON is wanted"}}}, nil
	}
	namespace := d.cluster.Namespace
	if given := r.Args.Get("defaultNamespace"); given.IsString() && given.AsString() != "" {
		namespace = given.AsString()
	}
	objects, err := decode(text.AsString())
	if err != nil {
		return p.InvokeResponse{}, err
	}
	list := make([]property.Value, 0, len(objects))
	for _, object := range objects {
		scope := kinds.ClusterWide
		if namespace != "" {
			scope = d.scope(ctx, manifest.GVK(object))
		}
		if scope != kinds.ClusterWide {
			object = placed(object, scope, namespace)
		}
		list = append(list, property.New(manifest.ToProperties(object)))
	}
	result := property.NewMap(map[string]property.Value{
		"result": property.New(list).WithSecret(text.Secret()),
	})
	return p.InvokeResponse{Return: result}, nil
}

// decode reads the objects of a YAML or JSON text. Documents that are none, being empty or without a
// kind, are left out.
func decode(text string) ([]manifest.Object, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var objects []manifest.Object
	for number := 1; ; number++ {
		var object manifest.Object
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d of the YAML: %w", number, err)
		}
		if gvk := manifest.GVK(object); gvk.Kind != "" && gvk.Version != "" {
			objects = append(objects, object)
		}
	}
}
