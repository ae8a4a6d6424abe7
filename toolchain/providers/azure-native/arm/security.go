package arm

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kubedev.dev/toolchain/providers/base/plain"
)

var securityGroup = Kind{
	Token:    "azure-native:network:NetworkSecurityGroup",
	Arm:      "Microsoft.Network/networkSecurityGroups",
	Path:     []string{"networkSecurityGroupName"},
	Name:     networkName,
	Required: []string{"location"},
	Fixed:    []string{"location"},
	check: func(p Properties) []Fault {
		rules, _ := p["securityRules"].([]any)
		var faults []Fault
		names, priorities := map[string]bool{}, map[string]bool{}
		for i, each := range rules {
			rule, known := each.(Properties)
			if !known {
				continue
			}
			place := fmt.Sprintf("securityRules[%d]", i)
			faults = append(faults, checkSecurityRule(place, rule)...)
			once := func(seen map[string]bool, property, key string) {
				if seen[key] {
					faults = append(faults, Fault{place + "." + property, fmt.Sprintf("got %v twice; expected each once", rule[property])})
				}
				seen[key] = true
			}
			once(names, "name", strings.ToLower(fmt.Sprint(rule["name"])))
			once(priorities, "priority", fmt.Sprint(rule["direction"], rule["priority"]))
		}
		return faults
	},
}

// checkSecurityRule is by the ARM reference of Microsoft.Network/networkSecurityGroups/securityRules.
func checkSecurityRule(place string, rule Properties) []Fault {
	var faults []Fault
	fault := func(property, expected string) {
		if plain.IsUnknown(rule[property]) {
			return
		}
		faults = append(faults, Fault{place + "." + property, fmt.Sprintf("got %v; expected %s", rule[property], expected)})
	}
	if name, ok := rule["name"].(string); !ok || networkName.check("name", name) != nil {
		fault("name", "1 to 80 characters: "+networkWords)
	}
	if priority, ok := rule["priority"].(float64); !ok || priority < 100 || priority > 4096 {
		fault("priority", "100 to 4096")
	}
	for property, values := range map[string][]string{
		"direction": {"Inbound", "Outbound"}, "access": {"Allow", "Deny"}, "protocol": {"Tcp", "Udp", "Icmp", "Esp", "Ah", "*"},
	} {
		if text, _ := rule[property].(string); !slices.Contains(values, text) {
			fault(property, "one of "+strings.Join(values, ", "))
		}
	}
	either := func(one, many string, is func(string) bool, expected string) {
		switch {
		case eitherOf(rule, one, many, is):
		case rule[many] != nil:
			fault(many, "each as "+expected+", and nothing in "+one)
		default:
			fault(one, expected+" or *, or a list of them in "+many)
		}
	}
	for _, side := range []string{"source", "destination"} {
		either(side+"AddressPrefix", side+"AddressPrefixes", isAddresses, "203.0.113.7/32 or a service tag")
		either(side+"PortRange", side+"PortRanges", isPorts, "22 or 8000-8080")
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Property, b.Property) })
	return faults
}

// eitherOf wants one value, or a list of them, and not both.
func eitherOf(rule Properties, one, many string, is func(string) bool) bool {
	if plain.IsUnknown(rule[one]) || plain.IsUnknown(rule[many]) {
		return true
	}
	text, single := rule[one].(string)
	list, several := rule[many].([]any)
	if single == (several && len(list) > 0) {
		return false
	}
	if single {
		return is(text)
	}
	return !slices.ContainsFunc(list, func(each any) bool {
		text, known := each.(string)
		return !plain.IsUnknown(each) && (!known || text == "*" || !is(text))
	})
}

func isAddresses(text string) bool {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked() == prefix
	}
	_, err := netip.ParseAddr(text)
	return err == nil || slices.Contains([]string{"*", "Internet", "VirtualNetwork", "AzureLoadBalancer"}, text)
}

func isPorts(text string) bool {
	if text == "*" {
		return true
	}
	first, last, isRange := strings.Cut(text, "-")
	low, err := strconv.ParseUint(first, 10, 16)
	if err != nil || !isRange {
		return err == nil
	}
	high, err := strconv.ParseUint(last, 10, 16)
	return err == nil && low <= high
}
