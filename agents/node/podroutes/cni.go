package main

import (
	"encoding/json"
	"net"
)

type object = map[string]any

// cniConfig gives pods addresses out of the node's ranges (CNI specification 1.0.0; plugins ptp, host-local and portmap).
func cniConfig(ranges []string, mtu int) ([]byte, error) {
	var pools [][]object
	var routes []object
	for _, cidr := range ranges {
		ip, _, err := net.ParseCIDR(cidr)
		if err != nil {
			return nil, err
		}
		pools = append(pools, []object{{"subnet": cidr}})
		everywhere := "::/0"
		if isIPv4(ip) {
			everywhere = "0.0.0.0/0"
		}
		routes = append(routes, object{"dst": everywhere})
	}
	ipam := object{"type": "host-local", "dataDir": "/run/cni-ipam-state", "ranges": pools, "routes": routes}
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "podroutes",
		"plugins": []object{
			{"type": "ptp", "ipMasq": true, "mtu": mtu, "ipam": ipam},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
}
