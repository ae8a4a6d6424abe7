package provider

import (
	"context"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestWhatAPreviewKnowsOfAMachine(t *testing.T) {
	for token, c := range map[string]struct {
		inputs         property.Map
		known, unknown []string
	}{
		"compute:VirtualMachine":          {machine(size, sku), []string{"vmName", "location"}, []string{"name", "vmId", "timeCreated"}},
		"compute:Disk":                    {dataDisk(), []string{"diskSizeGB"}, []string{"name", "uniqueId", "diskSizeBytes"}},
		"compute:VirtualMachineExtension": {extension(), []string{"type"}, []string{"name", "provisioningState"}},
		"devtestlab:GlobalSchedule":       {schedule(), []string{"name"}, []string{"type", "uniqueIdentifier"}},
	} {
		made, err := New("1.2.3").Create(context.Background(), p.CreateRequest{Urn: urn(token), Properties: c.inputs, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, output := range c.known {
			if !made.Properties.Get(output).Equals(c.inputs.Get(output)) {
				t.Errorf("%s: %s is %v", token, output, made.Properties.Get(output))
			}
		}
		for _, output := range c.unknown {
			if !made.Properties.Get(output).IsComputed() {
				t.Errorf("%s: %s is %v", token, output, made.Properties.Get(output))
			}
		}
	}
}

// unknownEach is every version of a value in which one part of it is not known yet.
func unknownEach(path string, v property.Value) map[string]property.Value {
	all := map[string]property.Value{path: property.New(property.Computed)}
	switch {
	case v.IsMap():
		for key, inner := range v.AsMap().All {
			for at, changed := range unknownEach(path+"."+key, inner) {
				all[at] = property.New(v.AsMap().Set(key, changed))
			}
		}
	case v.IsArray():
		elements := v.AsArray().AsSlice()
		for i, inner := range elements {
			for at, changed := range unknownEach(path+"[]", inner) {
				copied := append([]property.Value{}, elements...)
				copied[i] = changed
				all[at] = property.New(property.NewArray(copied))
			}
		}
	}
	return all
}

func linuxMachine() property.Map {
	linux := machine(size, sku)
	storage := linux.Get("storageProfile").AsMap().Set("imageReference", object(values{
		"publisher": text("Canonical"), "offer": text("ubuntu-24_04-lts"), "sku": text("server"), "version": text("latest"),
	}))
	key := object(values{"path": text("/home/kube/.ssh/authorized_keys"), "keyData": text("ssh-rsa AAAAB3NzaC1yc2E= a@b")})
	return linux.Set("storageProfile", property.New(storage)).Set("osProfile", object(values{
		"computerName": text("agent"), "adminUsername": text("kube"), "linuxConfiguration": object(values{
			"disablePasswordAuthentication": property.New(true), "ssh": object(values{"publicKeys": list(key)}),
		}),
	}))
}

func TestWhatIsNotKnownYetOfAMachinePasses(t *testing.T) {
	for token, all := range map[string][]property.Map{
		"compute:VirtualMachine":                           {machine(size, sku), linuxMachine()},
		"compute:Disk":                                     {dataDisk()},
		"compute:VirtualMachineExtension":                  {extension()},
		"compute:VirtualMachineRunCommandByVirtualMachine": {command()},
		"devtestlab:GlobalSchedule":                        {schedule()},
	} {
		for _, inputs := range all {
			for path, changed := range unknownEach("", property.New(inputs)) {
				if path == "" {
					continue
				}
				checked, err := New("1.2.3").Check(context.Background(), p.CheckRequest{Urn: urn(token), Inputs: changed.AsMap()})
				if err != nil || len(checked.Failures) > 0 {
					t.Errorf("%s, without %s: got %v, %v", token, path, checked.Failures, err)
				}
			}
		}
	}
}
