package arm

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const location = "westeurope"

func group() Properties { return Properties{"resourceGroupName": "rg", "location": location} }

func network(ranges ...any) Properties {
	return Properties{
		"resourceGroupName": "rg", "virtualNetworkName": "vnet", "location": location,
		"addressSpace": Properties{"addressPrefixes": ranges},
	}
}

func subnetOf(name, prefix string) Properties {
	return Properties{
		"resourceGroupName": "rg", "virtualNetworkName": "vnet", "subnetName": name, "addressPrefix": prefix,
	}
}

func address(name string) Properties {
	return Properties{
		"resourceGroupName": "rg", "publicIpAddressName": name, "location": location,
		"sku": Properties{"name": "Standard"}, "publicIPAllocationMethod": "Static",
	}
}

func nic(name, subnet, public string) Properties {
	configuration := Properties{"name": "main", "subnet": Properties{"id": subnet}}
	if public != "" {
		configuration["publicIPAddress"] = Properties{"id": public}
	}
	return Properties{
		"resourceGroupName": "rg", "networkInterfaceName": name, "location": location,
		"ipConfigurations": []any{configuration},
	}
}

// made is a subscription with a group, a network with a subnet, a public address, and an interface that has it.
func made(t *testing.T) *Subscription {
	t.Helper()
	s := &Subscription{}
	put(t, s, &resourceGroup, group())
	put(t, s, &virtualNetwork, network("10.60.0.0/16"))
	put(t, s, &subnet, subnetOf("agents", "10.60.0.0/24"))
	put(t, s, &publicAddress, address("pip"))
	put(t, s, &networkInterface, nic("nic", subnet.ID(subnetOf("agents", "")), publicAddress.ID(address("pip"))))
	return s
}

func put(t *testing.T, s *Subscription, kind *Kind, asked Properties) Properties {
	t.Helper()
	if faults := kind.Check(asked); len(faults) > 0 {
		t.Fatalf("%s: %v", kind.Token, faults)
	}
	properties, err := s.Put(kind, asked)
	if err != nil {
		t.Fatalf("%s: %v", kind.Token, err)
	}
	return properties
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refusal Refusal
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// with is a copy in which something at a path is another value; nil takes it away.
func with(properties Properties, path string, value any) Properties {
	copied := clone(properties)
	keys := strings.Split(path, ".")
	var inner any = copied
	for _, key := range keys[:len(keys)-1] {
		switch outer := inner.(type) {
		case Properties:
			if outer[key] == nil {
				outer[key] = Properties{}
			}
			inner = outer[key]
		case []any:
			at, _ := strconv.Atoi(key)
			inner = outer[at]
		}
	}
	if last := keys[len(keys)-1]; value == nil {
		delete(inner.(Properties), last)
	} else {
		inner.(Properties)[last] = value
	}
	return copied
}

func wantFault(t *testing.T, name string, faults []Fault, property string) {
	t.Helper()
	is := func(fault Fault) bool { return fault.Property == property }
	if property == "" && len(faults) > 0 || property != "" && !slices.ContainsFunc(faults, is) {
		t.Errorf("%s: got %v, want one of %q", name, faults, property)
	}
}

func dataDisk(name string) Properties {
	return Properties{
		"resourceGroupName": "rg", "diskName": name, "location": location, "diskSizeGB": 64.0,
		"creationData": Properties{"createOption": "Empty"}, "sku": Properties{"name": "StandardSSD_LRS"},
	}
}

// machine of Windows that has an interface, and a disk if one is named.
func machine(name, nicName, diskName string) Properties {
	storage := Properties{
		"imageReference": Properties{
			"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2025-datacenter-core-smalldisk-g2", "version": "latest",
		},
		"osDisk": Properties{"createOption": "FromImage", "deleteOption": "Delete", "diskSizeGB": 128.0},
	}
	if diskName != "" {
		attached := Properties{"id": disk.ID(dataDisk(diskName))}
		storage["dataDisks"] = []any{Properties{"lun": 0.0, "createOption": "Attach", "managedDisk": attached}}
	}
	return Properties{
		"resourceGroupName": "rg", "vmName": name, "location": location,
		"hardwareProfile": Properties{"vmSize": "Standard_D4s_v5"}, "storageProfile": storage,
		"osProfile": Properties{"computerName": "agent", "adminUsername": "kube", "adminPassword": "correct Horse 7"},
		"networkProfile": Properties{
			"networkInterfaces": []any{Properties{"id": networkInterface.ID(nic(nicName, "", "")), "deleteOption": "Detach"}},
		},
	}
}

// linuxMachine is one that a key logs in to.
func linuxMachine() Properties {
	linux := with(machine("vm", "nic", ""), "storageProfile.imageReference", Properties{
		"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest",
	})
	linux["osProfile"] = Properties{
		"computerName": "agent", "adminUsername": "kube", "linuxConfiguration": Properties{
			"disablePasswordAuthentication": true, "ssh": Properties{"publicKeys": []any{
				Properties{"path": "/home/kube/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE kube@host"},
			}},
		},
	}
	return linux
}

func command(name string) Properties {
	return Properties{
		"resourceGroupName": "rg", "vmName": "vm", "runCommandName": name, "location": location,
		"source": Properties{"script": "Get-Date"},
	}
}

func extension(name string) Properties {
	return Properties{
		"resourceGroupName": "rg", "vmName": "vm", "vmExtensionName": name, "location": location,
		"publisher": "Microsoft.Compute", "type": "CustomScriptExtension", "typeHandlerVersion": "1.10",
	}
}

// withMachine is made, with a disk, and a machine that has it and the interface.
func withMachine(t *testing.T) *Subscription {
	t.Helper()
	s := made(t)
	put(t, s, &disk, dataDisk("data"))
	put(t, s, &virtualMachine, machine("vm", "nic", "data"))
	return s
}
