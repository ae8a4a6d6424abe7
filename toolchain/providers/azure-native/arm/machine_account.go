package arm

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const account = "osProfile."

// refusedUsers is from the ARM reference, osProfile.adminUsername.
var refusedUsers = strings.Fields(`administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet
	backup console david guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5`)

var (
	// Of Windows: Azure, "Frequently asked questions about Windows virtual machines"; the reference has the lengths.
	windowsUser = regexp.MustCompile(`^[^"/\\\[\]:|<>+=;,?*@&]{0,19}[^"/\\\[\]:|<>+=;,?*@&.]$`)
	linuxUser   = regexp.MustCompile(`^\S{1,64}$`)
	// "Naming rules and restrictions for Azure resources", virtualMachines; NetBIOS takes no name of digits alone.
	windowsComputer = regexp.MustCompile(`^[A-Za-z0-9-]{0,14}[A-Za-z0-9]$`)
	linuxComputer   = regexp.MustCompile(`^[^\\/"\[\]:|<>+=;,?*@&~!#$%^()_{}'\s.-][^\\/"\[\]:|<>+=;,?*@&~!#$%^()_{}'\s]*$`)
	digits          = regexp.MustCompile(`^\d*$`)
	publicKey       = regexp.MustCompile(`^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]+=*( |\s*$)`)
)

// checkAccount is by the ARM reference of osProfile.
func checkAccount(j judge) {
	refused := func(name string) bool { return slices.Contains(refusedUsers, strings.ToLower(name)) }
	switch systemOf(j) {
	case windows:
		j.want(account+"computerName", "1 to 15 letters, digits and hyphens, not all of them digits, the last one no hyphen",
			func(value any) bool { return like(windowsComputer)(value) && !like(digits)(value) })
		j.want(account+"adminUsername", "1 to 20 characters that Windows takes, no period at the end, and none that Azure refuses",
			func(value any) bool { return like(windowsUser)(value) && !refused(value.(string)) })
		j.allow(account+"linuxConfiguration", "nothing for Windows", func(any) bool { return false })
		checkPassword(j, 123)
	case linux:
		j.want(account+"computerName", "1 to 64 characters of a host name, neither the first nor the last one a period or hyphen",
			func(value any) bool {
				name, _ := value.(string)
				return like(linuxComputer)(value) && len(name) <= 64 && !strings.ContainsAny(name[len(name)-1:], ".-")
			})
		j.want(account+"adminUsername", "1 to 64 characters without blanks, and none that Azure refuses",
			func(value any) bool { return like(linuxUser)(value) && !refused(value.(string)) })
		j.allow(account+"windowsConfiguration", "nothing for Linux", func(any) bool { return false })
		checkKeys(j)
	default:
		j.want(account+"computerName", "the name of the computer", isText)
		j.want(account+"adminUsername", "the name of its administrator", isText)
	}
	custom := j.text(account + "customData")
	if data, err := base64.StdEncoding.DecodeString(custom); err != nil || len(data) > 65535 {
		j.fault(account+"customData", fmt.Sprintf("got %d characters; expected base-64, of 65535 bytes at most", len(custom)))
	}
}

// checkKeys wants keys where a password does not log in, and a password where it does.
func checkKeys(j judge) {
	const configuration = account + "linuxConfiguration."
	keys := j.each(configuration + "ssh.publicKeys")
	user, open := j.value(account + "adminUsername")
	for _, key := range keys {
		// ssh-ed25519 too (Azure, "Detailed steps: Create and manage SSH keys").
		key.want("keyData", "a key that begins with ssh-rsa or ssh-ed25519", like(publicKey))
		// Azure takes no other (Azure/WALinuxAgent, issue 1852).
		if path := fmt.Sprintf("/home/%v/.ssh/authorized_keys", user); open {
			key.want("path", path, oneOf(path))
		}
	}
	disabled, known := j.value(configuration + "disablePasswordAuthentication")
	switch {
	case known && disabled == true:
		j.want(configuration+"ssh.publicKeys", "at least one, since no password logs in", isList)
	case known:
		checkPassword(j, 72)
	}
}

var classes = []*regexp.Regexp{
	regexp.MustCompile(`[a-z]`), regexp.MustCompile(`[A-Z]`), regexp.MustCompile(`[0-9]`), regexp.MustCompile(`[\W_]`),
}

// checkPassword wants 12 characters, of which three classes, as Azure's portal and command line do; its API would take 8. A secret
// is a digest here, of which nothing can be said.
func checkPassword(j judge, most int) {
	value, open := j.value(account + "adminPassword")
	if !open {
		return
	}
	password, _ := value.(string)
	of := slices.DeleteFunc(slices.Clone(classes), func(class *regexp.Regexp) bool { return !class.MatchString(password) })
	if len(password) < 12 || len(password) > most || len(of) < 3 {
		j.fault(account+"adminPassword", fmt.Sprintf("got %d characters of %d classes; expected 12 to %d, of 3 classes: "+
			"lower-case and upper-case letters, digits, others", len(password), len(of), most))
	}
}
