package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

func decode(t *testing.T, text string) node {
	t.Helper()
	var decoded node
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestRoutesTo(t *testing.T) {
	for name, test := range map[string]struct {
		node string
		want []string
	}{
		"one range": {
			`{"spec":{"podCIDRs":["10.244.1.0/24"]},"status":{"addresses":[{"type":"Hostname","address":"n1"},{"type":"InternalIP","address":"172.18.0.3"}]}}`,
			[]string{"10.244.1.0/24 172.18.0.3"},
		},
		"both families": {
			`{"spec":{"podCIDRs":["10.244.1.0/24","fd00:1::/64"]},"status":{"addresses":[{"type":"InternalIP","address":"172.18.0.3"},{"type":"InternalIP","address":"fc00::3"}]}}`,
			[]string{"10.244.1.0/24 172.18.0.3", "fd00:1::/64 fc00::3"},
		},
		"no address yet":          {`{"spec":{"podCIDRs":["10.244.1.0/24"]}}`, nil},
		"no range yet":            {`{"status":{"addresses":[{"type":"InternalIP","address":"172.18.0.3"}]}}`, nil},
		"no address that fits":    {`{"spec":{"podCIDRs":["fd00:1::/64"]},"status":{"addresses":[{"type":"InternalIP","address":"172.18.0.3"}]}}`, nil},
		"what is no range at all": {`{"spec":{"podCIDRs":["x"]},"status":{"addresses":[{"type":"InternalIP","address":"172.18.0.3"}]}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, route := range routesTo(decode(t, test.node)) {
				got = append(got, route.pods.String()+" "+route.gateway.String())
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCNIConfig(t *testing.T) {
	text, err := cniConfig([]string{"10.244.1.0/24", "fd00:1::/64"}, 1400)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Plugins []struct {
			Type string
			MTU  int
			IPAM struct {
				Ranges [][]struct{ Subnet string }
				Routes []struct{ Dst string }
			}
		}
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	first := config.Plugins[0]
	if first.Type != "ptp" || first.MTU != 1400 {
		t.Errorf("got %s with MTU %d", first.Type, first.MTU)
	}
	// A pool for each family, so that a pod has an address of each.
	if len(first.IPAM.Ranges) != 2 || first.IPAM.Ranges[1][0].Subnet != "fd00:1::/64" {
		t.Errorf("got ranges %v", first.IPAM.Ranges)
	}
	if first.IPAM.Routes[0].Dst != "0.0.0.0/0" || first.IPAM.Routes[1].Dst != "::/0" {
		t.Errorf("got routes %v", first.IPAM.Routes)
	}
	if _, err := cniConfig([]string{"10.244.1.0"}, 1500); err == nil {
		t.Error("an address passed for a range")
	}
}
