package arm

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	windows = "Windows"
	linux   = "Linux"
	image   = "storageProfile.imageReference."
)

// checkImage wants a whole reference to an image of the market place, or the id of one's own.
func checkImage(j judge) {
	if j.given(image+"id") || j.given(image+"communityGalleryImageId") || j.given(image+"sharedGalleryImageId") {
		return
	}
	for _, part := range []string{"publisher", "offer", "sku", "version"} {
		j.want(image+part, "it, since it names the image", isText)
	}
	// "Major.Minor.Build or 'latest'" (ARM reference, imageReference.version).
	if j.text(image+"version") != "" {
		j.want(image+"version", "latest, or one as 20348.2700.240810", like(regexp.MustCompile(`^(latest|\d+\.\d+\.\d+)$`)))
	}
	checkGeneration(j)
}

// systemOf an image; empty where it cannot be told.
func systemOf(j judge) string {
	publisher, system := j.text(image+"publisher"), j.text("storageProfile.osDisk.osType")
	switch {
	case strings.HasPrefix(publisher, "MicrosoftWindows"):
		return windows
	case system != "":
		return system
	case publisher != "" && !strings.HasPrefix(strings.ToLower(publisher), "microsoft"):
		return linux
	case j.given("osProfile.windowsConfiguration"):
		return windows
	case j.given("osProfile.linuxConfiguration"):
		return linux
	}
	return ""
}

// leastSystemDisk is the size of the image in GiB, below which no disk of it is made. Azure says it when it refuses one: 127
// (azure-sdk-for-python, issue 23051), 30 (scalar-terraform, pull request 230). "[smalldisk]" images have 30 (Azure Marketplace,
// Windows Server). Some have more, as RHEL, and one's own have any.
func leastSystemDisk(j judge) int {
	sku, system := strings.ToLower(j.text(image+"sku")), systemOf(j)
	switch {
	case sku == "" || system == "":
		return 1
	case system == windows && !strings.Contains(sku, "smalldisk"):
		return 127
	}
	return 30
}

// generations are of sizes that boot one kind of image alone: by "VM Generation Support" of their series (Azure, "Sizes for
// virtual machines": av2, dv2, dv3, dcsv2, dcsv3, dpsv5, dsv6, esv6) and the table of "Support for Generation 2 VMs on Azure"
// (A, Ev3, DCasv5, Mv2); Basic_A by what Azure answers (jenkinsci/azure-vm-agents-plugin, issue 305).
var generations = []struct {
	sizes *regexp.Regexp
	boots int
}{
	{regexp.MustCompile(`^Basic_A\d+$`), 1},
	{regexp.MustCompile(`^Standard_A\d+m?(_v2)?$`), 1},
	{regexp.MustCompile(`^Standard_D\d+_v[23]$`), 1},
	{regexp.MustCompile(`^Standard_E\d+_v3$`), 1},
	{regexp.MustCompile(`^Standard_DC\d+d?s_v[23]$`), 2},
	{regexp.MustCompile(`^Standard_DC\d+ad?s_v5$`), 2},
	{regexp.MustCompile(`^Standard_[DE]\d+p[a-z]*_v\d+$`), 2},
	{regexp.MustCompile(`^Standard_[DE]\d+[a-z]*_v[67]$`), 2},
	{regexp.MustCompile(`^Standard_M\d+[a-z\d-]*_v2$`), 2},
}

var (
	second = regexp.MustCompile(`(^|[-_])(g2|gen2|gensecond|arm64)([-_]|$)|gen2|azure-edition`)
	first  = regexp.MustCompile(`(^|[-_])(g1|gen1)([-_]|$)|^20\d\d-datacenter`)
)

// generationOf an image, as its SKU says it; 0 where it does not. The plain ones of Windows Server are of the first ("Support for
// Generation 2 VMs on Azure"), other than those of the Azure Edition, which has trusted launch (Azure quickstart
// vm-simple-windows). Arm64 is of the second (kubermatic, issue 13184).
func generationOf(sku string) int {
	sku = strings.ToLower(sku)
	switch {
	case second.MatchString(sku):
		return 2
	case first.MatchString(sku):
		return 1
	}
	return 0
}

// checkGeneration is in the words of Azure, which answers it with BadRequest (microsoft/ga4gh-tes, issue 43).
func checkGeneration(j judge) {
	size, generation := j.text("hardwareProfile.vmSize"), generationOf(j.text(image+"sku"))
	for _, family := range generations {
		if generation > 0 && family.sizes.MatchString(size) && family.boots != generation {
			j.fault("hardwareProfile.vmSize", fmt.Sprintf("got %q, which cannot boot Hypervisor Generation '%d'; "+
				"expected a size that boots the image %q", size, generation, j.text(image+"sku")))
			return
		}
	}
}
