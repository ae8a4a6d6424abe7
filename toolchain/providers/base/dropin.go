// Package base is what every drop-in plugin shares: it serves a short list of types under the name
// and version of the real plugin, refuses every other type by name, and says what it is.
package base

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// DropIn names the real plugin that a drop-in stands for and lists what it serves.
type DropIn struct {
	// Name and Version are the real plugin's.
	Name, Version string
	// Types and functions that are served; all else is refused.
	infer.Options
}

// Title is what the drop-in calls itself in messages.
func (d DropIn) Title() string {
	return Title(d.Name, d.Version)
}

// Main runs the plugin and ends the process.
func (d DropIn) Main() {
	Main(d.Name, d.Version, d.Provider())
}

// Title is what the drop-in for a plugin calls itself in messages.
func Title(name, version string) string {
	return fmt.Sprintf("kubedev drop-in for %s %s", name, version)
}

// Main runs a plugin that lists its types itself, and ends the process. With `--version` it only
// prints its title, by which a drop-in is told from the real plugin.
func Main(name, version string, provider p.Provider) {
	if slices.Contains(os.Args[1:], "--version") {
		fmt.Println(Title(name, version))
		return
	}
	if err := provider.Run(context.Background(), name, version); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", Title(name, version), err)
		os.Exit(1)
	}
}

// Refusal is the error for what the drop-in for a plugin does not serve.
func Refusal(name, version, refused string, served []string) error {
	return fmt.Errorf("the %s has no %s; it has only: %s. Install the real plugin: "+
		"pulumi plugin install resource %s %s",
		Title(name, version), refused, strings.Join(served, ", "), name, version)
}

// WithoutComponents refuses what no drop-in has: components of the plugin's own, their methods, and a schema, which only
// commands that write code ask for.
func WithoutComponents(name, version string, provider p.Provider, refuse func(token string) error) p.Provider {
	provider.GetSchema = func(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
		return p.GetSchemaResponse{}, status.Errorf(codes.Unimplemented,
			"the %s has no schema. pulumi import works with --generate-code=false", Title(name, version))
	}
	provider.Construct = func(_ context.Context, r p.ConstructRequest) (p.ConstructResponse, error) {
		return p.ConstructResponse{}, refuse(string(r.Urn.Type()))
	}
	provider.Call = func(_ context.Context, r p.CallRequest) (p.CallResponse, error) {
		return p.CallResponse{}, refuse(string(r.Tok))
	}
	return provider
}

// Provider is the served plugin: the listed types, and a refusal for every other one.
func (d DropIn) Provider() p.Provider {
	provider := infer.Provider(d.Options)
	guard := guard{name: d.Name, version: d.Version, tokens: d.tokens()}

	// Every life-cycle call begins with one of these: Check for a resource of the program, Read for
	// an import or a refresh, Diff and Delete for one that is only in the state.
	provider.Check = guarded(guard, provider.Check, func(r p.CheckRequest) string { return string(r.Urn.Type()) })
	provider.Diff = guarded(guard, provider.Diff, func(r p.DiffRequest) string { return string(r.Urn.Type()) })
	provider.Read = guarded(guard, provider.Read, func(r p.ReadRequest) string { return string(r.Urn.Type()) })
	provider.Invoke = guarded(guard, provider.Invoke, func(r p.InvokeRequest) string { return string(r.Token) })
	provider.Construct = guarded(guard, provider.Construct, func(r p.ConstructRequest) string { return string(r.Urn.Type()) })
	provider.Call = guarded(guard, provider.Call, func(r p.CallRequest) string { return string(r.Tok) })
	remove := provider.Delete
	provider.Delete = func(ctx context.Context, r p.DeleteRequest) error {
		if err := guard.check(string(r.Urn.Type())); err != nil {
			return err
		}
		return remove(ctx, r)
	}

	configure := provider.Configure
	provider.Configure = func(ctx context.Context, r p.ConfigureRequest) error {
		// Debug: whoever installed the drop-in was told; here it would repeat at every preview.
		p.GetLogger(ctx).Debugf("%s: serves %s", d.Title(), strings.Join(guard.tokens, ", "))
		if configure == nil {
			return nil
		}
		return configure(ctx, r)
	}
	return provider
}

// tokens lists what is served. The library forms a token from the Go package and type with "pkg"
// in the plugin's place.
func (d DropIn) tokens() []string {
	var all []string
	add := func(token fmt.Stringer, err error) {
		if err != nil {
			panic(fmt.Sprintf("%s: %v", d.Title(), err))
		}
		_, rest, _ := strings.Cut(token.String(), ":")
		all = append(all, d.Name+":"+rest)
	}
	for _, r := range d.Resources {
		add(r.GetToken())
	}
	for _, f := range d.Functions {
		add(f.GetToken())
	}
	slices.Sort(all)
	return all
}

type guard struct {
	name, version string
	tokens        []string
}

func (g guard) check(token string) error {
	if slices.Contains(g.tokens, token) {
		return nil
	}
	return Refusal(g.name, g.version, token, g.tokens)
}

func guarded[Req, Resp any](
	g guard, f func(context.Context, Req) (Resp, error), token func(Req) string,
) func(context.Context, Req) (Resp, error) {
	return func(ctx context.Context, req Req) (Resp, error) {
		if err := g.check(token(req)); err != nil {
			var none Resp
			return none, err
		}
		return f(ctx, req)
	}
}
