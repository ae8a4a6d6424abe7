package cluster

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestCheckSettings(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		value property.Value
		want  string
	}{
		"a text":                    {"kubeconfig", property.New("x"), ""},
		"a secret text":             {"kubeconfig", property.New("x").WithSecret(true), ""},
		"an unknown text":           {"kubeconfig", property.New(property.Computed), ""},
		"a number for a text":       {"context", property.New(1.0), "context is a text"},
		"a truth":                   {"deleteUnreachable", property.New(true), ""},
		"a truth as the SDK has it": {"deleteUnreachable", property.New("false"), ""},
		"no truth":                  {"deleteUnreachable", property.New("perhaps"), "is true or false"},
		"apply on":                  {"enableServerSideApply", property.New("true"), ""},
		"apply off":                 {"enableServerSideApply", property.New("false"), "server-side apply only"},
		"another setting":           {"cluster", property.New("x"), "has no setting cluster; it has only: clusterIdentifier, context"},
		"another, not given":        {"cluster", property.New(property.Null), ""},
		"the engine's":              {"version", property.New("4.34.2"), ""},
		"the library's":             {"__pulumi-go-provider-version", property.New("1.3.0"), ""},
	} {
		wrong := CheckSettings(property.NewMap(map[string]property.Value{c.key: c.value}))
		switch {
		case c.want == "" && len(wrong) != 0:
			t.Errorf("%s: %v", name, wrong)
		case c.want != "" && (len(wrong) != 1 || wrong[0].Setting != c.key || !strings.Contains(wrong[0].Reason, c.want)):
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

func TestDeleteUnreachableComesFromTheEnvironmentToo(t *testing.T) {
	t.Setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
	if !ReadSettings(property.Map{}).DeleteUnreachable {
		t.Error("the environment was not read")
	}
	off := property.NewMap(map[string]property.Value{"deleteUnreachable": property.New("false")})
	if ReadSettings(off).DeleteUnreachable {
		t.Error("the setting does not count more")
	}
}

func TestVariablesThatAskForSomethingElseAreRefused(t *testing.T) {
	t.Setenv("PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", "true")
	if wrong := CheckSettings(property.Map{}); len(wrong) != 0 {
		t.Errorf("what is on anyway was refused: %v", wrong)
	}
	t.Setenv("PULUMI_K8S_AWAIT_ALL", "true")
	wrong := CheckSettings(property.Map{})
	if len(wrong) != 1 || !strings.Contains(wrong[0].Reason, "PULUMI_K8S_AWAIT_ALL=true") {
		t.Errorf("got %v", wrong)
	}
}
