package main

import (
	"log"
	"net"
	"os"

	"github.com/vishvananda/netlink"
)

// network is what podroutes has set up on its node.
type network struct {
	self       string
	configured bool
	gateways   map[string]string
}

func newNetwork(self string) *network { return &network{self: self, gateways: map[string]string{}} }

// follow makes the node's network what the nodes of the cluster say.
func (n *network) follow(nodes []node) error {
	for _, other := range nodes {
		if other.Metadata.Name == n.self {
			if err := n.configure(other); err != nil {
				return err
			}
			continue
		}
		for _, route := range routesTo(other) {
			if err := n.route(route); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *network) configure(self node) error {
	addresses := self.internalIPs()
	if n.configured || len(self.Spec.PodCIDRs) == 0 || len(addresses) == 0 {
		return nil
	}
	text, err := cniConfig(self.Spec.PodCIDRs, mtuOf(addresses[0]))
	if err != nil {
		return err
	}
	// The container runtime reads whatever it finds: never half a file.
	if err := os.WriteFile(configFile+".new", text, 0o644); err != nil {
		return err
	}
	if err := os.Rename(configFile+".new", configFile); err != nil {
		return err
	}
	n.configured = true
	log.Print("pod ranges of this node: ", self.Spec.PodCIDRs)
	return nil
}

// podRoute leads to the pods of another node.
type podRoute struct {
	pods    *net.IPNet
	gateway net.IP
}

func routesTo(other node) []podRoute {
	var routes []podRoute
	for _, cidr := range other.Spec.PodCIDRs {
		_, pods, err := net.ParseCIDR(cidr)
		if err != nil {
			continue
		}
		for _, gateway := range other.internalIPs() {
			if isIPv4(gateway) == isIPv4(pods.IP) {
				routes = append(routes, podRoute{pods, gateway})
				break
			}
		}
	}
	return routes
}

func isIPv4(ip net.IP) bool { return ip.To4() != nil }

func (n *network) route(wanted podRoute) error {
	to, via := wanted.pods.String(), wanted.gateway.String()
	if n.gateways[to] == via {
		return nil
	}
	if err := netlink.RouteReplace(&netlink.Route{Dst: wanted.pods, Gw: wanted.gateway}); err != nil {
		return &net.OpError{Op: "route to " + to + " via " + via, Err: err}
	}
	n.gateways[to] = via
	log.Printf("route to %s via %s", to, via)
	return nil
}

// mtuOf is the MTU of the interface that has an address.
func mtuOf(address net.IP) int {
	interfaces, _ := net.Interfaces()
	for _, candidate := range interfaces {
		addresses, _ := candidate.Addrs()
		for _, its := range addresses {
			if network, ok := its.(*net.IPNet); ok && network.IP.Equal(address) {
				return candidate.MTU
			}
		}
	}
	return 1500
}
