package arm

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestFaultsWithinAMachine(t *testing.T) {
	for name, c := range map[string]struct {
		kind  *Kind
		asked Properties
		want  string
	}{
		"a command":              {&runCommand, command("first"), ""},
		"one by its address":     {&runCommand, with(command("first"), "source", Properties{"scriptUri": "https://host/x"}), ""},
		"nothing to run":         {&runCommand, with(command("first"), "source", nil), "source"},
		"an empty source":        {&runCommand, with(command("first"), "source", Properties{}), "source"},
		"two things to run":      {&runCommand, with(command("first"), "source.commandId", "IPConfig"), "source"},
		"a secret script":        {&runCommand, with(command("first"), "source.script", Digest("x")), ""},
		"hours":                  {&runCommand, with(command("first"), "timeoutInSeconds", 36000.0), ""},
		"no time":                {&runCommand, with(command("first"), "timeoutInSeconds", 0.0), "timeoutInSeconds"},
		"a parameter of no name": {&runCommand, with(command("first"), "parameters", []any{Properties{"value": "x"}}), "parameters[0].name"},
		"no location":            {&runCommand, with(command("first"), "location", nil), "location"},
		"no machine":             {&runCommand, with(command("first"), "vmName", nil), "vmName"},
		"a name with a space":    {&runCommand, command("a b"), "runCommandName"},
		"an extension":           {&machineExtension, extension("first"), ""},
		"a version of one part":  {&machineExtension, with(extension("first"), "typeHandlerVersion", "1"), "typeHandlerVersion"},
		"no publisher":           {&machineExtension, with(extension("first"), "publisher", nil), "publisher"},
		"no type":                {&machineExtension, with(extension("first"), "type", nil), "type"},
		"secrets from two places": {&machineExtension,
			with(with(extension("first"), "protectedSettings.a", "b"), "protectedSettingsFromKeyVault.secretUrl", "x"),
			"protectedSettingsFromKeyVault"},
	} {
		wantFault(t, name, c.kind.Check(c.asked), c.want)
	}
}

func TestIDsWithinAMachine(t *testing.T) {
	const machine = "/subscriptions/" + SubscriptionID + "/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
	if got := runCommand.ID(command("first")); got != machine+"/runCommands/first" {
		t.Errorf("got %s", got)
	}
	if got := machineExtension.ID(extension("first")); got != machine+"/extensions/first" {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsInNoMachine(t *testing.T) {
	_, err := made(t).Put(&runCommand, command("first"))
	wantCode(t, err, "ParentResourceNotFound")
	_, err = made(t).Put(&machineExtension, extension("first"))
	wantCode(t, err, "ParentResourceNotFound")
}

func TestSoManyCommandsAndNoMore(t *testing.T) {
	s := withMachine(t)
	for i := range mostCommands {
		put(t, s, &runCommand, command(fmt.Sprint("c", i)))
	}
	_, err := s.Put(&runCommand, command("last"))
	wantCode(t, err, "OperationNotAllowed")
	put(t, s, &runCommand, with(command("c0"), "source.script", "Get-Host"))
	_, err = s.Put(&runCommand, with(command("c0"), "location", "northeurope"))
	wantCode(t, err, "PropertyChangeNotAllowed")
}

func TestOneExtensionOfAHandler(t *testing.T) {
	s := withMachine(t)
	made := put(t, s, &machineExtension, extension("first"))
	if made["type"] != "CustomScriptExtension" || made["name"] != "first" {
		t.Errorf("got %v", made)
	}
	_, err := s.Put(&machineExtension, extension("second"))
	wantCode(t, err, "BadRequest")
	put(t, s, &machineExtension, with(extension("second"), "type", "BGInfo"))
	put(t, s, &machineExtension, with(extension("first"), "forceUpdateTag", "2"))
	_, err = s.Put(&machineExtension, with(extension("first"), "type", "Other"))
	wantCode(t, err, "PropertyChangeNotAllowed")
}

func TestWhatIsNeverGivenBackIsADigest(t *testing.T) {
	s := withMachine(t)
	parameter := []any{Properties{"name": "token", "value": "sesame"}}
	put(t, s, &runCommand, with(with(command("first"), "protectedParameters", parameter), "runAsPassword", "sesame"))
	protected := with(extension("first"), "protectedSettings.commandToExecute", "open sesame")
	put(t, s, &machineExtension, protected)
	kept, err := json.Marshal(s)
	if err != nil || strings.Contains(string(kept), "sesame") || strings.Contains(string(kept), "correct Horse") {
		t.Errorf("got %s, %v", kept, err)
	}
	if at(protected, "protectedSettings", "commandToExecute") != "open sesame" {
		t.Errorf("what was asked for is another's: %v", protected)
	}
	put(t, s, &virtualMachine, with(machine("vm", "nic", "data"), wordOf, Digest("correct Horse 7")))
}
