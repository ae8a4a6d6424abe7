package arm

import (
	"fmt"
	"regexp"
)

// NameRule is what a name may be, from Azure's "Naming rules and restrictions for Azure resources"
// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
type NameRule struct {
	min, max int
	form     *regexp.Regexp
	words    string
}

var (
	groupName = NameRule{
		1, 90, regexp.MustCompile(`^[\p{L}\p{Nd}_().-]*[\p{L}\p{Nd}_()-]$`),
		"letters, digits, underscores, parentheses, hyphens and periods, the last one no period",
	}
	networkForm  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	networkWords = "letters, digits, underscores, periods and hyphens, the first one a letter or digit, " +
		"the last one a letter, digit or underscore"
	virtualNetworkName = NameRule{2, 64, networkForm, networkWords}
	networkName        = NameRule{1, 80, networkForm, networkWords}
	// "The actual resource name can have up to 64 characters"; its form as Azure's portal and Terraform take it.
	machineName = NameRule{1, 64, networkForm, networkWords}
	// ARM reference, Microsoft.Compute/disks, name.
	diskName = NameRule{1, 80, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), "letters, digits, underscores and hyphens"}
	// What is within a machine has no rule in that list; this one is Terraform's, for run commands.
	withinMachineName = NameRule{1, 80, networkForm, networkWords}
)

// Fault is what is wrong with a property.
type Fault struct {
	Property, Reason string
}

func (r NameRule) check(property, name string) []Fault {
	if length := len([]rune(name)); length >= r.min && length <= r.max && r.form.MatchString(name) {
		return nil
	}
	return []Fault{{property, fmt.Sprintf("got %q; expected %d to %d characters: %s", name, r.min, r.max, r.words)}}
}
