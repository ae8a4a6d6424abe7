// Package arm is an Azure Resource Manager in memory, for the few types of resources that kubedev declares: what it takes,
// what it refuses and what it fills in. Its subscription has an id of zeros alone, so that nothing of it is ever taken for
// something real.
package arm

import "strings"

// Properties of a resource, as the plugin azure-native names them: what was asked for, and what the manager has filled in.
type Properties = map[string]any

// SubscriptionID no real subscription has.
const SubscriptionID = "00000000-0000-0000-0000-000000000000"

// Kind is one of the types of resources that are known.
type Kind struct {
	// Token is that of the plugin azure-native.
	Token string
	// Arm is the type, as Microsoft.Network/virtualNetworks.
	Arm string
	// Path has the properties that name it and what it is in, outermost first, below its resource group.
	Path []string
	// Name is the rule for its own name.
	Name NameRule
	// Required properties, beside those that name it. An SDK asks for some of them, the manager for all.
	Required []string
	// Replaces has the properties for which the plugin plans another resource, beside those that name it.
	Replaces []string
	// Fixed has those that the manager refuses to change, with what they are in, as osProfile.computerName.
	Fixed []string
	// Hidden has those that the manager never gives back; it keeps digests of them.
	Hidden []string
	// Outputs that are filled in beside those of every kind.
	Outputs []string
	// check finds what is wrong with the properties alone.
	check func(Properties) []Fault
	// place finds what is wrong with them where the others are as they are, and fills in what Azure adds.
	place func(*Subscription, *Resource) error
}

// Tokens that other kinds ask for.
const (
	subnetToken    = "azure-native:network:Subnet"
	addressToken   = "azure-native:network:PublicIPAddress"
	interfaceToken = "azure-native:network:NetworkInterface"
	diskToken      = "azure-native:compute:Disk"
	machineToken   = "azure-native:compute:VirtualMachine"
	extensionToken = "azure-native:compute:VirtualMachineExtension"
	commandToken   = "azure-native:compute:VirtualMachineRunCommandByVirtualMachine"
)

// Kinds are all of them. What replaces a resource is from the plugin's own table (pulumi-azure-native,
// provider/pkg/gen/replacement.go) and what ARM's specification marks with x-ms-mutability as "create" without "update"
// (properties.go there), as the location of TrackedResource, on which those of Microsoft.Compute are built (common-types, v3);
// that ids and names do is so for every type.
var Kinds = []*Kind{
	&resourceGroup, &virtualNetwork, &subnet, &securityGroup, &publicAddress, &networkInterface,
	&disk, &virtualMachine, &machineExtension, &runCommand, &shutdownSchedule,
}

// KindOf finds a kind by its token; nil if it is not known.
func KindOf(token string) *Kind {
	for _, kind := range Kinds {
		if kind.Token == token {
			return kind
		}
	}
	return nil
}

// Tokens of all kinds.
func Tokens() []string {
	var all []string
	for _, kind := range Kinds {
		all = append(all, kind.Token)
	}
	return all
}

// NamedBy lists the properties that name a resource, the resource group first.
func (k *Kind) NamedBy() []string {
	if k == &resourceGroup {
		return k.Path
	}
	return append([]string{"resourceGroupName"}, k.Path...)
}

// OwnName is the property with its own name.
func (k *Kind) OwnName() string { return k.Path[len(k.Path)-1] }

// FilledIn lists the outputs that only the manager knows.
func (k *Kind) FilledIn() []string {
	return append([]string{"name", "type", "provisioningState"}, k.Outputs...)
}

// ID of the resource that these properties name.
func (k *Kind) ID(properties Properties) string {
	named := func(property string) string { text, _ := properties[property].(string); return text }
	id := "/subscriptions/" + SubscriptionID + "/resourceGroups/"
	if k == &resourceGroup {
		return id + named("resourceGroupName")
	}
	namespace, types, _ := strings.Cut(k.Arm, "/")
	id += named("resourceGroupName") + "/providers/" + namespace
	for i, part := range strings.Split(types, "/") {
		id += "/" + part + "/" + named(k.Path[i])
	}
	return id
}

var resourceGroup = Kind{
	Token:    "azure-native:resources:ResourceGroup",
	Arm:      "Microsoft.Resources/resourceGroups",
	Path:     []string{"resourceGroupName"},
	Name:     groupName,
	Required: []string{"location"},
	Replaces: []string{"location"},
}
