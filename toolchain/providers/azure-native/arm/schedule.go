package arm

import (
	"regexp"
	"strings"
)

const shutdown = "shutdown-computevm-"

var clockTime = regexp.MustCompile(`^([01]\d|2[0-3])[0-5]\d$`)

// shutdownSchedule stops a machine every day; Azure has it in its service for test laboratories. No other schedule is known here.
// The API answers any other name with 400 (terraform-provider-azurerm, dev_test_global_vm_shutdown_schedule_resource.go, which has
// the rule for the time too). The plugin's SDK asks for the status Disabled unless it is told another one.
var shutdownSchedule = Kind{
	Token: "azure-native:devtestlab:GlobalSchedule",
	Arm:   "Microsoft.DevTestLab/schedules",
	Path:  []string{"name"},
	Name: NameRule{
		len(shutdown) + 1, len(shutdown) + 64, regexp.MustCompile("^" + shutdown + ".+$"), shutdown + " and the name of the machine",
	},
	Required: []string{"location", "targetResourceId", "taskType", "timeZoneId"},
	Fixed:    []string{"location"},
	Outputs:  []string{"createdDate", "uniqueIdentifier"},
	check: func(p Properties) []Fault {
		j := newJudge(p)
		j.allow("taskType", "ComputeVmShutdownTask", oneOf("ComputeVmShutdownTask"))
		j.allow("timeZoneId", "a time zone of Windows, as UTC", isText)
		j.allow("status", "Enabled or Disabled", oneOf("Enabled", "Disabled"))
		j.want("dailyRecurrence.time", "HHmm, as 1900", like(clockTime))
		name, target := j.text("name"), j.text("targetResourceId")
		if machine := target[strings.LastIndex(target, "/")+1:]; name != "" && target != "" && !strings.EqualFold(name, shutdown+machine) {
			j.want("name", shutdown+machine+", as its machine is", oneOf())
		}
		return *j.faults
	},
	place: func(s *Subscription, r *Resource) error {
		// It aims at a machine and holds none: one with a schedule can be deleted, so this is no reference as an "id" is.
		target, _ := r.Properties["targetResourceId"].(string)
		if err := s.checkIs(machineToken, "a virtual machine", target); err != nil {
			return err
		}
		s.born(r, "uniqueIdentifier", "createdDate")
		return nil
	},
}
