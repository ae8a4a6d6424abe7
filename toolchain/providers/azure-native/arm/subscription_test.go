package arm

import (
	"net/netip"
	"strings"
	"testing"
	"testing/quick"
)

func TestIDs(t *testing.T) {
	const below = "/subscriptions/" + SubscriptionID + "/resourceGroups/rg"
	for want, got := range map[string]string{
		below: resourceGroup.ID(group()),
		below + "/providers/Microsoft.Network/virtualNetworks/vnet":                virtualNetwork.ID(network()),
		below + "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/agents": subnet.ID(subnetOf("agents", "")),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWhatIsFilledIn(t *testing.T) {
	s := made(t)
	there := s.Find(strings.ToUpper(networkInterface.ID(nic("nic", "", ""))))
	if there == nil {
		t.Fatal("found by its exact letters only")
	}
	configuration := configurationsOf(there)[0]
	if got := configuration["privateIPAddress"]; got != "10.60.0.4" {
		t.Errorf("the first address of a subnet that is Azure's: got %v", got)
	}
	if got := s.Find(publicAddress.ID(address("pip"))).Properties["ipAddress"]; got != "192.0.2.1" {
		t.Errorf("got %v", got)
	}
	if there.Properties["name"] != "nic" || there.Properties["type"] != networkInterface.Arm {
		t.Errorf("got %v", there.Properties)
	}
	second := put(t, s, &networkInterface, nic("nic2", subnet.ID(subnetOf("agents", "")), ""))
	list := second["ipConfigurations"].([]any)
	if got := at(list[0].(Properties), "privateIPAddress"); got != "10.60.0.5" {
		t.Errorf("got %v", got)
	}
}

func TestAddressesStayThroughAChange(t *testing.T) {
	s := made(t)
	put(t, s, &networkInterface, nic("nic2", subnet.ID(subnetOf("agents", "")), ""))
	changed := address("pip")
	changed["tags"] = Properties{"a": "b"}
	if got := put(t, s, &publicAddress, changed)["ipAddress"]; got != "192.0.2.1" {
		t.Errorf("got %v", got)
	}
	again := nic("nic", subnet.ID(subnetOf("agents", "")), "")
	list := put(t, s, &networkInterface, again)["ipConfigurations"].([]any)
	if got := at(list[0].(Properties), "privateIPAddress"); got != "10.60.0.4" {
		t.Errorf("got %v", got)
	}
}

func TestRefusals(t *testing.T) {
	inSubnet := subnet.ID(subnetOf("agents", ""))
	moved := nic("nic", inSubnet, "")
	moved["location"] = "northeurope"
	for name, c := range map[string]struct {
		kind  *Kind
		asked Properties
		code  string
	}{
		"a subnet outside of its network":   {&subnet, subnetOf("other", "10.61.0.0/24"), "NetcfgSubnetRangeOutsideVnet"},
		"a subnet over another one":         {&subnet, subnetOf("other", "10.60.0.128/25"), "NetcfgSubnetRangesOverlap"},
		"a network without room for a part": {&virtualNetwork, network("10.61.0.0/16"), "NetcfgSubnetRangeOutsideVnet"},
		"an address of two":                 {&networkInterface, nic("nic2", inSubnet, publicAddress.ID(address("pip"))), "PublicIPAddressInUse"},
		"what is not there":                 {&networkInterface, nic("nic2", inSubnet+"x", ""), "InvalidResourceReference"},
		"another location":                  {&networkInterface, moved, "PropertyChangeNotAllowed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := made(t).Put(c.kind, c.asked)
			wantCode(t, err, c.code)
		})
	}
	_, err := (&Subscription{}).Put(&virtualNetwork, network("10.60.0.0/16"))
	wantCode(t, err, "ResourceGroupNotFound")
	empty := &Subscription{}
	put(t, empty, &resourceGroup, group())
	_, err = empty.Put(&subnet, subnetOf("agents", "10.60.0.0/24"))
	wantCode(t, err, "ParentResourceNotFound")
}

func TestDelete(t *testing.T) {
	s := made(t)
	for _, used := range []string{
		virtualNetwork.ID(network()), subnet.ID(subnetOf("agents", "")), publicAddress.ID(address("pip")),
	} {
		wantCode(t, s.Delete(used), "InUse")
	}
	if err := s.Delete(networkInterface.ID(nic("nic", "", ""))); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(virtualNetwork.ID(network())); err != nil {
		t.Fatal(err)
	}
	if s.Find(subnet.ID(subnetOf("agents", ""))) != nil {
		t.Error("a subnet goes with its network")
	}
	s = made(t)
	if err := s.Delete(resourceGroup.ID(group())); err != nil || len(s.Resources) != 0 {
		t.Errorf("a resource group takes all with it: %v, %v", err, s.Resources)
	}
	if err := s.Delete(resourceGroup.ID(group())); err != nil {
		t.Errorf("what is gone can be deleted: %v", err)
	}
}

func TestFaults(t *testing.T) {
	rule := func(change Properties) Properties {
		rule := Properties{
			"name": "ssh", "priority": 1000.0, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
			"sourceAddressPrefixes": []any{"203.0.113.7/32"}, "sourcePortRange": "*",
			"destinationAddressPrefix": "*", "destinationPortRange": "22",
		}
		for key, value := range change {
			rule[key] = value
		}
		return Properties{
			"resourceGroupName": "rg", "networkSecurityGroupName": "nsg", "location": location, "securityRules": []any{rule},
		}
	}
	twice := rule(nil)
	twice["securityRules"] = append(twice["securityRules"].([]any), twice["securityRules"].([]any)[0])
	dynamic, basic := address("pip"), address("pip")
	dynamic["publicIPAllocationMethod"] = "Dynamic"
	basic["sku"] = Properties{"name": "Basic"}
	for name, c := range map[string]struct {
		kind  *Kind
		asked Properties
		want  string
	}{
		"a rule":                  {&securityGroup, rule(nil), ""},
		"a priority":              {&securityGroup, rule(Properties{"priority": 99.0}), "securityRules[0].priority"},
		"a direction":             {&securityGroup, rule(Properties{"direction": "In"}), "securityRules[0].direction"},
		"a range with host bits":  {&securityGroup, rule(Properties{"sourceAddressPrefixes": []any{"203.0.113.7/24"}}), "securityRules[0].sourceAddressPrefixes"},
		"everybody in a list":     {&securityGroup, rule(Properties{"sourceAddressPrefixes": []any{"*"}}), "securityRules[0].sourceAddressPrefixes"},
		"two kinds of sources":    {&securityGroup, rule(Properties{"sourceAddressPrefix": "*"}), "securityRules[0].sourceAddressPrefixes"},
		"ports the wrong way":     {&securityGroup, rule(Properties{"destinationPortRange": "23-22"}), "securityRules[0].destinationPortRange"},
		"a rule twice":            {&securityGroup, twice, "securityRules[1].name"},
		"a network's range":       {&virtualNetwork, network("10.60.0.1/16"), "addressSpace.addressPrefixes[0]"},
		"a range that is kept":    {&virtualNetwork, network("169.254.0.0/16"), "addressSpace.addressPrefixes[0]"},
		"a subnet too small":      {&subnet, subnetOf("a", "10.60.0.0/30"), "addressPrefix"},
		"a dynamic address":       {&publicAddress, dynamic, "publicIPAllocationMethod"},
		"a basic address":         {&publicAddress, basic, "sku.name"},
		"no location":             {&resourceGroup, Properties{"resourceGroupName": "rg"}, "location"},
		"a name with a period":    {&resourceGroup, Properties{"resourceGroupName": "rg.", "location": location}, "resourceGroupName"},
		"a name with a space":     {&subnet, subnetOf("a b", "10.60.0.0/24"), "subnetName"},
		"no subnet":               {&networkInterface, nic("n", "", ""), ""},
		"no configuration at all": {&networkInterface, Properties{"resourceGroupName": "rg", "networkInterfaceName": "n", "location": location, "ipConfigurations": []any{}}, "ipConfigurations"},
	} {
		faults := c.kind.Check(c.asked)
		switch {
		case c.want == "" && len(faults) > 0:
			t.Errorf("%s: got %v, want none", name, faults)
		case c.want != "" && (len(faults) == 0 || faults[0].Property != c.want):
			t.Errorf("%s: got %v, want one of %s", name, faults, c.want)
		}
	}
}

func TestPrivateAddressesAreDistinctAndWithinTheirSubnet(t *testing.T) {
	property := func(count uint8) bool {
		s := made(t)
		within, seen := netip.MustParsePrefix("10.60.0.0/24"), map[string]bool{"10.60.0.4": true}
		for i := range int(count) % 40 {
			name := "nic-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
			list := put(t, s, &networkInterface, nic(name, subnet.ID(subnetOf("agents", "")), ""))["ipConfigurations"].([]any)
			text := at(list[0].(Properties), "privateIPAddress").(string)
			if seen[text] || !within.Contains(netip.MustParseAddr(text)) {
				return false
			}
			seen[text] = true
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 20}); err != nil {
		t.Error(err)
	}
}

func TestAFullSubnet(t *testing.T) {
	s := made(t)
	put(t, s, &subnet, subnetOf("small", "10.60.1.0/29"))
	small := subnet.ID(subnetOf("small", ""))
	for _, name := range []string{"a1", "a2", "a3"} {
		put(t, s, &networkInterface, nic(name, small, ""))
	}
	_, err := s.Put(&networkInterface, nic("a4", small, ""))
	wantCode(t, err, "SubnetIsFull")
}
