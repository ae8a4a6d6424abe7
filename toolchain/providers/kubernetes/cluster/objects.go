package cluster

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"

	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// clientSideManager is under which the real plugin creates objects.
const clientSideManager = "pulumi-kubernetes"

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
	endpoint, err := c.endpoint(manifest.GVK(object), manifest.Namespace(object))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	force := strings.EqualFold(manifest.Annotation(object, manifest.PatchForce), "true")
	options := metav1.PatchOptions{
		FieldManager: manager, Force: &force, FieldValidation: metav1.FieldValidationStrict,
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

// TakeOver gives this manager the fields that the real plugin wrote when it created the object: it
// does that by another request than apply, so an apply would be in conflict with it.
func (c *Connection) TakeOver(ctx context.Context, live manifest.Object, manager string) error {
	object := &unstructured.Unstructured{Object: live}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(object, sets.New(clientSideManager), manager)
	if err != nil || patch == nil {
		return err
	}
	endpoint, err := c.endpoint(object.GroupVersionKind(), object.GetNamespace())
	if err != nil {
		return err
	}
	_, err = endpoint.Patch(ctx, object.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
	return err
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

// NeedsTakeOver tells whether TakeOver has something to do for the object.
func NeedsTakeOver(live manifest.Object) bool {
	object := &unstructured.Unstructured{Object: live}
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == clientSideManager && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == "" {
			return true
		}
	}
	return false
}
