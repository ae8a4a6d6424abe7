package provider

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
	"kubedev.dev/toolchain/providers/kubernetes/readiness"
)

// read tells what became of an object, for a refresh, an import and the SDK's get. An empty answer
// says that it is gone.
func (d *dropIn) read(ctx context.Context, r p.ReadRequest) (p.ReadResponse, error) {
	gvk, err := d.kind(r.Urn)
	if err != nil {
		return p.ReadResponse{}, err
	}
	namespace, name := manifest.ParseID(r.ID)
	if name == "" {
		return p.ReadResponse{}, fmt.Errorf("the id %q is none of a %s: expected namespace/name or name", r.ID, gvk.Kind)
	}
	connection, err := d.cluster.Connect(ctx)
	if err != nil {
		return p.ReadResponse{}, d.dropUnreachable(ctx, err)
	}
	live, err := connection.Get(ctx, gvk, namespace, name)
	switch {
	case apierrors.IsNotFound(err) || cluster.IsNoKind(err):
		return p.ReadResponse{}, nil
	case err != nil:
		return p.ReadResponse{}, fmt.Errorf("reading %s %s: %w", gvk.Kind, r.ID, err)
	}
	state, err := manifest.ReadState(r.Properties)
	if err != nil {
		return p.ReadResponse{}, err
	}
	state.Live = live
	if state.FieldManager == "" {
		state.InitialAPIVersion = gvk.GroupVersion().String()
		state.FieldManager, err = resource.NewUniqueName(nil, "pulumi-kubernetes-", 0, 0, nil)
		if err != nil {
			return p.ReadResponse{}, err
		}
	}
	previous, err := manifest.FromProperties(r.Inputs)
	if err != nil {
		return p.ReadResponse{}, err
	}
	found := manifest.Importable(live)
	if len(previous) > 0 {
		found = manifest.LiveInputs(live, previous)
	}
	inputs := manifest.MarkSecrets(manifest.ToProperties(found), r.Inputs)
	err = unready(live)
	return p.ReadResponse{
		ID: manifest.ID(live), Inputs: inputs, Properties: state.Properties(inputs),
		PartialState: unfinished(err),
	}, err
}

// unready is the error of an object that is not ready, by which the next run waits for it again.
func unready(live manifest.Object) error {
	if manifest.Annotation(live, manifest.SkipAwait) == "true" {
		return nil
	}
	state, err := readiness.StateOf(live)
	if err != nil || state.Ready {
		return err
	}
	return fmt.Errorf("%s %s is not ready: %s", live["kind"], manifest.ID(live), state.Message)
}

// dropUnreachable is nil where the settings say that what cannot be reached is gone.
func (d *dropIn) dropUnreachable(ctx context.Context, err error) error {
	if d.cluster.DeleteUnreachable {
		p.GetLogger(ctx).Warningf("%v. It is taken for gone: deleteUnreachable is on", err)
		return nil
	}
	return fmt.Errorf("%w. If the cluster is gone for good, PULUMI_K8S_DELETE_UNREACHABLE=true "+
		"(or deleteUnreachable of the provider) takes its objects out of the state", err)
}
