package provider

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

type values = map[string]property.Value

func urn(token string) resource.URN {
	return resource.NewURN("stack", "project", "", tokens.Type("azure-native:"+token), "thing")
}

func of(inner values) property.Map { return property.NewMap(inner) }
func text(s string) property.Value { return property.New(s) }
func list(inner ...property.Value) property.Value {
	return property.New(property.NewArray(inner))
}

func group() property.Map {
	return of(values{"resourceGroupName": text("rg"), "location": text("westeurope")})
}

func rule(name string, priority float64, port string, sources ...property.Value) property.Value {
	return property.New(of(values{
		"name": text(name), "priority": property.New(priority), "direction": text("Inbound"), "access": text("Allow"),
		"protocol": text("Tcp"), "sourceAddressPrefixes": list(sources...), "sourcePortRange": text("*"),
		"destinationAddressPrefix": text("*"), "destinationPortRange": text(port),
	}))
}

func securityGroup(rules ...property.Value) property.Map {
	return of(values{
		"resourceGroupName": text("rg"), "networkSecurityGroupName": text("nsg"), "location": text("westeurope"),
		"securityRules": list(rules...),
	})
}

func publicAddress() property.Map {
	return of(values{
		"resourceGroupName": text("rg"), "publicIpAddressName": text("pip"), "location": text("westeurope"),
		"sku": property.New(of(values{"name": text("Standard")})), "publicIPAllocationMethod": text("Static"),
	})
}

func create(t *testing.T, token string, inputs property.Map) p.CreateResponse {
	t.Helper()
	made, err := New("1.2.3").Create(context.Background(), p.CreateRequest{Urn: urn(token), Properties: inputs})
	if err != nil {
		t.Fatalf("%s: %v", token, err)
	}
	return made
}

func TestEveryCallRefusesOtherKinds(t *testing.T) {
	provider, ctx := New("1.2.3"), context.Background()
	other := urn("storage:StorageAccount")
	calls := map[string]func() error{
		"Check":  func() error { _, err := provider.Check(ctx, p.CheckRequest{Urn: other}); return err },
		"Diff":   func() error { _, err := provider.Diff(ctx, p.DiffRequest{Urn: other}); return err },
		"Create": func() error { _, err := provider.Create(ctx, p.CreateRequest{Urn: other}); return err },
		"Read":   func() error { _, err := provider.Read(ctx, p.ReadRequest{Urn: other}); return err },
		"Update": func() error { _, err := provider.Update(ctx, p.UpdateRequest{Urn: other}); return err },
		"Delete": func() error { return provider.Delete(ctx, p.DeleteRequest{Urn: other}) },
		"Invoke": func() error { _, err := provider.Invoke(ctx, p.InvokeRequest{Token: other.Type()}); return err },
	}
	for call, refuse := range calls {
		if err := refuse(); err == nil || !strings.Contains(err.Error(), "has no azure-native:storage:StorageAccount") {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestAPreviewKnowsWhatWasAskedForAlone(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	made, err := New("1.2.3").Create(context.Background(), p.CreateRequest{
		Urn: urn("network:PublicIPAddress"), Properties: publicAddress(), DryRun: true,
	})
	if err != nil || made.ID != "" || !made.Properties.Get("ipAddress").IsComputed() {
		t.Errorf("got %v, %v", made, err)
	}
	if got := made.Properties.Get("location"); got.AsString() != "westeurope" {
		t.Errorf("got %v", got)
	}
	if there, _ := os.ReadDir(os.Getenv("XDG_STATE_HOME")); len(there) > 0 {
		t.Errorf("a preview left %v", there)
	}
}

func TestLife(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	provider, ctx := New("1.2.3"), context.Background()
	if _, err := provider.Create(ctx, p.CreateRequest{Urn: urn("network:PublicIPAddress"), Properties: publicAddress()}); err == nil {
		t.Error("made without its resource group")
	}
	rg := create(t, "resources:ResourceGroup", group())
	pip := create(t, "network:PublicIPAddress", publicAddress())
	address := pip.Properties.Get("ipAddress").AsString()
	if !strings.HasPrefix(address, "192.0.2.") || !strings.HasPrefix(pip.ID, rg.ID+"/") {
		t.Errorf("got %s, %s", address, pip.ID)
	}
	tagged := publicAddress().Set("tags", property.New(of(values{"a": text("b")})))
	updated, err := provider.Update(ctx, p.UpdateRequest{ID: pip.ID, Urn: urn("network:PublicIPAddress"), Inputs: tagged})
	if err != nil || updated.Properties.Get("ipAddress").AsString() != address {
		t.Errorf("got %v, %v", updated, err)
	}
	read, err := provider.Read(ctx, p.ReadRequest{ID: pip.ID, Urn: urn("network:PublicIPAddress"), Inputs: tagged})
	if err != nil || read.ID != pip.ID || read.Properties.Get("ipAddress").AsString() != address {
		t.Errorf("got %v, %v", read, err)
	}
	if err := provider.Delete(ctx, p.DeleteRequest{ID: rg.ID, Urn: urn("resources:ResourceGroup")}); err != nil {
		t.Error(err)
	}
	gone, err := provider.Read(ctx, p.ReadRequest{ID: pip.ID, Urn: urn("network:PublicIPAddress"), Inputs: tagged})
	if err != nil || gone.ID != "" {
		t.Errorf("got %v, %v", gone, err)
	}
}

func TestASecretIsNotInTheFile(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	create(t, "resources:ResourceGroup", group().Set("tags", property.New(of(values{"open": text("seen"), "password": text("sesame").WithSecret(true)}))))
	written, err := os.ReadFile(fileOf(urn("resources:ResourceGroup")))
	if err != nil || !strings.Contains(string(written), "seen") || strings.Contains(string(written), "sesame") {
		t.Errorf("got %s, %v", written, err)
	}
}

func TestASecretIsOneInTheOutputs(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	inputs := group().Set("tags", property.New(of(values{"password": text("sesame").WithSecret(true)})))
	made := create(t, "resources:ResourceGroup", inputs)
	if got := made.Properties.Get("tags").AsMap().Get("password"); !got.Secret() || got.AsString() != "sesame" {
		t.Errorf("got %v", got)
	}
}

func TestNameOfOneThatHasNone(t *testing.T) {
	provider, ctx := New("1.2.3"), context.Background()
	nameless := of(values{"location": text("westeurope")})
	request := p.CheckRequest{Urn: urn("resources:ResourceGroup"), Inputs: nameless, RandomSeed: []byte("seed")}
	first, err := provider.Check(ctx, request)
	if err != nil || len(first.Failures) > 0 || !strings.HasPrefix(first.Inputs.Get("resourceGroupName").AsString(), "thing") {
		t.Fatalf("got %v, %v", first, err)
	}
	request.State, request.RandomSeed = first.Inputs, []byte("other")
	again, err := provider.Check(ctx, request)
	if err != nil || !again.Inputs.Get("resourceGroupName").Equals(first.Inputs.Get("resourceGroupName")) {
		t.Errorf("got %v, %v", again, err)
	}
}

func TestDiff(t *testing.T) {
	home, office := text("203.0.113.7/32"), text("198.51.100.0/24")
	ssh := rule("ssh", 1000, "22", home)
	moved := securityGroup(ssh).Set("resourceGroupName", text("other"))
	for name, c := range map[string]struct {
		token         string
		before, after property.Map
		want          map[string]p.DiffKind
		replaces      bool
	}{
		"nothing":         {"network:NetworkSecurityGroup", securityGroup(ssh), securityGroup(ssh), nil, false},
		"one more range":  {"network:NetworkSecurityGroup", securityGroup(ssh), securityGroup(rule("ssh", 1000, "22", home, office)), map[string]p.DiffKind{"securityRules[0].sourceAddressPrefixes[1]": p.Add}, false},
		"one more rule":   {"network:NetworkSecurityGroup", securityGroup(ssh), securityGroup(ssh, rule("rdp", 1010, "3389", home)), map[string]p.DiffKind{"securityRules[1]": p.Add}, false},
		"another group":   {"network:NetworkSecurityGroup", securityGroup(ssh), moved, map[string]p.DiffKind{"resourceGroupName": p.UpdateReplace}, true},
		"another place":   {"resources:ResourceGroup", group(), group().Set("location", text("x")), map[string]p.DiffKind{"location": p.UpdateReplace}, true},
		"another address": {"network:PublicIPAddress", publicAddress(), publicAddress().Set("sku", property.New(of(values{"name": text("Basic")}))), map[string]p.DiffKind{"sku.name": p.UpdateReplace}, true},
	} {
		got, err := New("1.2.3").Diff(context.Background(), p.DiffRequest{Urn: urn(c.token), OldInputs: c.before, Inputs: c.after})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds := map[string]p.DiffKind{}
		for path, change := range got.DetailedDiff {
			kinds[path] = change.Kind
		}
		if !maps.Equal(kinds, c.want) || got.HasChanges != (len(c.want) > 0) || got.DeleteBeforeReplace != c.replaces {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestFaultsAreOfTheirProperty(t *testing.T) {
	checked, err := New("1.2.3").Check(context.Background(), p.CheckRequest{
		Urn: urn("network:NetworkSecurityGroup"), Inputs: securityGroup(rule("ssh", 1000, "22", text("203.0.113.7/24"))),
	})
	want := func(failure p.CheckFailure) bool { return failure.Property == "securityRules[0].sourceAddressPrefixes" }
	if err != nil || !slices.ContainsFunc(checked.Failures, want) {
		t.Errorf("got %v, %v", checked.Failures, err)
	}
}

func TestWhatIsNotKnownYetPasses(t *testing.T) {
	unknown := property.New(property.Computed)
	inRule := func(key string, value property.Value) property.Map {
		return securityGroup(property.New(rule("ssh", 1000, "22", text("203.0.113.7/32")).AsMap().Set(key, value)))
	}
	for name, c := range map[string]struct {
		token  string
		inputs property.Map
	}{
		"all rules":       {"network:NetworkSecurityGroup", securityGroup().Set("securityRules", unknown)},
		"the group":       {"network:NetworkSecurityGroup", securityGroup().Set("resourceGroupName", unknown)},
		"a priority":      {"network:NetworkSecurityGroup", inRule("priority", unknown)},
		"a direction":     {"network:NetworkSecurityGroup", inRule("direction", unknown)},
		"sources":         {"network:NetworkSecurityGroup", inRule("sourceAddressPrefixes", unknown)},
		"a source":        {"network:NetworkSecurityGroup", inRule("sourceAddressPrefixes", list(unknown))},
		"a port":          {"network:NetworkSecurityGroup", inRule("destinationPortRange", unknown)},
		"a sku":           {"network:PublicIPAddress", publicAddress().Set("sku", unknown)},
		"a method":        {"network:PublicIPAddress", publicAddress().Set("publicIPAllocationMethod", unknown)},
		"the name itself": {"network:PublicIPAddress", publicAddress().Set("publicIpAddressName", unknown)},
	} {
		checked, err := New("1.2.3").Check(context.Background(), p.CheckRequest{Urn: urn(c.token), Inputs: c.inputs})
		if err != nil || len(checked.Failures) > 0 {
			t.Errorf("%s: got %v, %v", name, checked.Failures, err)
		}
	}
}
