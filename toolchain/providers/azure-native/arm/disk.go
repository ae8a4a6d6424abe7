package arm

import "fmt"

// storageTypes of managed disks (ARM reference, Microsoft.Compute/disks, sku.name).
var storageTypes = []string{
	"Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS", "PremiumV2_LRS", "UltraSSD_LRS",
}

// createOptions of managed disks (same reference, creationData.createOption).
var createOptions = []string{
	"Empty", "Attach", "FromImage", "Import", "Copy", "Restore", "Upload", "CopyStart", "ImportSecure", "UploadPreparedSecure",
	"CopyFromSanSnapshot",
}

var disk = Kind{
	Token:    diskToken,
	Arm:      "Microsoft.Compute/disks",
	Path:     []string{"diskName"},
	Name:     diskName,
	Required: []string{"location", "creationData"},
	Replaces: []string{"location"},
	// "CreationData information cannot be changed after the disk has been created" (same reference).
	Fixed:   []string{"location", "zones", "creationData"},
	Outputs: []string{"diskSizeBytes", "timeCreated", "uniqueId"},
	check: func(p Properties) []Fault {
		j := newJudge(p)
		if p["creationData"] != nil {
			j.want("creationData.createOption", "how it is made, as Empty", oneOf(createOptions...))
		}
		j.allow("sku.name", "a kind of disk, as Premium_LRS", oneOf(storageTypes...))
		// Azure, "Azure managed disk types": 32767 GiB, the newer kinds 65536.
		most := 32767
		if kind := j.text("sku.name"); kind == "PremiumV2_LRS" || kind == "UltraSSD_LRS" {
			most = 65536
		}
		size, words := whole(1, most), fmt.Sprintf("1 to %d", most)
		if j.text("creationData.createOption") == "Empty" {
			// "If creationData.createOption is Empty, this field is mandatory" (ARM reference, diskSizeGB).
			j.want("diskSizeGB", words+", since there is nothing to take it from", size)
		} else {
			j.allow("diskSizeGB", words, size)
		}
		j.allow("maxShares", "1 or more", whole(1, 64))
		return *j.faults
	},
	place: func(s *Subscription, r *Resource) error {
		if before := s.Find(r.ID); before != nil {
			if err := checkGrowth(r.ID, before.Properties["diskSizeGB"], r.Properties["diskSizeGB"]); err != nil {
				return err
			}
		}
		if size, ok := r.Properties["diskSizeGB"].(float64); ok {
			r.Properties["diskSizeBytes"] = size * (1 << 30)
		}
		s.born(r, "uniqueId", "timeCreated")
		return nil
	},
}

// checkGrowth refuses a smaller size, in Azure's words and with its code (MicrosoftDocs/azure-docs, issue 47704).
func checkGrowth(id string, before, after any) error {
	was, known := before.(float64)
	becomes, given := after.(float64)
	if known && given && becomes < was {
		return refuse("BadRequest", "the disk of %s cannot be resized down, from %v to %v GiB. "+
			"Reducing disk/snapshot size is not supported in Azure to prevent data loss", id, was, becomes)
	}
	return nil
}
