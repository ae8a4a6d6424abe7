package provider

import (
	"context"
	"maps"
	"os"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	toGroup    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
	toNetwork  = toGroup + "/providers/Microsoft.Network/virtualNetworks/vnet"
	toNic      = toGroup + "/providers/Microsoft.Network/networkInterfaces/nic"
	toDisk     = toGroup + "/providers/Microsoft.Compute/disks/data"
	toMachine  = toGroup + "/providers/Microsoft.Compute/virtualMachines/vm"
	toCommand  = toMachine + "/runCommands/first"
	toSchedule = toGroup + "/providers/Microsoft.DevTestLab/schedules/shutdown-computevm-vm"
)

// in is what is within the resource group.
func in(inner values) property.Map {
	return of(inner).Set("resourceGroupName", text("rg")).Set("location", text("westeurope"))
}

func object(inner values) property.Value { return property.New(of(inner)) }
func number(n float64) property.Value    { return property.New(n) }

func dataDisk() property.Map {
	return in(values{"diskName": text("data"), "creationData": object(values{"createOption": text("Empty")}), "diskSizeGB": number(64)})
}

func machine(size, sku string) property.Map {
	return in(values{
		"vmName": text("vm"), "hardwareProfile": object(values{"vmSize": text(size)}),
		"storageProfile": object(values{
			"imageReference": object(values{
				"publisher": text("MicrosoftWindowsServer"), "offer": text("WindowsServer"), "sku": text(sku), "version": text("latest"),
			}),
			"osDisk": object(values{"createOption": text("FromImage"), "deleteOption": text("Delete"), "diskSizeGB": number(128)}),
			"dataDisks": list(object(values{
				"lun": number(0), "createOption": text("Attach"), "managedDisk": object(values{"id": text(toDisk)}),
			})),
		}),
		"osProfile": object(values{
			"computerName": text("agent"), "adminUsername": text("kube"), "adminPassword": text("correct Horse 7").WithSecret(true),
		}),
		"networkProfile": object(values{"networkInterfaces": list(object(values{"id": text(toNic)}))}),
	})
}

const (
	size = "Standard_D4s_v5"
	sku  = "2025-datacenter-core-smalldisk-g2"
)

func command() property.Map {
	return in(values{
		"vmName": text("vm"), "runCommandName": text("first"), "source": object(values{"script": text("Get-Date")}),
		"protectedParameters": list(object(values{"name": text("token"), "value": text("sesame").WithSecret(true)})),
	})
}

func extension() property.Map {
	return in(values{
		"vmName": text("vm"), "vmExtensionName": text("script"), "publisher": text("Microsoft.Compute"),
		"type": text("CustomScriptExtension"), "typeHandlerVersion": text("1.10"),
		"protectedSettings": property.New(of(values{"commandToExecute": text("open sesame")})).WithSecret(true),
	})
}

func schedule() property.Map {
	return in(values{
		"name": text("shutdown-computevm-vm"), "taskType": text("ComputeVmShutdownTask"), "targetResourceId": text(toMachine),
		"dailyRecurrence": object(values{"time": text("1900")}), "timeZoneId": text("UTC"), "status": text("Enabled"),
	})
}

func makeMachine(t *testing.T) p.CreateResponse {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	create(t, "resources:ResourceGroup", group())
	create(t, "network:VirtualNetwork", in(values{
		"virtualNetworkName": text("vnet"), "addressSpace": object(values{"addressPrefixes": list(text("10.60.0.0/16"))}),
	}))
	create(t, "network:Subnet", of(values{
		"resourceGroupName": text("rg"), "virtualNetworkName": text("vnet"), "subnetName": text("agents"), "addressPrefix": text("10.60.0.0/24"),
	}))
	create(t, "network:NetworkInterface", in(values{
		"networkInterfaceName": text("nic"),
		"ipConfigurations": list(object(values{
			"name": text("main"), "subnet": object(values{"id": text(toNetwork + "/subnets/agents")}),
		})),
	}))
	create(t, "compute:Disk", dataDisk())
	return create(t, "compute:VirtualMachine", machine(size, sku))
}

func TestLifeOfAMachine(t *testing.T) {
	made := makeMachine(t)
	provider, ctx := New("1.2.3"), context.Background()
	if id := made.Properties.Get("vmId"); made.ID != toMachine || !id.IsString() {
		t.Errorf("got %s, %v", made.ID, made.Properties)
	}
	if got := made.Properties.Get("osProfile").AsMap().Get("adminPassword"); !got.Secret() || got.AsString() != "correct Horse 7" {
		t.Errorf("got %v", got)
	}
	for token, c := range map[string]struct {
		inputs property.Map
		id     string
	}{
		"compute:VirtualMachineRunCommandByVirtualMachine": {command(), toCommand},
		"compute:VirtualMachineExtension":                  {extension(), toMachine + "/extensions/script"},
		"devtestlab:GlobalSchedule":                        {schedule(), toSchedule},
	} {
		if got := create(t, token, c.inputs).ID; got != c.id {
			t.Errorf("got %s, want %s", got, c.id)
		}
	}
	update := func(inputs property.Map) (p.UpdateResponse, error) {
		return provider.Update(ctx, p.UpdateRequest{ID: made.ID, Urn: urn("compute:VirtualMachine"), State: made.Properties, Inputs: inputs})
	}
	larger, err := update(machine("Standard_D8s_v5", sku))
	if err != nil || !larger.Properties.Get("vmId").Equals(made.Properties.Get("vmId")) {
		t.Errorf("got %v, %v", larger, err)
	}
	if _, err = update(machine(size, "2022-datacenter-core-smalldisk-g2")); err == nil || !strings.Contains(err.Error(), "PropertyChangeNotAllowed") {
		t.Errorf("got %v", err)
	}
	remove := func(token, id string) error { return provider.Delete(ctx, p.DeleteRequest{ID: id, Urn: urn(token)}) }
	for token, id := range map[string]string{"network:NetworkInterface": toNic, "compute:Disk": toDisk} {
		if err := remove(token, id); err == nil || !strings.Contains(err.Error(), "InUse") {
			t.Errorf("%s before its machine: %v", id, err)
		}
	}
	for _, next := range [][2]string{
		{"devtestlab:GlobalSchedule", toSchedule}, {"compute:VirtualMachine", toMachine},
		{"compute:VirtualMachineRunCommandByVirtualMachine", toCommand}, {"compute:Disk", toDisk}, {"network:NetworkInterface", toNic},
	} {
		if err := remove(next[0], next[1]); err != nil {
			t.Errorf("%s: %v", next[1], err)
		}
	}
	gone, err := provider.Read(ctx, p.ReadRequest{ID: toCommand, Urn: urn("compute:VirtualMachineRunCommandByVirtualMachine"), Inputs: command()})
	if err != nil || gone.ID != "" {
		t.Errorf("got %v, %v", gone, err)
	}
}

func TestSecretsOfAMachineAreNotInTheFile(t *testing.T) {
	made := makeMachine(t)
	create(t, "compute:VirtualMachineRunCommandByVirtualMachine", command())
	create(t, "compute:VirtualMachineExtension", extension())
	written, err := os.ReadFile(fileOf(urn("compute:VirtualMachine")))
	if err != nil || strings.Contains(string(written), "Horse") || strings.Contains(string(written), "sesame") {
		t.Errorf("got %s, %v", written, err)
	}
	read, err := New("1.2.3").Read(context.Background(), p.ReadRequest{ID: made.ID, Urn: urn("compute:VirtualMachine"), Inputs: machine(size, sku)})
	if err != nil || !property.New(read.Properties).Equals(property.New(made.Properties)) {
		t.Errorf("got %v, %v; want %v", read, err, made.Properties)
	}
}

func TestAnEmptyListStaysOne(t *testing.T) {
	makeMachine(t)
	nowhere := dataDisk().Set("diskName", text("other")).Set("zones", list())
	made := create(t, "compute:Disk", nowhere)
	_, err := New("1.2.3").Update(context.Background(), p.UpdateRequest{ID: made.ID, Urn: urn("compute:Disk"), State: made.Properties, Inputs: nowhere})
	if err != nil {
		t.Error(err)
	}
}

func TestDiffOfAMachine(t *testing.T) {
	before := machine(size, sku)
	secret := func(word string) property.Value { return text(word).WithSecret(true) }
	account := before.Get("osProfile").AsMap()
	for name, c := range map[string]struct {
		after    property.Map
		want     map[string]p.DiffKind
		replaces bool
	}{
		"nothing":        {machine(size, sku), nil, false},
		"another size":   {machine("Standard_D8s_v5", sku), map[string]p.DiffKind{"hardwareProfile.vmSize": p.Update}, false},
		"another image":  {machine(size, "x"), map[string]p.DiffKind{"storageProfile.imageReference.sku": p.Update}, false},
		"another secret": {before.Set("osProfile", property.New(account.Set("adminPassword", secret("x")))), map[string]p.DiffKind{"osProfile.adminPassword": p.Update}, false},
		"the same one":   {before.Set("osProfile", property.New(account.Set("adminPassword", secret("correct Horse 7")))), nil, false},
		"another place":  {before.Set("location", text("northeurope")), map[string]p.DiffKind{"location": p.UpdateReplace}, true},
		"another name":   {before.Set("vmName", text("vm2")), map[string]p.DiffKind{"vmName": p.UpdateReplace}, true},
	} {
		got, err := New("1.2.3").Diff(context.Background(), p.DiffRequest{Urn: urn("compute:VirtualMachine"), OldInputs: before, Inputs: c.after})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds := map[string]p.DiffKind{}
		for path, change := range got.DetailedDiff {
			kinds[path] = change.Kind
		}
		if !maps.Equal(kinds, c.want) || got.DeleteBeforeReplace != c.replaces {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
