package arm

import "testing"

func schedule() Properties {
	return Properties{
		"resourceGroupName": "rg", "name": "shutdown-computevm-vm", "location": location, "status": "Enabled",
		"taskType": "ComputeVmShutdownTask", "targetResourceId": virtualMachine.ID(machine("vm", "", "")),
		"dailyRecurrence": Properties{"time": "1900"}, "timeZoneId": "UTC",
	}
}

func TestScheduleFaults(t *testing.T) {
	for name, c := range map[string]struct {
		path  string
		value any
		want  string
	}{
		"what is right":        {"tags.a", "b", ""},
		"a name of its own":    {"name", "every-evening", "name"},
		"another's name":       {"name", "shutdown-computevm-other", "name"},
		"no machine's name":    {"name", "shutdown-computevm-", "name"},
		"other letters":        {"name", "shutdown-computevm-VM", ""},
		"another task":         {"taskType", "LabVmsShutdownTask", "taskType"},
		"no task":              {"taskType", nil, "taskType"},
		"no machine":           {"targetResourceId", nil, "targetResourceId"},
		"no location":          {"location", nil, "location"},
		"no recurrence":        {"dailyRecurrence", nil, "dailyRecurrence.time"},
		"a time with a colon":  {"dailyRecurrence.time", "19:00", "dailyRecurrence.time"},
		"a time after the day": {"dailyRecurrence.time", "2400", "dailyRecurrence.time"},
		"the last time":        {"dailyRecurrence.time", "2359", ""},
		"no zone":              {"timeZoneId", "", "timeZoneId"},
		"a status of its own":  {"status", "On", "status"},
		"none":                 {"status", nil, ""},
	} {
		wantFault(t, name, shutdownSchedule.Check(with(schedule(), c.path, c.value)), c.want)
	}
}

func TestASchedulesMachine(t *testing.T) {
	_, err := made(t).Put(&shutdownSchedule, schedule())
	wantCode(t, err, "InvalidResourceReference")
	_, err = made(t).Put(&shutdownSchedule, with(schedule(), "targetResourceId", networkInterface.ID(nic("nic", "", ""))))
	wantCode(t, err, "InvalidResourceReference")
	_, err = made(t).Put(&shutdownSchedule, with(schedule(), "targetResourceId", "vm"))
	wantCode(t, err, "InvalidResourceReference")

	s := withMachine(t)
	first := put(t, s, &shutdownSchedule, schedule())
	if first["name"] != "shutdown-computevm-vm" || first["type"] != shutdownSchedule.Arm || first["uniqueIdentifier"] == nil {
		t.Errorf("got %v", first)
	}
	later := put(t, s, &shutdownSchedule, with(schedule(), "dailyRecurrence.time", "2000"))
	if later["uniqueIdentifier"] != first["uniqueIdentifier"] || later["createdDate"] != first["createdDate"] {
		t.Errorf("another schedule: got %v", later)
	}
	if err := s.Delete(virtualMachine.ID(machine("vm", "", ""))); err != nil {
		t.Errorf("a schedule does not hold its machine: %v", err)
	}
	if s.Find(shutdownSchedule.ID(schedule())) == nil {
		t.Error("a schedule stays when its machine goes")
	}
}
