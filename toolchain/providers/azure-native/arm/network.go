package arm

import (
	"fmt"
	"net/netip"
	"strings"

	"kubedev.dev/toolchain/providers/base/plain"
)

var virtualNetwork = Kind{
	Token:    "azure-native:network:VirtualNetwork",
	Arm:      "Microsoft.Network/virtualNetworks",
	Path:     []string{"virtualNetworkName"},
	Name:     virtualNetworkName,
	Required: []string{"location", "addressSpace"},
	Replaces: []string{"location"},
	check: func(p Properties) []Fault {
		var faults []Fault
		for i, text := range texts(p, "addressSpace", "addressPrefixes") {
			faults = append(faults, checkRange(fmt.Sprintf("addressSpace.addressPrefixes[%d]", i), text)...)
		}
		return faults
	},
	place: func(s *Subscription, network *Resource) error {
		for _, inner := range s.subnetsOf(network.ID) {
			if text, _ := inner.Properties["addressPrefix"].(string); !holds(network.Properties, text) {
				return refuse("NetcfgSubnetRangeOutsideVnet", "the address space of %s would not hold its subnet %s, %s",
					network.ID, inner.Properties["name"], text)
			}
		}
		return nil
	},
}

var subnet = Kind{
	Token:    subnetToken,
	Arm:      "Microsoft.Network/virtualNetworks/subnets",
	Path:     []string{"virtualNetworkName", "subnetName"},
	Name:     networkName,
	Required: []string{"addressPrefix"},
	check: func(p Properties) []Fault {
		text, known := p["addressPrefix"].(string)
		if !known {
			return nil
		}
		return checkRange("addressPrefix", text)
	},
	place: func(s *Subscription, r *Resource) error {
		text, _ := r.Properties["addressPrefix"].(string)
		network := s.Find(virtualNetwork.ID(r.Properties))
		if !holds(network.Properties, text) {
			return refuse("NetcfgSubnetRangeOutsideVnet", "%s is not within the address space of %s", text, network.ID)
		}
		own := netip.MustParsePrefix(text)
		for _, other := range s.subnetsOf(network.ID) {
			theirs, _ := other.Properties["addressPrefix"].(string)
			if !strings.EqualFold(other.ID, r.ID) && own.Overlaps(netip.MustParsePrefix(theirs)) {
				return refuse("NetcfgSubnetRangesOverlap", "%s overlaps with subnet %s, %s", text, other.Properties["name"], theirs)
			}
		}
		return nil
	},
}

var publicAddress = Kind{
	Token:    addressToken,
	Arm:      "Microsoft.Network/publicIPAddresses",
	Path:     []string{"publicIpAddressName"},
	Name:     networkName,
	Required: []string{"location"},
	Replaces: []string{"location", "publicIPAddressVersion", "publicIPPrefix", "sku"},
	Outputs:  []string{"ipAddress"},
	check: func(p Properties) []Fault {
		// Basic ones are retired since September 2025; a Standard one is never dynamic (Azure, "Public IP addresses").
		var faults []Fault
		if sku := at(p, "sku", "name"); sku != "Standard" && !plain.IsUnknown(sku) && !plain.IsUnknown(p["sku"]) {
			faults = append(faults, Fault{"sku.name", fmt.Sprintf("got %v; expected Standard", sku)})
		}
		if method := p["publicIPAllocationMethod"]; method != "Static" && !plain.IsUnknown(method) {
			faults = append(faults, Fault{"publicIPAllocationMethod", fmt.Sprintf("got %v; expected Static, as Standard ones are", method)})
		}
		return faults
	},
	place: func(s *Subscription, r *Resource) error {
		if before := s.Find(r.ID); before != nil {
			r.Properties["ipAddress"] = before.Properties["ipAddress"]
			return nil
		}
		// Of the ranges that RFC 5737 keeps for documentation: nobody is ever there.
		documentation := []string{"192.0.2", "198.51.100", "203.0.113"}
		if s.Taken >= len(documentation)*254 {
			return refuse("PublicIPCountLimitReached", "there are no public addresses left")
		}
		r.Properties["ipAddress"] = fmt.Sprintf("%s.%d", documentation[s.Taken/254], s.Taken%254+1)
		s.Taken++
		return nil
	},
}

// kept by Azure (Azure Virtual Network FAQ).
var kept = []netip.Prefix{
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("168.63.129.16/32"),
}

// checkRange takes IPv4 ranges of 8 addresses or more: five of each are Azure's own (same source).
func checkRange(property, text string) []Fault {
	fault := func(expected string) []Fault {
		return []Fault{{property, fmt.Sprintf("got %q; expected %s", text, expected)}}
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !prefix.Addr().Is4() || prefix.Masked() != prefix:
		return fault("a range of IPv4 addresses that begins at its first one, as 10.60.0.0/16")
	case prefix.Bits() > 29:
		return fault("/29 or wider")
	}
	for _, own := range kept {
		if own.Overlaps(prefix) {
			return fault(fmt.Sprintf("no address of %s", own))
		}
	}
	return nil
}

// holds tells whether a range is within the address space of a network.
func holds(network Properties, text string) bool {
	inner, err := netip.ParsePrefix(text)
	if err != nil {
		return false
	}
	for _, space := range texts(network, "addressSpace", "addressPrefixes") {
		if outer, err := netip.ParsePrefix(space); err == nil && outer.Contains(inner.Addr()) && outer.Bits() <= inner.Bits() {
			return true
		}
	}
	return false
}

func (s *Subscription) subnetsOf(network string) []*Resource {
	var all []*Resource
	for _, r := range s.sorted() {
		if r.Token == subnetToken && strings.HasPrefix(strings.ToLower(r.ID), strings.ToLower(network)+"/") {
			all = append(all, r)
		}
	}
	return all
}

// at follows keys into properties; nil if there is nothing.
func at(p Properties, keys ...string) any {
	var value any = p
	for _, key := range keys {
		inner, _ := value.(Properties)
		value = inner[key]
	}
	return value
}

// texts are the known strings of a list.
func texts(p Properties, keys ...string) []string {
	list, _ := at(p, keys...).([]any)
	var all []string
	for _, element := range list {
		if text, ok := element.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
