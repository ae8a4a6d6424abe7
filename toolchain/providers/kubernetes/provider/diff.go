package provider

import (
	"context"
	"errors"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/base/changes"
	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
	"kubedev.dev/toolchain/providers/kubernetes/replacement"
)

// diff compares the inputs. Where they differ and the cluster can be asked, a dry run tells which
// differences change nothing, and which fields the server will not change.
func (d *dropIn) diff(ctx context.Context, r p.DiffRequest) (p.DiffResponse, error) {
	gvk, err := d.kind(r.Urn)
	if err != nil {
		return p.DiffResponse{}, err
	}
	state, err := manifest.ReadState(r.State)
	if err != nil {
		return p.DiffResponse{}, err
	}
	recorded := r.OldInputs
	if recorded.Len() == 0 {
		recorded = manifest.RecordedInputs(r.State)
	}
	before, err := manifest.FromProperties(recorded)
	if err != nil {
		return p.DiffResponse{}, err
	}
	after, err := manifest.FromProperties(r.Inputs)
	if err != nil {
		return p.DiffResponse{}, err
	}
	scope := d.scope(ctx, gvk)
	before, after = completed(before, scope), completed(after, scope)
	all, err := changes.WithoutIgnored(changes.Compare(before, after), r.IgnoreChanges)
	if err != nil {
		return p.DiffResponse{}, err
	}
	all = replacement.MarkReplacements(all, gvk)
	if len(all) > 0 && !changes.Replace(all) && !manifest.HasUnknown(after) {
		all = d.rehearse(ctx, gvk, all, after, state, r.IgnoreChanges)
	}
	return response(all, after, state.Live), nil
}

// completed is the object with what the server takes for granted.
func completed(object manifest.Object, scope kinds.Scope) manifest.Object {
	object = manifest.WithoutServerFields(object)
	switch {
	case scope == kinds.ClusterWide:
		return manifest.WithoutMetadata(object, "namespace")
	case manifest.HasNamespace(object):
		return object
	default:
		return manifest.WithMetadata(object, "namespace", "default")
	}
}

// rehearse corrects the changes by a dry run. Without one they stand as they are.
func (d *dropIn) rehearse(
	ctx context.Context, gvk schema.GroupVersionKind, all []changes.Change, after manifest.Object, state manifest.State,
	ignored []string,
) []changes.Change {
	connection, err := d.cluster.Connect(ctx)
	if err != nil {
		d.offline(ctx, err)
		return all
	}
	live, err := connection.Get(ctx, gvk, manifest.Namespace(after), manifest.Name(after))
	if err != nil || cluster.NeedsTakeOver(live) {
		return all
	}
	wanted, err := manifest.WithIgnored(after, live, state.FieldManager, ignored)
	if err != nil {
		return all
	}
	dryRun, err := connection.Apply(ctx, wanted, state.FieldManager, true)
	if errors.As(err, &cluster.Conflict{}) {
		p.GetLogger(ctx).Warning(err.Error())
	}
	if err == nil {
		return replacement.Effective(all, live, dryRun)
	}
	refused := slices.DeleteFunc(cluster.Refusals(err), func(r replacement.Refused) bool { return !r.IsImmutable() })
	if len(refused) == 0 || gvk.Kind == "CustomResourceDefinition" {
		// The value is at fault, or the dry run; the update will say. A definition takes all objects of
		// its kind with it when it goes: nobody means that by an edit.
		return all
	}
	return replacement.MarkRefused(all, refused)
}

func response(all []changes.Change, after, live manifest.Object) p.DiffResponse {
	detailed := map[string]p.PropertyDiff{}
	for _, change := range all {
		detailed[change.Path.String()] = p.PropertyDiff{Kind: diffKind(change), InputDiff: true}
	}
	return p.DiffResponse{
		HasChanges:   len(all) > 0,
		DetailedDiff: detailed,
		// A name that the user chose cannot be had twice. It is said of any change: the program may
		// want a replacement where none is needed (replaceOnChanges).
		DeleteBeforeReplace: len(all) > 0 && !manifest.IsAutonamed(after) &&
			manifest.Name(after) == manifest.Name(live) &&
			manifest.NamespaceOrDefault(after) == manifest.NamespaceOrDefault(live),
	}
}

func diffKind(c changes.Change) p.DiffKind {
	either := map[changes.Kind][2]p.DiffKind{
		changes.Added:   {p.Add, p.AddReplace},
		changes.Removed: {p.Delete, p.DeleteReplace},
		changes.Updated: {p.Update, p.UpdateReplace},
	}[c.Kind]
	if c.Replaces {
		return either[1]
	}
	return either[0]
}
