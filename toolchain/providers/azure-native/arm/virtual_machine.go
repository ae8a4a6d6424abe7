package arm

import (
	"fmt"
	"slices"
)

// virtualMachine is by the ARM reference of Microsoft.Compute/virtualMachines and its specification (ComputeRP.json 2024-11-01).
// The plugin replaces it for its location alone: the rest of Fixed it plans as an update, which fails (pulumi-azure-native,
// issues 577 and 1117).
var virtualMachine = Kind{
	Token:    machineToken,
	Arm:      "Microsoft.Compute/virtualMachines",
	Path:     []string{"vmName"},
	Name:     machineName,
	Required: []string{"location"},
	Replaces: []string{"location"},
	// "This property cannot be updated after the VM is created" (reference); the others by what Azure answered: adminPassword
	// (hashicorp/terraform, pull request 6528), linuxConfiguration (azure-quickstart-templates, issue 5442; Azure/bicep, issue
	// 15273), imageReference (pulumi-azure-native, issue 1117), osDisk (azure-powershell, issue 7621; terraform-provider-azurerm,
	// pull request 16323), zones (terraform-provider-azurerm, issue 3277).
	Fixed: []string{
		"location", "zones", "osProfile.computerName", "osProfile.adminUsername", "osProfile.adminPassword", "osProfile.customData",
		"osProfile.linuxConfiguration.ssh", "osProfile.linuxConfiguration.disablePasswordAuthentication",
		"storageProfile.imageReference", "storageProfile.osDisk.createOption", "storageProfile.osDisk.name",
	},
	Hidden:  []string{"osProfile.adminPassword"},
	Outputs: []string{"vmId", "timeCreated"},
	check: func(p Properties) []Fault {
		j := newJudge(p)
		j.want("hardwareProfile.vmSize", "a size, as Standard_D4s_v5", isText)
		checkImage(j)
		checkSystemDisk(j)
		checkDataDisks(j)
		checkAccount(j)
		j.want("networkProfile.networkInterfaces", "at least one", isList)
		for _, each := range j.each("networkProfile.networkInterfaces") {
			each.want("id", "the id of a network interface", isText)
			each.allow("deleteOption", "Delete or Detach", oneOf("Delete", "Detach"))
		}
		return *j.faults
	},
	place: placeMachine,
}

// checkSystemDisk takes one that is made from an image: no other is known here.
func checkSystemDisk(j judge) {
	const systemDisk = "storageProfile.osDisk."
	j.want(systemDisk+"createOption", "FromImage", oneOf("FromImage"))
	j.allow(systemDisk+"deleteOption", "Delete or Detach", oneOf("Delete", "Detach"))
	j.allow(systemDisk+"caching", "None, ReadOnly or ReadWrite", oneOf("None", "ReadOnly", "ReadWrite"))
	// "UltraSSD_LRS can only be used with data disks" (reference); so can PremiumV2_LRS (Azure, "Azure managed disk types").
	j.allow(systemDisk+"managedDisk.storageAccountType", "a kind of disk that a system can be on, as StandardSSD_LRS",
		oneOf(storageTypes[:5]...))
	least := leastSystemDisk(j)
	// 4095 is the most (terraform-provider-azurerm, pull request 9202).
	j.allow(systemDisk+"diskSizeGB", fmt.Sprintf("%d to 4095, of which the first is the size of the image", least), whole(least, 4095))
}

// checkDataDisks wants every one at a place of its own. How many a machine takes depends on its size: 64 at most.
func checkDataDisks(j judge) {
	seen := map[any]bool{}
	for _, each := range j.each("storageProfile.dataDisks") {
		each.want("lun", "0 to 63", whole(0, 63))
		each.want("createOption", "how it comes to be, as Attach", oneOf("Attach", "Empty", "FromImage", "Copy", "Restore"))
		if each.text("createOption") == "Attach" {
			each.want("managedDisk.id", "the id of a disk, since it is attached", isText)
		}
		each.allow("caching", "None, ReadOnly or ReadWrite", oneOf("None", "ReadOnly", "ReadWrite"))
		lun, open := each.value("lun")
		if open && lun != nil && seen[lun] {
			each.fault("lun", fmt.Sprintf("got %v twice; expected each once", lun))
		}
		seen[lun] = true
	}
}

// placeMachine connects it to interfaces and disks that no other machine has.
func placeMachine(s *Subscription, r *Resource) error {
	j := newJudge(r.Properties)
	for _, each := range j.each("networkProfile.networkInterfaces") {
		id := each.text("id")
		if err := s.checkIs(interfaceToken, "a network interface", id); err != nil {
			return err
		}
		// The code and the words are Azure's (pulumi-azure, issue 441).
		if owners := s.machines(id, r.ID); len(owners) > 0 {
			return refuse("NicInUse", "network interface %s is used by existing resource %s", id, owners[0].ID)
		}
	}
	for _, each := range j.each("storageProfile.dataDisks") {
		id := each.text("managedDisk.id")
		if id == "" {
			continue
		}
		if err := s.checkIs(diskToken, "a disk", id); err != nil {
			return err
		}
		shares := 1
		if most, ok := s.Find(id).Properties["maxShares"].(float64); ok {
			shares = int(most)
		}
		// The code and the words are Azure's (Azure/aks-engine, issue 1146).
		if owners := s.machines(id, r.ID); len(owners) >= shares {
			return refuse("ConflictingUserInput", "disk %s cannot be attached as the disk is already owned by VM %s", id, owners[0].ID)
		}
	}
	if before := s.Find(r.ID); before != nil {
		size := []string{"storageProfile", "osDisk", "diskSizeGB"}
		if err := checkGrowth(r.ID, at(before.Properties, size...), at(r.Properties, size...)); err != nil {
			return err
		}
	}
	s.born(r, "vmId", "timeCreated")
	return nil
}

// checkIs wants a resource to be of a kind.
func (s *Subscription) checkIs(token, kind, id string) error {
	if there := s.Find(id); there == nil || there.Token != token {
		return refuse("InvalidResourceReference", "resource %q is referred to where %s is expected", id, kind)
	}
	return nil
}

// machines that use a resource, other than one of them.
func (s *Subscription) machines(of, but string) []*Resource {
	return slices.DeleteFunc(s.users(of, but), func(user *Resource) bool { return user.Token != machineToken })
}
