package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func config(current, server, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: %s
contexts:
- {name: one, context: {cluster: one, user: u}}
- {name: two, context: {cluster: two, user: u}}
clusters:
- {name: one, cluster: {server: "%s"}}
- {name: two, cluster: {server: "https://two"}}
users:
- {name: u, user: {token: %s}}
`, current, server, user)
}

func TestSameCluster(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config("one", "https://one", "t")), 0o600); err != nil {
		t.Fatal(err)
	}
	one := Settings{Kubeconfig: config("one", "https://one", "t")}
	for name, c := range map[string]struct {
		other Settings
		want  bool
	}{
		"itself":                {one, true},
		"another user":          {Settings{Kubeconfig: config("one", "https://one", "other")}, true},
		"another server":        {Settings{Kubeconfig: config("one", "https://elsewhere", "t")}, false},
		"another context":       {Settings{Kubeconfig: one.Kubeconfig, Context: "two"}, false},
		"the context by name":   {Settings{Kubeconfig: one.Kubeconfig, Context: "one"}, true},
		"in a file":             {Settings{Kubeconfig: path}, true},
		"in a file that is not": {Settings{Kubeconfig: path + "-gone"}, true},
		"of the environment":    {Settings{}, true},
		"no such context":       {Settings{Kubeconfig: one.Kubeconfig, Context: "three"}, true},
	} {
		if got := SameCluster(one, c.other); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestParseSaysWhatItRead(t *testing.T) {
	for text, want := range map[string]string{
		"/no/such/file":   "reading the kubeconfig /no/such/file",
		"{not a config":   "the setting kubeconfig is no kubeconfig",
		"a: b\nkind: Pod": "the setting kubeconfig is no kubeconfig",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
