package provider

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/kinds"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

type object = manifest.Object

func urn(token string) resource.URN {
	return resource.NewURN("stack", "project", "", tokens.Type(token), "web")
}

func TestEveryCallRefusesOtherKinds(t *testing.T) {
	provider, ctx := New("4.5.6"), context.Background()
	const other = "kubernetes:networking.k8s.io/v1:Ingress"
	calls := map[string]func() error{
		"Check":  func() error { _, err := provider.Check(ctx, p.CheckRequest{Urn: urn(other)}); return err },
		"Diff":   func() error { _, err := provider.Diff(ctx, p.DiffRequest{Urn: urn(other)}); return err },
		"Create": func() error { _, err := provider.Create(ctx, p.CreateRequest{Urn: urn(other)}); return err },
		"Read":   func() error { _, err := provider.Read(ctx, p.ReadRequest{Urn: urn(other)}); return err },
		"Update": func() error { _, err := provider.Update(ctx, p.UpdateRequest{Urn: urn(other)}); return err },
		"Delete": func() error { return provider.Delete(ctx, p.DeleteRequest{Urn: urn(other)}) },
		"Invoke": func() error { _, err := provider.Invoke(ctx, p.InvokeRequest{Token: other}); return err },
		"Construct": func() error {
			_, err := provider.Construct(ctx, p.ConstructRequest{Urn: urn(other)})
			return err
		},
		"Call": func() error { _, err := provider.Call(ctx, p.CallRequest{Tok: other}); return err },
	}
	for call, refuse := range calls {
		err := refuse()
		if err == nil || !strings.Contains(err.Error(), "kubedev drop-in for kubernetes 4.5.6 has no "+other) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestNamed(t *testing.T) {
	request := p.CheckRequest{Urn: urn("kubernetes:core/v1:Pod"), RandomSeed: []byte("seed")}
	autonamed := manifest.WithAutoname(object{}, "web-0000")
	for name, c := range map[string]struct {
		inputs, previous object
		want             string
		auto             bool
	}{
		"a new one":                {object{}, object{}, "web-", true},
		"one that had a made name": {object{}, autonamed, "web-0000", true},
		"one that had a name":      {object{}, object{"metadata": object{"name": "mine"}}, "web-", true},
		"a name":                   {object{"metadata": object{"name": "mine"}}, autonamed, "mine", false},
	} {
		got, err := named(c.inputs, c.previous, request)
		if err != nil || !strings.HasPrefix(manifest.Name(got), c.want) || manifest.IsAutonamed(got) != c.auto {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	first, _ := named(object{}, object{}, request)
	again, _ := named(object{}, object{}, request)
	if manifest.Name(first) != manifest.Name(again) {
		t.Error("the same seed makes another name: preview and update would differ")
	}
}

func TestPlaced(t *testing.T) {
	for name, c := range map[string]struct {
		namespace string
		scope     kinds.Scope
		given     string
		want      string
	}{
		"its own":            {"mine", kinds.Namespaced, "given", "mine"},
		"the provider's":     {"", kinds.Namespaced, "given", "given"},
		"none":               {"", kinds.Namespaced, "", ""},
		"one too many":       {"mine", kinds.ClusterWide, "given", ""},
		"perhaps one":        {"", kinds.ScopeUnknown, "given", "given"},
		"of no kind's scope": {"mine", kinds.ScopeUnknown, "", "mine"},
	} {
		in := object{"metadata": object{}}
		if c.namespace != "" {
			in = manifest.WithMetadata(in, "namespace", c.namespace)
		}
		if got := manifest.Namespace(placed(in, c.scope, c.given)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFaults(t *testing.T) {
	gvk := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	for name, c := range map[string]struct {
		inputs object
		want   []string
	}{
		"none":            {object{"apiVersion": "apps/v1", "kind": "Deployment"}, nil},
		"another kind":    {object{"apiVersion": "v1", "kind": "Pod"}, []string{"apiVersion", "kind"}},
		"a prefix":        {object{"metadata": object{"generateName": "a-"}}, []string{"metadata.generateName"}},
		"prefix and name": {object{"metadata": object{"generateName": "a-", "name": "a"}}, nil},
		"an annotation": {object{"metadata": object{"annotations": object{"pulumi.com/waitFor": "x"}}},
			[]string{`metadata.annotations["pulumi.com/waitFor"]`}},
	} {
		var got []string
		for _, fault := range faults(c.inputs, gvk) {
			got = append(got, fault.Property)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTimeout(t *testing.T) {
	annotated := func(seconds string) object {
		return object{"metadata": object{"annotations": object{manifest.TimeoutSeconds: seconds}}}
	}
	for name, c := range map[string]struct {
		custom float64
		inputs object
		want   time.Duration
	}{
		"neither":       {0, object{}, 10 * time.Minute},
		"customTimeout": {90, annotated("5"), 90 * time.Second},
		"an annotation": {0, annotated("5"), 5 * time.Second},
		"no number":     {0, annotated("soon"), 10 * time.Minute},
	} {
		if got := timeout(c.custom, c.inputs); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnotherCluster(t *testing.T) {
	settings := func(pairs ...any) property.Map {
		m := property.Map{}
		for i := 0; i < len(pairs); i += 2 {
			value, err := property.Any(pairs[i+1])
			if err != nil {
				t.Fatal(err)
			}
			m = m.Set(pairs[i].(string), value)
		}
		return m
	}
	const one, two = `{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"https://one"}}]}`,
		`{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"https://two"}}]}`
	for name, c := range map[string]struct {
		before, after property.Map
		want          bool
	}{
		"the same":                {settings("kubeconfig", one), settings("kubeconfig", one), false},
		"another server":          {settings("kubeconfig", one), settings("kubeconfig", two), true},
		"unknown":                 {settings("kubeconfig", one), settings("kubeconfig", property.Computed), true},
		"unknown, named":          {settings("kubeconfig", one, "clusterIdentifier", "a"), settings("kubeconfig", property.Computed, "clusterIdentifier", "a"), false},
		"another server, named":   {settings("kubeconfig", one, "clusterIdentifier", "a"), settings("kubeconfig", two, "clusterIdentifier", "a"), false},
		"another name":            {settings("kubeconfig", one, "clusterIdentifier", "a"), settings("kubeconfig", one, "clusterIdentifier", "b"), true},
		"named from now on":       {settings("kubeconfig", one), settings("kubeconfig", one, "clusterIdentifier", "a"), false},
		"a switch, no kubeconfig": {settings(), settings("deleteUnreachable", "true"), false},
	} {
		if got := anotherCluster(c.before, c.after); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDecode(t *testing.T) {
	objects, err := decode("apiVersion: v1\nkind: Pod\nn: 3\n---\n# nothing\n---\nkind: none\n---\n{\"apiVersion\":\"a/v1\",\"kind\":\"B\"}\n")
	if err != nil || len(objects) != 2 || objects[1]["kind"] != "B" {
		t.Fatalf("got %v, %v", objects, err)
	}
	if _, err := decode("a: b\n---\n\tx"); err == nil || !strings.Contains(err.Error(), "document 2") {
		t.Errorf("got %v", err)
	}
}

func TestDecodeNeedsNoCluster(t *testing.T) {
	d := &dropIn{version: "1", cluster: &cluster.Cluster{Settings: cluster.Settings{Namespace: "given", Kubeconfig: "/no/such"}}}
	text := "apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Namespace\n---\napiVersion: a.b/v1\nkind: C\n---\n" +
		"apiVersion: v1\nkind: Pod\nmetadata: {namespace: own}\nn: 3\n"
	got, err := d.invoke(context.Background(), p.InvokeRequest{
		Token: decodeToken, Args: property.NewMap(map[string]property.Value{"text": property.New(text)}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var namespaces []string
	for _, value := range got.Return.Get("result").AsArray().All {
		plain, err := manifest.FromProperties(value.AsMap())
		if err != nil {
			t.Fatal(err)
		}
		namespaces = append(namespaces, manifest.Namespace(plain))
	}
	if want := []string{"given", "", "given", "own"}; !slices.Equal(namespaces, want) {
		t.Errorf("got %q", namespaces)
	}
}
