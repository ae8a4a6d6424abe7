package arm

import (
	"regexp"
	"strings"
	"testing"
)

const (
	sizeOf  = "hardwareProfile.vmSize"
	skuOf   = "storageProfile.imageReference.sku"
	userOf  = "osProfile.adminUsername"
	nameOf  = "osProfile.computerName"
	wordOf  = "osProfile.adminPassword"
	diskOf  = "storageProfile.osDisk.diskSizeGB"
	keysOf  = "osProfile.linuxConfiguration.ssh.publicKeys"
	keyOf   = "osProfile.linuxConfiguration.ssh.publicKeys[0].keyData"
	lunOf   = "storageProfile.dataDisks[0].lun"
	cloudOf = "osProfile.customData"
)

func TestMachineFaults(t *testing.T) {
	agent, large := machine("vm", "nic", "data"), "2025-datacenter-g2"
	for name, c := range map[string]struct {
		path  string
		value any
		want  string
	}{
		"what is right":              {"tags.a", "b", ""},
		"no location":                {"location", nil, "location"},
		"a long name":                {"vmName", strings.Repeat("a", 65), "vmName"},
		"no size":                    {sizeOf, nil, sizeOf},
		"no SKU":                     {skuOf, nil, skuOf},
		"a version of one's own":     {"storageProfile.imageReference.version", "new", "storageProfile.imageReference.version"},
		"an image of one's own":      {"storageProfile.imageReference", Properties{"id": "/subscriptions/x"}, ""},
		"a disk from elsewhere":      {"storageProfile.osDisk.createOption", "Attach", "storageProfile.osDisk.createOption"},
		"a kind of no system":        {"storageProfile.osDisk.managedDisk.storageAccountType", "UltraSSD_LRS", "storageProfile.osDisk.managedDisk.storageAccountType"},
		"a small disk":               {diskOf, 30.0, ""},
		"a smaller one":              {diskOf, 29.0, diskOf},
		"a huge one":                 {diskOf, 4096.0, diskOf},
		"the size of the image":      {diskOf, nil, ""},
		"a smaller image":            {skuOf, large, ""},
		"the longest computer name":  {nameOf, "a23456789012345", ""},
		"a longer one":               {nameOf, "a234567890123456", nameOf},
		"digits alone":               {nameOf, "123", nameOf},
		"a hyphen at the end":        {nameOf, "agent-", nameOf},
		"no name":                    {nameOf, nil, nameOf},
		"a user of attackers":        {userOf, "Administrator", userOf},
		"a user with a period":       {userOf, "kube.", userOf},
		"a long user":                {userOf, strings.Repeat("k", 21), userOf},
		"a short password":           {wordOf, "Short-7", wordOf},
		"a plain one":                {wordOf, "correcthorse7", wordOf},
		"a secret one":               {wordOf, Digest("x"), ""},
		"no password":                {wordOf, nil, wordOf},
		"what is not base-64":        {cloudOf, "#cloud-config", cloudOf},
		"what is":                    {cloudOf, "I2Nsb3VkLWNvbmZpZw==", ""},
		"keys for Windows":           {"osProfile.linuxConfiguration.ssh", Properties{}, "osProfile.linuxConfiguration"},
		"no interface":               {"networkProfile.networkInterfaces", []any{}, "networkProfile.networkInterfaces"},
		"an interface of no id":      {"networkProfile.networkInterfaces.0.id", nil, "networkProfile.networkInterfaces[0].id"},
		"the last place":             {"storageProfile.dataDisks.0.lun", 63.0, ""},
		"one after it":               {"storageProfile.dataDisks.0.lun", 64.0, lunOf},
		"attached without a disk":    {"storageProfile.dataDisks.0.managedDisk", nil, "storageProfile.dataDisks[0].managedDisk.id"},
		"a size of generation 1":     {sizeOf, "Standard_D2_v3", sizeOf},
		"an old size":                {sizeOf, "Basic_A1", sizeOf},
		"a size of generation 2":     {sizeOf, "Standard_D2s_v6", ""},
		"a size that nobody knows":   {sizeOf, "Standard_Z1", ""},
		"an image of generation 1":   {skuOf, "2025-datacenter-core-smalldisk", ""},
		"an image that does not say": {skuOf, "smalldisk-special", ""},
	} {
		wantFault(t, name, virtualMachine.Check(with(agent, c.path, c.value)), c.want)
	}
	wantFault(t, "a large image", virtualMachine.Check(with(with(agent, skuOf, large), diskOf, 126.0)), diskOf)
	second := with(agent, sizeOf, "Standard_D2s_v6")
	wantFault(t, "the other way round", virtualMachine.Check(with(second, skuOf, "2022-datacenter-core-smalldisk")), sizeOf)
	twice := with(agent, "tags.a", "b")
	disks := at(twice, "storageProfile", "dataDisks").([]any)
	at(twice, "storageProfile").(Properties)["dataDisks"] = append(disks, disks[0])
	wantFault(t, "a place twice", virtualMachine.Check(twice), "storageProfile.dataDisks[1].lun")
}

func TestLinuxMachineFaults(t *testing.T) {
	const configuration = "osProfile.linuxConfiguration."
	for name, c := range map[string]struct {
		path  string
		value any
		want  string
	}{
		"what is right":         {"tags.a", "b", ""},
		"a long computer name":  {nameOf, strings.Repeat("a", 64), ""},
		"a longer one":          {nameOf, strings.Repeat("a", 65), nameOf},
		"an underscore":         {nameOf, "a_b", nameOf},
		"root":                  {userOf, "root", userOf},
		"no key":                {keysOf, []any{}, keysOf},
		"a key of another kind": {keysOf + ".0.keyData", "ssh-dss AAAA", keyOf},
		"another's home":        {keysOf + ".0.path", "/root/.ssh/authorized_keys", keysOf + "[0].path"},
		"neither of the two":    {configuration + "disablePasswordAuthentication", false, wordOf},
		"Windows too":           {"osProfile.windowsConfiguration", Properties{}, "osProfile.windowsConfiguration"},
		"a small disk":          {diskOf, 29.0, diskOf},
	} {
		wantFault(t, name, virtualMachine.Check(with(linuxMachine(), c.path, c.value)), c.want)
	}
}

func TestGenerations(t *testing.T) {
	for sku, want := range map[string]int{
		"2025-datacenter-core-smalldisk-g2": 2, "2025-datacenter-core-smalldisk": 1, "2019-datacenter-gensecond": 2,
		"2022-datacenter-azure-edition": 2, "22_04-lts-gen2": 2, "12-gen2": 2, "server-gen1": 1, "server-arm64": 2, "server": 0, "9_4": 0,
	} {
		if got := generationOf(sku); got != want {
			t.Errorf("%s: got %d, want %d", sku, got, want)
		}
	}
}

func TestWhatAMachineCannotChange(t *testing.T) {
	s := withMachine(t)
	for path, value := range map[string]any{
		"location": "northeurope", "zones": []any{"1"}, nameOf: "other", userOf: "other", wordOf: "correct Horse 8", cloudOf: "eA==",
		skuOf: "2022-datacenter-core-smalldisk-g2", "storageProfile.osDisk.name": "other",
		"osProfile.linuxConfiguration.ssh": Properties{"publicKeys": []any{}},
	} {
		_, err := s.Put(&virtualMachine, with(machine("vm", "nic", "data"), path, value))
		wantCode(t, err, "PropertyChangeNotAllowed")
	}
	_, err := s.Put(&virtualMachine, with(machine("vm", "nic", "data"), diskOf, 127.0))
	wantCode(t, err, "BadRequest")
	before := s.Find(virtualMachine.ID(machine("vm", "", ""))).Properties
	larger := with(with(machine("vm", "nic", "data"), sizeOf, "Standard_D8s_v5"), diskOf, 256.0)
	if after := put(t, s, &virtualMachine, larger); after["vmId"] != before["vmId"] || after["timeCreated"] != before["timeCreated"] {
		t.Errorf("another machine: got %v", after)
	}
}

func TestAMachineOfTheSameNameIsAnotherOne(t *testing.T) {
	s := withMachine(t)
	id := virtualMachine.ID(machine("vm", "", ""))
	first := s.Find(id).Properties["vmId"].(string)
	if err := s.Delete(id); err != nil {
		t.Fatal(err)
	}
	second := put(t, s, &virtualMachine, machine("vm", "nic", "data"))["vmId"].(string)
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if first == second || !form.MatchString(first) || !form.MatchString(second) {
		t.Errorf("got %s, then %s", first, second)
	}
}

func TestWhatAnotherMachineHas(t *testing.T) {
	s := withMachine(t)
	put(t, s, &networkInterface, nic("nic2", subnet.ID(subnetOf("agents", "")), ""))
	_, err := s.Put(&virtualMachine, machine("vm2", "nic", ""))
	wantCode(t, err, "NicInUse")
	_, err = s.Put(&virtualMachine, machine("vm2", "nic2", "data"))
	wantCode(t, err, "ConflictingUserInput")
	_, err = s.Put(&virtualMachine, machine("vm2", "nic3", ""))
	wantCode(t, err, "InvalidResourceReference")
	notOne := with(machine("vm2", "nic2", ""), "networkProfile.networkInterfaces.0.id", publicAddress.ID(address("pip")))
	_, err = s.Put(&virtualMachine, notOne)
	wantCode(t, err, "InvalidResourceReference")
	put(t, s, &disk, with(dataDisk("data"), "maxShares", 2.0))
	put(t, s, &virtualMachine, machine("vm2", "nic2", "data"))
	put(t, s, &networkInterface, nic("nic3", subnet.ID(subnetOf("agents", "")), ""))
	_, err = s.Put(&virtualMachine, machine("vm3", "nic3", "data"))
	wantCode(t, err, "ConflictingUserInput")
}

func TestAMachineGoesBeforeWhatItStandsOn(t *testing.T) {
	s := withMachine(t)
	id, card := virtualMachine.ID(machine("vm", "", "")), networkInterface.ID(nic("nic", "", ""))
	put(t, s, &runCommand, command("first"))
	wantCode(t, s.Delete(card), "InUse")
	for _, next := range []string{id, disk.ID(dataDisk("data")), card} {
		if err := s.Delete(next); err != nil {
			t.Error(err)
		}
	}
	if s.Find(runCommand.ID(command("first"))) != nil {
		t.Error("a command goes with its machine")
	}
}
