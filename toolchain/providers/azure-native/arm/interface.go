package arm

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"
)

var networkInterface = Kind{
	Token:    interfaceToken,
	Arm:      "Microsoft.Network/networkInterfaces",
	Path:     []string{"networkInterfaceName"},
	Name:     networkName,
	Required: []string{"location", "ipConfigurations"},
	Fixed:    []string{"location"},
	// An address within a configuration makes all of them unknown.
	Outputs: []string{"macAddress", "ipConfigurations"},
	check: func(p Properties) []Fault {
		configurations, known := p["ipConfigurations"].([]any)
		if known && len(configurations) == 0 {
			return []Fault{{"ipConfigurations", "got none; expected at least one"}}
		}
		var faults []Fault
		for i, each := range configurations {
			configuration, _ := each.(Properties)
			for _, property := range []string{"name", "subnet"} {
				if configuration != nil && configuration[property] == nil {
					faults = append(faults, Fault{fmt.Sprintf("ipConfigurations[%d].%s", i, property), "got nothing; expected it"})
				}
			}
		}
		return faults
	},
	place: placeInterface,
}

// placeInterface gives it private addresses of its subnets, and a hardware address.
func placeInterface(s *Subscription, r *Resource) error {
	if err := s.checkOneUser(r); err != nil {
		return err
	}
	before := map[string]any{}
	if there := s.Find(r.ID); there != nil {
		for _, each := range configurationsOf(there) {
			before[fmt.Sprint(at(each, "name"), at(each, "subnet", "id"))] = each["privateIPAddress"]
		}
	}
	taken := s.privateAddresses(r.ID)
	for _, each := range configurationsOf(r) {
		address := before[fmt.Sprint(at(each, "name"), at(each, "subnet", "id"))]
		if address == nil {
			id, _ := at(each, "subnet", "id").(string)
			inner := s.Find(id)
			text, _ := inner.Properties["addressPrefix"].(string)
			free, err := firstFree(netip.MustParsePrefix(text), taken)
			if err != nil {
				return err
			}
			address = free
		}
		taken[address.(string)] = true
		each["privateIPAddress"] = address
	}
	digest := sha256.Sum256([]byte(strings.ToLower(r.ID)))
	// 00-0D-3A is Microsoft's.
	r.Properties["macAddress"] = fmt.Sprintf("00-0D-3A-%02X-%02X-%02X", digest[0], digest[1], digest[2])
	return nil
}

// checkOneUser wants each public address for itself.
func (s *Subscription) checkOneUser(r *Resource) error {
	for _, reference := range r.References {
		if there := s.Find(reference); there.Token != addressToken {
			continue
		}
		if users := s.users(reference, r.ID); len(users) > 0 {
			return refuse("PublicIPAddressInUse", "%s is used by %s", reference, users[0].ID)
		}
	}
	return nil
}

// privateAddresses that other interfaces have.
func (s *Subscription) privateAddresses(but string) map[string]bool {
	taken := map[string]bool{}
	for _, other := range s.sorted() {
		if other.Token != interfaceToken || strings.EqualFold(other.ID, but) {
			continue
		}
		for _, each := range configurationsOf(other) {
			if address, ok := each["privateIPAddress"].(string); ok {
				taken[address] = true
			}
		}
	}
	return taken
}

func configurationsOf(r *Resource) []Properties {
	list, _ := r.Properties["ipConfigurations"].([]any)
	var all []Properties
	for _, each := range list {
		if configuration, ok := each.(Properties); ok {
			all = append(all, configuration)
		}
	}
	return all
}

// firstFree address of a subnet: the first four and the last one are Azure's.
func firstFree(subnet netip.Prefix, taken map[string]bool) (string, error) {
	address := subnet.Addr()
	for range 4 {
		address = address.Next()
	}
	for ; subnet.Contains(address.Next()); address = address.Next() {
		if text := address.String(); !taken[text] {
			return text, nil
		}
	}
	return "", refuse("SubnetIsFull", "subnet %s has no address left", subnet)
}
