package cluster

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// Scope of a kind: what is known of it, else what the server says.
func (c *Connection) Scope(gvk schema.GroupVersionKind) (kinds.Scope, error) {
	if scope := kinds.ScopeOf(gvk); scope != kinds.ScopeUnknown {
		return scope, nil
	}
	mapping, err := c.mapping(gvk)
	switch {
	case err != nil:
		return kinds.ScopeUnknown, err
	case mapping.Scope.Name() == meta.RESTScopeNameNamespace:
		return kinds.Namespaced, nil
	default:
		return kinds.ClusterWide, nil
	}
}

func (c *Connection) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if IsNoKind(err) {
		// Its definition may be younger than what is remembered of the server.
		c.Forget()
		return c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

// endpoint is where objects of the kind are, in this namespace if they live in one.
func (c *Connection) endpoint(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(gvk)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.client.Resource(mapping.Resource), nil
	}
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.client.Resource(mapping.Resource).Namespace(namespace), nil
}

// Get the object of this name.
func (c *Connection) Get(
	ctx context.Context, gvk schema.GroupVersionKind, namespace, name string,
) (manifest.Object, error) {
	endpoint, err := c.endpoint(gvk, namespace)
	if err != nil {
		return nil, err
	}
	found, err := endpoint.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return found.Object, nil
}

// List objects by labels and by fields, where given.
func (c *Connection) List(
	ctx context.Context, gvk schema.GroupVersionKind, namespace string, options metav1.ListOptions,
) ([]manifest.Object, error) {
	endpoint, err := c.endpoint(gvk, namespace)
	if err != nil {
		return nil, err
	}
	found, err := endpoint.List(ctx, options)
	if err != nil {
		return nil, err
	}
	var all []manifest.Object
	for _, item := range found.Items {
		all = append(all, item.Object)
	}
	return all, nil
}

// Apply makes or changes the object by server-side apply; the fields belong to the manager then. A
// dry run only says what would come of it.
func (c *Connection) Apply(
	ctx context.Context, object manifest.Object, manager string, dryRun bool,
) (manifest.Object, error) {
	gvk := manifest.GVK(object)
	endpoint, err := c.endpoint(gvk, manifest.Namespace(object))
	if err != nil {
		return nil, err
	}
	scope, err := c.Scope(gvk)
	if err != nil {
		return nil, err
	}
	if scope == kinds.ClusterWide {
		// A custom resource whose definition came later than its inputs may have one too many.
		object = manifest.WithoutMetadata(object, "namespace")
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	force := strings.EqualFold(manifest.Annotation(object, manifest.PatchForce), "true")
	options := metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationWarn,
	}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	applied, err := endpoint.Patch(ctx, manifest.Name(object), types.ApplyPatchType, body, options)
	if err != nil {
		return nil, conflict(object, err)
	}
	return applied.Object, nil
}

// Delete the object if it is still the one with this uid. Its dependents go first, last or never.
func (c *Connection) Delete(
	ctx context.Context, object manifest.Object, uid types.UID, propagation metav1.DeletionPropagation,
) error {
	endpoint, err := c.endpoint(manifest.GVK(object), manifest.Namespace(object))
	if err != nil {
		return err
	}
	return endpoint.Delete(ctx, manifest.Name(object), metav1.DeleteOptions{
		PropagationPolicy: &propagation, Preconditions: &metav1.Preconditions{UID: &uid},
	})
}
