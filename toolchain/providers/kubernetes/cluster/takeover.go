package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// clientSideManager is under which the real plugin creates objects.
const clientSideManager = "pulumi-kubernetes"

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

// TakeOver gives this manager the fields that the real plugin wrote when it created the object: it
// does that by another request than apply, so an apply would be in conflict with it. It answers the
// object as it is then.
func (c *Connection) TakeOver(ctx context.Context, live manifest.Object, manager string) (manifest.Object, error) {
	object := &unstructured.Unstructured{Object: live}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(object, sets.New(clientSideManager), manager)
	if err != nil || patch == nil {
		return live, err
	}
	endpoint, err := c.endpoint(object.GroupVersionKind(), object.GetNamespace())
	if err != nil {
		return nil, err
	}
	taken, err := endpoint.Patch(ctx, object.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return nil, err
	}
	return taken.Object, nil
}
