package provider

import (
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// remove deletes the object and waits until it is gone; one that is gone already is fine.
func (d *dropIn) remove(ctx context.Context, r p.DeleteRequest) error {
	gvk, err := d.kind(r.Urn)
	if err != nil {
		return err
	}
	connection, err := d.cluster.Connect(ctx)
	if err != nil {
		return d.dropUnreachable(ctx, err)
	}
	namespace, name := manifest.ParseID(r.ID)
	live, err := connection.Get(ctx, gvk, namespace, name)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting %s %s: %w", gvk.Kind, r.ID, err)
	}
	state, err := manifest.ReadState(r.Properties)
	if err != nil {
		return err
	}
	uid := uidOf(live)
	err = connection.Delete(ctx, live, types.UID(uid), propagation(state.Live))
	if isGone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting %s %s: %w", gvk.Kind, r.ID, err)
	}
	if mayLeaveEarly(gvk) && manifest.Annotation(state.Live, manifest.SkipAwait) == "true" {
		return nil
	}
	if err := watched(ctx, connection, live, state.Live, r.Timeout).Gone(ctx, uid); err != nil {
		return err
	}
	if gvk.Kind == "CustomResourceDefinition" {
		connection.Forget()
	}
	return nil
}

// mayLeaveEarly tells for which kinds skipAwait counts for a delete too, as in the real plugin. What
// else there is, is waited for in any case.
func mayLeaveEarly(gvk schema.GroupVersionKind) bool {
	switch gvk.Group + "/" + gvk.Kind {
	case "/Namespace", "/Pod", "apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/Job":
		return true
	default:
		return false
	}
}

func isGone(err error) bool { return apierrors.IsNotFound(err) || cluster.IsNoKind(err) }

func uidOf(live manifest.Object) string {
	metadata, _ := live["metadata"].(manifest.Object)
	uid, _ := metadata["uid"].(string)
	return uid
}

// propagation says what becomes of the object's dependents: they go first, unless an annotation says
// otherwise.
func propagation(live manifest.Object) metav1.DeletionPropagation {
	switch strings.ToLower(manifest.Annotation(live, manifest.DeletionPropagation)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}
