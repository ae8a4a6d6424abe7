// Package provider is the plugin: it answers the engine's questions about resources by asking the
// cluster.
package provider

import (
	"context"
	"errors"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/middleware/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/base"
	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/kinds"
)

type dropIn struct {
	version string
	// cluster is set by Configure, which comes before all that needs it.
	cluster *cluster.Cluster
	// unreachable is said once, not for each resource.
	unreachable sync.Once
}

// New makes the plugin that stands for this version of the real one.
func New(version string) p.Provider {
	d := &dropIn{version: version}
	return cancel.Wrap(base.WithoutComponents("kubernetes", version, p.Provider{
		CheckConfig: d.checkConfig,
		DiffConfig:  d.diffConfig,
		Configure:   d.configure,
		Invoke:      d.invoke,
		Check:       d.check,
		Diff:        d.diff,
		Create:      d.create,
		Read:        d.read,
		Update:      d.update,
		Delete:      d.remove,
	}, d.refuse))
}

func (d *dropIn) refuse(token string) error {
	return base.Refusal("kubernetes", d.version, token, kinds.List())
}

// kind of a resource, or the refusal.
func (d *dropIn) kind(urn resource.URN) (schema.GroupVersionKind, error) {
	gvk, ok := kinds.Parse(string(urn.Type()))
	if !ok {
		return gvk, d.refuse(string(urn.Type()))
	}
	return gvk, nil
}

// scope of a kind; without a cluster to ask, that of a custom resource is unknown.
func (d *dropIn) scope(ctx context.Context, gvk schema.GroupVersionKind) kinds.Scope {
	if scope := kinds.ScopeOf(gvk); scope != kinds.ScopeUnknown {
		return scope
	}
	connection, err := d.cluster.Connect(ctx)
	if err != nil {
		return kinds.ScopeUnknown
	}
	scope, err := connection.Scope(gvk)
	if err != nil {
		return kinds.ScopeUnknown
	}
	return scope
}

// offline says, once, that a preview goes by the inputs alone.
func (d *dropIn) offline(ctx context.Context, err error) {
	d.unreachable.Do(func() {
		p.GetLogger(ctx).Warningf("%v. The preview compares inputs only: what the cluster would refuse "+
			"or fill in is not known", err)
	})
}

func (d *dropIn) checkConfig(_ context.Context, r p.CheckRequest) (p.CheckResponse, error) {
	response := p.CheckResponse{Inputs: r.Inputs}
	for _, wrong := range cluster.CheckSettings(r.Inputs) {
		response.Failures = append(response.Failures, p.CheckFailure{Property: wrong.Setting, Reason: wrong.Reason})
	}
	return response, nil
}

// diffConfig replaces the provider, and with it all its resources, when it leads to another cluster:
// by clusterIdentifier where that is given, else by the server and authority of the kubeconfig.
func (d *dropIn) diffConfig(_ context.Context, r p.DiffRequest) (p.DiffResponse, error) {
	response := p.DiffResponse{DetailedDiff: map[string]p.PropertyDiff{}}
	before := r.OldInputs
	if before.Len() == 0 {
		before = r.State
	}
	changed := changedSettings(before, r.Inputs)
	response.HasChanges = len(changed) > 0
	other := anotherCluster(before, r.Inputs)
	for _, key := range changed {
		kind := p.Update
		if other && (key == "clusterIdentifier" || key == "kubeconfig" || key == "context") {
			kind = p.UpdateReplace
		}
		response.DetailedDiff[key] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return response, nil
}

func changedSettings(before, after property.Map) []string {
	var changed []string
	for _, key := range cluster.SettingNames() {
		if !after.Get(key).Equals(before.Get(key)) {
			changed = append(changed, key)
		}
	}
	return changed
}

func anotherCluster(before, after property.Map) bool {
	oldID, newID := before.Get("clusterIdentifier"), after.Get("clusterIdentifier")
	if oldID.IsString() && (newID.IsString() || newID.IsComputed()) {
		return newID.IsComputed() || oldID.AsString() != newID.AsString()
	}
	for _, key := range []string{"kubeconfig", "context"} {
		if after.Get(key).IsComputed() {
			// What is not known may be another cluster.
			return true
		}
	}
	return !cluster.SameCluster(cluster.ReadSettings(before), cluster.ReadSettings(after))
}

func (d *dropIn) configure(ctx context.Context, r p.ConfigureRequest) error {
	if wrong := cluster.CheckSettings(r.Args); len(wrong) > 0 {
		var all []string
		for _, w := range wrong {
			all = append(all, w.Reason)
		}
		return errors.New(strings.Join(all, "\n"))
	}
	d.cluster = &cluster.Cluster{Settings: cluster.ReadSettings(r.Args)}
	// Debug: whoever installed the drop-in was told; here it would repeat at every preview.
	p.GetLogger(ctx).Debugf("%s: serves %s", base.Title("kubernetes", d.version), strings.Join(kinds.List(), ", "))
	return nil
}
