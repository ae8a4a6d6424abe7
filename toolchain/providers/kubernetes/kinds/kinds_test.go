package kinds

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for token, want := range map[string]string{
		"kubernetes:core/v1:ConfigMap":                                     "/v1, Kind=ConfigMap",
		"kubernetes:apps/v1:Deployment":                                    "apps/v1, Kind=Deployment",
		"kubernetes:rbac.authorization.k8s.io/v1:Role":                     "rbac.authorization.k8s.io/v1, Kind=Role",
		"kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition":      "apiextensions.k8s.io/v1, Kind=CustomResourceDefinition",
		"kubernetes:operator.tigera.io/v1:Installation":                    "operator.tigera.io/v1, Kind=Installation",
		"kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass":        "snapshot.storage.k8s.io/v1, Kind=VolumeSnapshotClass",
		"kubernetes:apps/v1beta1:Deployment":                               "",
		"kubernetes:core/v1:ConfigMapPatch":                                "",
		"kubernetes:core/v1:Endpoints":                                     "",
		"kubernetes:networking.k8s.io/v1:Ingress":                          "",
		"kubernetes:helm.sh/v3:Release":                                    "",
		"kubernetes:yaml/v2:ConfigGroup":                                   "",
		"kubernetes:yaml:ConfigFile":                                       "",
		"kubernetes:kustomize/v2:Directory":                                "",
		"kubernetes:operator.tigera.io/v1:":                                "",
		"docker:index/container:Container":                                 "",
		"kubernetes:apiextensions.k8s.io/v1beta1:CustomResourceDefinition": "",
	} {
		gvk, ok := Parse(token)
		if ok != (want != "") || ok && gvk.String() != want {
			t.Errorf("%s: got %q %v, want %q", token, gvk, ok, want)
		}
	}
}

func TestEveryListedTokenIsServed(t *testing.T) {
	count := 0
	for _, token := range List() {
		if strings.ContainsAny(token, " <") || token == "kubernetes:yaml:decode" {
			continue
		}
		count++
		gvk, ok := Parse(token)
		if !ok || ScopeOf(gvk) == ScopeUnknown {
			t.Errorf("%s is listed, but not served (%v)", token, gvk)
		}
	}
	if count != 25 {
		t.Errorf("%d kinds, expected 25", count)
	}
}
