package arm

import "testing"

func TestDiskFaults(t *testing.T) {
	one := dataDisk("data")
	for name, c := range map[string]struct {
		asked Properties
		want  string
	}{
		"an empty disk":            {one, ""},
		"one of an image":          {with(with(one, "creationData.createOption", "FromImage"), "diskSizeGB", nil), ""},
		"no location":              {with(one, "location", nil), "location"},
		"no data":                  {with(one, "creationData", nil), "creationData"},
		"no option":                {with(one, "creationData", Properties{}), "creationData.createOption"},
		"an option there is not":   {with(one, "creationData.createOption", "Blank"), "creationData.createOption"},
		"empty without a size":     {with(one, "diskSizeGB", nil), "diskSizeGB"},
		"nothing to write on":      {with(one, "diskSizeGB", 0.0), "diskSizeGB"},
		"the most":                 {with(one, "diskSizeGB", 32767.0), ""},
		"more than that":           {with(one, "diskSizeGB", 32768.0), "diskSizeGB"},
		"more, of a newer kind":    {with(with(one, "diskSizeGB", 65536.0), "sku.name", "PremiumV2_LRS"), ""},
		"half of one":              {with(one, "diskSizeGB", 1.5), "diskSizeGB"},
		"a kind there is not":      {with(one, "sku.name", "Premium_GRS"), "sku.name"},
		"no kind":                  {with(one, "sku", nil), ""},
		"a name with a period":     {with(one, "diskName", "a.b"), "diskName"},
		"nobody to share it with":  {with(one, "maxShares", 0.0), "maxShares"},
		"a size that is a secret":  {with(one, "diskSizeGB", Digest(1.0)), ""},
		"an option in a text":      {with(one, "creationData", "Empty"), "creationData.createOption"},
		"all of it is kept secret": {with(one, "creationData", Digest("x")), ""},
	} {
		wantFault(t, name, disk.Check(c.asked), c.want)
	}
}

func TestDisksGrowOnly(t *testing.T) {
	s := made(t)
	first := put(t, s, &disk, dataDisk("data"))
	if first["diskSizeBytes"] != 64.0*(1<<30) || first["uniqueId"] == nil || first["timeCreated"] == nil {
		t.Errorf("got %v", first)
	}
	grown := put(t, s, &disk, with(dataDisk("data"), "diskSizeGB", 128.0))
	if grown["uniqueId"] != first["uniqueId"] || grown["timeCreated"] != first["timeCreated"] {
		t.Errorf("another disk: got %v", grown)
	}
	for path, c := range map[string]struct {
		value any
		code  string
	}{
		"diskSizeGB":                {64.0, "BadRequest"},
		"location":                  {"northeurope", "PropertyChangeNotAllowed"},
		"zones":                     {[]any{"1"}, "PropertyChangeNotAllowed"},
		"creationData.createOption": {"Upload", "PropertyChangeNotAllowed"},
	} {
		_, err := s.Put(&disk, with(with(dataDisk("data"), "diskSizeGB", 128.0), path, c.value))
		wantCode(t, err, c.code)
	}
}

func TestADiskIsKeptWhileItIsUsed(t *testing.T) {
	s := withMachine(t)
	wantCode(t, s.Delete(disk.ID(dataDisk("data"))), "InUse")
	put(t, s, &virtualMachine, machine("vm", "nic", ""))
	if err := s.Delete(disk.ID(dataDisk("data"))); err != nil {
		t.Errorf("a detached disk: %v", err)
	}
}
