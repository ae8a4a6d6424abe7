package arm

import (
	"fmt"
	"regexp"
	"strings"
)

// machineExtension is by the ARM reference of Microsoft.Compute/virtualMachines/extensions.
var machineExtension = Kind{
	Token:    extensionToken,
	Arm:      "Microsoft.Compute/virtualMachines/extensions",
	Path:     []string{"vmName", "vmExtensionName"},
	Name:     withinMachineName,
	Required: []string{"location", "publisher", "type", "typeHandlerVersion"},
	Replaces: []string{"location"},
	// terraform-provider-azurerm, issue 1506; Azure/custom-script-extension-linux, issue 105.
	Fixed:  []string{"location", "publisher", "type"},
	Hidden: []string{"protectedSettings"},
	check: func(p Properties) []Fault {
		j := newJudge(p)
		j.allow("typeHandlerVersion", "major.minor, as 1.10", like(regexp.MustCompile(`^\d+\.\d+(\.\d+)*$`)))
		if j.given("protectedSettings") && j.given("protectedSettingsFromKeyVault") {
			j.fault("protectedSettingsFromKeyVault", "got both; expected it or protectedSettings")
		}
		return *j.faults
	},
	place: func(s *Subscription, r *Resource) error {
		handler := func(r *Resource) string { return fmt.Sprintf("%v.%v", r.Properties["publisher"], r.Properties["type"]) }
		for _, other := range s.siblings(r) {
			// The code and the words are Azure's (azure-quickstart-templates, issue 4493).
			if strings.EqualFold(handler(other), handler(r)) {
				return refuse("BadRequest", "multiple VMExtensions per handler not supported. VMExtension %v with handler %s "+
					"already added or specified in input", other.Properties["name"], handler(other))
			}
		}
		return nil
	},
}

// mostCommands of one machine (MicrosoftDocs/azure-docs, issue 117976, which has the words of the refusal and not its code).
const mostCommands = 25

// runCommand is by the ARM reference of Microsoft.Compute/virtualMachines/runCommands. It runs nothing: there is no machine.
var runCommand = Kind{
	Token:    commandToken,
	Arm:      "Microsoft.Compute/virtualMachines/runCommands",
	Path:     []string{"vmName", "runCommandName"},
	Name:     withinMachineName,
	Required: []string{"location"},
	Replaces: []string{"location"},
	Fixed:    []string{"location"},
	Hidden:   []string{"protectedParameters", "runAsPassword"},
	check: func(p Properties) []Fault {
		j := newJudge(p)
		// "Use only one of these script sources" (ComputeRP.json, VirtualMachineRunCommandScriptSource). Whatever is unknown may be it.
		given := 0
		for _, source := range []string{"script", "scriptUri", "commandId"} {
			if j.given("source." + source) {
				given++
			}
		}
		if _, open := j.value("source"); open && given != 1 {
			j.fault("source", "got "+[]string{"nothing", "", "two", "three"}[given]+"; expected one of script, scriptUri, commandId")
		}
		// Hours and days are welcome ("Run scripts in your Windows VM by using managed Run Commands"), and so are 20 seconds.
		j.allow("timeoutInSeconds", "a whole number above 0", whole(1, 1<<31-1))
		for _, list := range []string{"parameters", "protectedParameters"} {
			for _, parameter := range j.each(list) {
				parameter.want("name", "a name", isText)
			}
		}
		return *j.faults
	},
	place: func(s *Subscription, r *Resource) error {
		if there := s.siblings(r); len(there) >= mostCommands {
			return refuse("OperationNotAllowed", "the maximum number of managed Run commands (max=%d, current=%d) has been exceeded",
				mostCommands, len(there))
		}
		return nil
	},
}

// siblings are the others of its kind in what a resource is in.
func (s *Subscription) siblings(r *Resource) []*Resource {
	within := strings.ToLower(r.ID[:strings.LastIndex(r.ID, "/")+1])
	var all []*Resource
	for _, other := range s.sorted() {
		if strings.HasPrefix(strings.ToLower(other.ID), within) && !strings.EqualFold(other.ID, r.ID) {
			all = append(all, other)
		}
	}
	return all
}
