// Package provider is the plugin: it answers the engine's questions about resources by asking the resource manager in
// memory, which is kept in a file of the stack.
package provider

import (
	"context"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/middleware/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"kubedev.dev/toolchain/providers/azure-native/arm"
	"kubedev.dev/toolchain/providers/azure-native/store"
	"kubedev.dev/toolchain/providers/base"
	"kubedev.dev/toolchain/providers/base/changes"
)

const clientConfig = "azure-native:authorization:getClientConfig"

type dropIn struct {
	version string
}

// New makes the plugin that stands for this version of the real one.
func New(version string) p.Provider {
	d := dropIn{version}
	return cancel.Wrap(base.WithoutComponents("azure-native", version, p.Provider{
		CheckConfig: func(_ context.Context, r p.CheckRequest) (p.CheckResponse, error) {
			return p.CheckResponse{Inputs: r.Inputs}, nil
		},
		DiffConfig: func(context.Context, p.DiffRequest) (p.DiffResponse, error) { return p.DiffResponse{}, nil },
		Configure: func(ctx context.Context, _ p.ConfigureRequest) error {
			p.GetLogger(ctx).Warningf("the %s: nothing is made in Azure", base.Title("azure-native", version))
			return nil
		},
		Invoke: d.invoke,
		Check:  d.check,
		Diff:   d.diff,
		Create: d.create,
		Read:   d.read,
		Update: d.update,
		Delete: d.remove,
	}, d.refuse))
}

func (d dropIn) refuse(token string) error {
	return base.Refusal("azure-native", d.version, token, append(arm.Tokens(), clientConfig))
}

// kind of a resource, or the refusal.
func (d dropIn) kind(urn resource.URN) (*arm.Kind, error) {
	if kind := arm.KindOf(string(urn.Type())); kind != nil {
		return kind, nil
	}
	return nil, d.refuse(string(urn.Type()))
}

func fileOf(urn resource.URN) string { return store.Path(string(urn.Project()), string(urn.Stack())) }

// invoke answers who asks: nobody that there is.
func (d dropIn) invoke(_ context.Context, r p.InvokeRequest) (p.InvokeResponse, error) {
	if string(r.Token) != clientConfig {
		return p.InvokeResponse{}, d.refuse(string(r.Token))
	}
	nobody := property.New(arm.SubscriptionID)
	return p.InvokeResponse{Return: property.NewMap(map[string]property.Value{
		"clientId": nobody, "objectId": nobody, "subscriptionId": nobody, "tenantId": nobody,
	})}, nil
}

// check names what has no name, and looks for faults. It asks for nothing: what depends on other resources is found when it
// is made.
func (d dropIn) check(_ context.Context, r p.CheckRequest) (p.CheckResponse, error) {
	kind, err := d.kind(r.Urn)
	if err != nil {
		return p.CheckResponse{}, err
	}
	inputs := r.Inputs
	if name := inputs.Get(kind.OwnName()); name.IsNull() {
		if before := r.State.Get(kind.OwnName()); before.IsString() {
			inputs = inputs.Set(kind.OwnName(), before)
		} else {
			// 8 hexadecimal digits after the name of the resource, as the real plugin has it.
			made, err := resource.NewUniqueName(r.RandomSeed, r.Urn.Name(), 8, 0, nil)
			if err != nil {
				return p.CheckResponse{}, err
			}
			inputs = inputs.Set(kind.OwnName(), property.New(made))
		}
	}
	response := p.CheckResponse{Inputs: inputs}
	for _, fault := range kind.Check(plainMap(inputs)) {
		response.Failures = append(response.Failures, p.CheckFailure{Property: fault.Property, Reason: fault.Reason})
	}
	return response, nil
}

// diff compares the inputs. Like the real plugin it deletes before it replaces, since names are fixed.
func (d dropIn) diff(_ context.Context, r p.DiffRequest) (p.DiffResponse, error) {
	kind, err := d.kind(r.Urn)
	if err != nil {
		return p.DiffResponse{}, err
	}
	all, err := changes.WithoutIgnored(changes.Compare(plainMap(r.OldInputs), plainMap(r.Inputs)), r.IgnoreChanges)
	if err != nil {
		return p.DiffResponse{}, err
	}
	replaces := append(kind.NamedBy(), kind.Replaces...)
	response := p.DiffResponse{HasChanges: len(all) > 0, DetailedDiff: map[string]p.PropertyDiff{}}
	for _, change := range all {
		property, _ := change.Path[0].(string)
		replaced := slices.Contains(replaces, property)
		response.DeleteBeforeReplace = response.DeleteBeforeReplace || replaced
		response.DetailedDiff[change.Path.String()] = p.PropertyDiff{Kind: diffKind(change.Kind, replaced), InputDiff: true}
	}
	return response, nil
}

func diffKind(kind changes.Kind, replaced bool) p.DiffKind {
	either := map[changes.Kind][2]p.DiffKind{
		changes.Added:   {p.Add, p.AddReplace},
		changes.Removed: {p.Delete, p.DeleteReplace},
		changes.Updated: {p.Update, p.UpdateReplace},
	}[kind]
	if replaced {
		return either[1]
	}
	return either[0]
}

// create makes a resource. In a preview, as with the real plugin, only what was asked for is known: no id, no address.
func (d dropIn) create(_ context.Context, r p.CreateRequest) (p.CreateResponse, error) {
	kind, err := d.kind(r.Urn)
	if err != nil {
		return p.CreateResponse{}, err
	}
	if r.DryRun {
		return p.CreateResponse{Properties: unknown(kind, r.Properties)}, nil
	}
	made, err := put(r.Urn, kind, r.Properties)
	return p.CreateResponse{ID: kind.ID(plainMap(r.Properties)), Properties: made}, err
}

// update changes one. In a preview its name and location stay known, as with the real plugin.
func (d dropIn) update(_ context.Context, r p.UpdateRequest) (p.UpdateResponse, error) {
	kind, err := d.kind(r.Urn)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	if r.DryRun {
		outputs := unknown(kind, r.Inputs)
		for _, stable := range []string{"name", "location"} {
			if before, ok := r.State.GetOk(stable); ok {
				outputs = outputs.Set(stable, before)
			}
		}
		return p.UpdateResponse{Properties: outputs}, nil
	}
	made, err := put(r.Urn, kind, r.Inputs)
	return p.UpdateResponse{Properties: made}, err
}

// unknown is what the manager fills in. The name of a schedule and the type of an extension were asked for, so they are known.
func unknown(kind *arm.Kind, inputs property.Map) property.Map {
	for _, output := range kind.FilledIn() {
		if _, given := inputs.GetOk(output); given && !slices.Contains(kind.Outputs, output) {
			continue
		}
		inputs = inputs.Set(output, property.New(property.Computed))
	}
	return inputs
}

func put(urn resource.URN, kind *arm.Kind, inputs property.Map) (property.Map, error) {
	var made arm.Properties
	err := store.Change(fileOf(urn), func(s *arm.Subscription) (err error) {
		made, err = s.Put(kind, plainMap(inputs))
		return err
	})
	return filled(inputs, made), err
}

// read finds what is there now; no id if it is gone.
func (d dropIn) read(_ context.Context, r p.ReadRequest) (p.ReadResponse, error) {
	if _, err := d.kind(r.Urn); err != nil {
		return p.ReadResponse{}, err
	}
	subscription, err := store.Read(fileOf(r.Urn))
	if err != nil {
		return p.ReadResponse{}, err
	}
	there := subscription.Find(r.ID)
	if there == nil {
		return p.ReadResponse{}, nil
	}
	return p.ReadResponse{ID: there.ID, Properties: filled(r.Inputs, there.Properties), Inputs: r.Inputs}, nil
}

func (d dropIn) remove(_ context.Context, r p.DeleteRequest) error {
	if _, err := d.kind(r.Urn); err != nil {
		return err
	}
	return store.Change(fileOf(r.Urn), func(s *arm.Subscription) error { return s.Delete(r.ID) })
}
