//go:build windows

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/windows"

	"kubedev/agents/windows/service"
	"kubedev/agents/windows/thing"
	"kubedev/agents/windows/wire"
)

// unit is a service of one thing.
type unit struct {
	place   thing.Place
	request wire.Request
	manager *manager
}

func unitOf(place thing.Place, request wire.Request) (*unit, error) {
	manager, err := connect(service.Name(place.Dir, request.Values["KUBEDEV_KEY"]))
	if err != nil {
		return nil, err
	}
	return &unit{place, request, manager}, nil
}

func (u *unit) number(name string, otherwise int) int {
	number, err := strconv.Atoi(u.request.Values[name])
	if err != nil {
		return otherwise
	}
	return number
}

func (u *unit) seconds(name string, otherwise int) time.Duration {
	return time.Duration(u.number(name, otherwise)) * time.Second
}

// stop stops the service if it runs, and removes it from the service manager. Its process ends when the user's does, and
// then all that is in their job.
func (u *unit) stop() error {
	if process := u.manager.process(); process != 0 {
		defer windows.CloseHandle(process)
		if err := u.end(process); err != nil {
			return err
		}
	}
	if err := u.manager.remove(); err != nil {
		return err
	}
	os.Remove(u.place.Path("pid"))
	return nil
}

func (u *unit) end(process windows.Handle) error {
	patience := u.seconds("KUBEDEV_STOP_SEC", 10)
	record, _ := u.place.Read()
	pid := record.Get("pid")
	say(fmt.Sprintf("stopping process %s (up to %.0f s)", pid, patience.Seconds()))
	end := time.Now().Add(patience)
	if text := u.request.Values["KUBEDEV_STOP"]; text != "" && pid != "" {
		status, err := u.shell(text, patience, pid)
		if err != nil || status != 0 {
			say(fmt.Sprintf("the stop command failed (exit status %d)", status))
		}
	} else {
		u.manager.ask()
	}
	// On the handle: a service's state is not to be trusted when its process was killed.
	if waited(process, max(0, time.Until(end))) {
		return nil
	}
	say(fmt.Sprintf("process %s did not end within %.0f s: it is killed", pid, patience.Seconds()))
	windows.TerminateProcess(process, 1)
	if !waited(process, 10*time.Second) {
		return fmt.Errorf("the process of the service %s does not end, even killed; end it by hand", u.manager.name)
	}
	// Its job ends with it; it may take a moment.
	for tries := 0; pid != "" && processLives(pid, record.Get("started")); tries++ {
		if tries == 50 {
			return fmt.Errorf("process %s does not end; end it: taskkill /f /t /pid %s", pid, pid)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

func waited(process windows.Handle, patience time.Duration) bool {
	event, err := windows.WaitForSingleObject(process, uint32(patience.Milliseconds()))
	return err == nil && event == windows.WAIT_OBJECT_0
}

func waitBriefly(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// remove is what scripts/host/service-remove.sh is on Linux.
func (u *unit) remove() error {
	if err := u.stop(); err != nil {
		return err
	}
	return u.place.Forget()
}
