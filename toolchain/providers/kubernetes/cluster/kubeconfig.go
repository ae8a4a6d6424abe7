package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// clientConfig finds the kubeconfig: the one that is given, else what kubectl would take.
func clientConfig(s Settings) (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: s.Context}
	if s.Kubeconfig == "" {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
	}
	config, err := parse(s.Kubeconfig)
	if err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*config, overrides), nil
}

// parse takes the text of a kubeconfig, or a path: a path is one line that does not begin as JSON.
func parse(kubeconfig string) (*api.Config, error) {
	kubeconfig = strings.TrimSpace(kubeconfig)
	if strings.ContainsAny(kubeconfig, "\n{") {
		config, err := clientcmd.Load([]byte(kubeconfig))
		if err != nil {
			return nil, fmt.Errorf("the setting kubeconfig is no kubeconfig: %w", err)
		}
		return config, nil
	}
	path := kubeconfig
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, rest)
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig %s: %w", path, err)
	}
	return config, nil
}

// SameCluster tells whether both settings lead to the same cluster, as far as a kubeconfig can say:
// the same server and authority. It is true where either cannot be read, since to find a difference
// there would be to replace all that is in the cluster.
func SameCluster(before, after Settings) bool {
	from, to := activeCluster(before), activeCluster(after)
	return from == nil || to == nil || reflect.DeepEqual(from, to)
}

func activeCluster(s Settings) *api.Cluster {
	if s.Kubeconfig == "" {
		return nil
	}
	config, err := parse(s.Kubeconfig)
	if err != nil {
		return nil
	}
	name := s.Context
	if name == "" {
		name = config.CurrentContext
	}
	context, ok := config.Contexts[name]
	if !ok {
		return nil
	}
	cluster, ok := config.Clusters[context.Cluster]
	if !ok {
		return nil
	}
	identity := *cluster
	identity.LocationOfOrigin = ""
	return &identity
}
