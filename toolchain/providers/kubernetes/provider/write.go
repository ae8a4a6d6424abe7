package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
	"kubedev.dev/toolchain/providers/kubernetes/readiness"
)

// begin reads what is wanted and connects. Where the connection is nil, a dry run can show no more than the inputs.
func (d *dropIn) begin(
	ctx context.Context, urn resource.URN, properties property.Map, dryRun bool,
) (schema.GroupVersionKind, manifest.Object, *cluster.Connection, error) {
	gvk, err := d.kind(urn)
	if err != nil {
		return gvk, nil, nil, err
	}
	inputs, err := manifest.FromProperties(properties)
	if err != nil || dryRun && manifest.HasUnknown(inputs) {
		return gvk, inputs, nil, err
	}
	connection, err := d.cluster.Connect(ctx)
	if err != nil && dryRun {
		d.offline(ctx, err)
		return gvk, inputs, nil, nil
	}
	return gvk, inputs, connection, err
}

// create applies an object that is not there yet and waits until it is ready. One that is there is
// somebody else's: it takes an import.
func (d *dropIn) create(ctx context.Context, r p.CreateRequest) (p.CreateResponse, error) {
	asInputs := p.CreateResponse{Properties: r.Properties}
	gvk, inputs, connection, err := d.begin(ctx, r.Urn, r.Properties, r.DryRun)
	switch {
	case err != nil:
		return p.CreateResponse{}, err
	case connection == nil:
		return asInputs, nil
	}
	manager, err := resource.NewUniqueName(nil, "pulumi-kubernetes-", 0, 0, nil)
	if err != nil {
		return p.CreateResponse{}, err
	}
	live, err := makeNew(ctx, connection, inputs, manager, r.DryRun)
	if err != nil {
		if r.DryRun && !refusesObject(err) {
			return asInputs, nil
		}
		return p.CreateResponse{}, fmt.Errorf("creating %s %s: %w", gvk.Kind, manifest.ID(inputs), err)
	}
	if r.DryRun {
		shown := manifest.ToProperties(manifest.Previewed(live, inputs))
		return p.CreateResponse{Properties: manifest.MarkSecrets(shown, r.Properties)}, nil
	}
	live, err = await(ctx, connection, inputs, live, r.Timeout)
	state := manifest.State{Live: live, FieldManager: manager, InitialAPIVersion: gvk.GroupVersion().String()}
	return p.CreateResponse{
		ID: manifest.ID(live), Properties: state.Properties(r.Properties), PartialState: unfinished(err),
	}, err
}

// errExists is the refusal to take what is not ours.
var errExists = errors.New("it exists already. Import it (pulumi import, or the option import), " +
	"give this one another name, or delete it")

// makeNew tries again while what the object needs, its namespace or its kind, is still being made.
func makeNew(
	ctx context.Context, c *cluster.Connection, inputs manifest.Object, manager string, dryRun bool,
) (manifest.Object, error) {
	const tries = 6
	pause := 500 * time.Millisecond
	for try := 1; ; try++ {
		live, err := makeOnce(ctx, c, inputs, manager, dryRun)
		missing := apierrors.IsNotFound(err) || cluster.IsNoKind(err)
		if !missing || dryRun || try == tries {
			return live, err
		}
		p.GetLogger(ctx).InfoStatusf("waiting for what it needs: %v", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
		pause *= 2
	}
}

func makeOnce(
	ctx context.Context, c *cluster.Connection, inputs manifest.Object, manager string, dryRun bool,
) (manifest.Object, error) {
	_, err := c.Get(ctx, manifest.GVK(inputs), manifest.Namespace(inputs), manifest.Name(inputs))
	switch {
	case err == nil:
		return nil, errExists
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	return c.Apply(ctx, inputs, manager, dryRun)
}

// refusesObject tells whether a dry run found fault with the object itself. What else it can say, a
// namespace that the same run will make or a webhook that knows no dry run, is no matter.
func refusesObject(err error) bool {
	return apierrors.IsInvalid(err) ||
		apierrors.IsBadRequest(err) && !strings.Contains(err.Error(), "dry run") && !strings.Contains(err.Error(), "dryRun")
}

// update applies the new inputs; an object that was deleted meanwhile is made again by that.
func (d *dropIn) update(ctx context.Context, r p.UpdateRequest) (p.UpdateResponse, error) {
	state, err := manifest.ReadState(r.State)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	asInputs := p.UpdateResponse{Properties: r.Inputs}
	gvk, inputs, connection, err := d.begin(ctx, r.Urn, r.Inputs, r.DryRun)
	switch {
	case err != nil:
		return p.UpdateResponse{}, err
	case connection == nil:
		return asInputs, nil
	}
	live, err := change(ctx, connection, inputs, state.FieldManager, r.IgnoreChanges, r.DryRun)
	if err != nil {
		if r.DryRun && !refusesObject(err) {
			return asInputs, nil
		}
		return p.UpdateResponse{}, fmt.Errorf("updating %s %s: %w", gvk.Kind, manifest.ID(inputs), err)
	}
	if r.DryRun {
		// The status is what the update may change.
		delete(live, "status")
		return p.UpdateResponse{Properties: manifest.MarkSecrets(manifest.ToProperties(live), r.Inputs)}, nil
	}
	state.Live, err = await(ctx, connection, inputs, live, r.Timeout)
	return p.UpdateResponse{Properties: state.Properties(r.Inputs), PartialState: unfinished(err)}, err
}

func change(
	ctx context.Context, c *cluster.Connection, inputs manifest.Object, manager string, ignored []string, dryRun bool,
) (manifest.Object, error) {
	live, err := c.Get(ctx, manifest.GVK(inputs), manifest.Namespace(inputs), manifest.Name(inputs))
	if err != nil {
		// What is gone is made anew by the apply, which also says what else is wrong.
		return c.Apply(ctx, inputs, manager, dryRun)
	}
	if cluster.NeedsTakeOver(live) && !dryRun {
		if live, err = c.TakeOver(ctx, live, manager); err != nil {
			return nil, err
		}
	}
	if inputs, err = manifest.WithIgnored(inputs, live, manager, ignored); err != nil {
		return nil, err
	}
	return c.Apply(ctx, inputs, manager, dryRun)
}

// await waits for readiness; it answers the object as it last was, with an error too.
func await(
	ctx context.Context, c *cluster.Connection, inputs, live manifest.Object, timeoutSeconds float64,
) (manifest.Object, error) {
	if manifest.Annotation(inputs, manifest.SkipAwait) == "true" {
		return live, nil
	}
	last, err := watched(ctx, c, live, inputs, timeoutSeconds).Ready(ctx)
	if last == nil {
		last = live
	}
	if err == nil && live["kind"] == "CustomResourceDefinition" {
		c.Forget()
	}
	return last, err
}

// unfinished marks an object in the state that did not become ready, so that the next run goes on
// with it.
func unfinished(err error) *p.InitializationFailed {
	if err == nil {
		return nil
	}
	return &p.InitializationFailed{Reasons: []string{err.Error()}}
}

func watched(
	ctx context.Context, c *cluster.Connection, object, inputs manifest.Object, timeoutSeconds float64,
) readiness.Watched {
	return readiness.Watched{
		Connection: c, Object: object, Timeout: timeout(timeoutSeconds, inputs),
		Progress: func(missing string) { p.GetLogger(ctx).InfoStatus(missing) },
	}
}

// timeout is that of customTimeouts, else the annotation's.
func timeout(custom float64, inputs manifest.Object) time.Duration {
	if custom > 0 {
		return time.Duration(custom * float64(time.Second))
	}
	seconds, err := strconv.ParseFloat(manifest.Annotation(inputs, manifest.TimeoutSeconds), 64)
	if err != nil || seconds <= 0 {
		return readiness.DefaultTimeout
	}
	return time.Duration(seconds * float64(time.Second))
}
