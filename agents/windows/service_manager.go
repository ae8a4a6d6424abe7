//go:build windows

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// manager is the service manager, as far as one service goes.
type manager struct {
	connected *mgr.Mgr
	name      string
}

func connect(name string) (*manager, error) {
	connected, err := mgr.Connect()
	if err != nil {
		return nil, fmt.Errorf("cannot reach the service manager; expected a login that is an administrator: %w", err)
	}
	return &manager{connected, name}, nil
}

// start makes the service anew and starts it. It does not start by itself after a reboot, as on Linux.
func (m *manager) start(display, dir string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	made, err := m.connected.CreateService(m.name, exe, mgr.Config{
		DisplayName: display, StartType: mgr.StartManual, ErrorControl: mgr.ErrorNormal,
	}, "service", dir)
	if err != nil {
		return fmt.Errorf("cannot make the service %s; expected a login that is an administrator: %w", m.name, err)
	}
	defer made.Close()
	if err := made.Start(); err != nil {
		return fmt.Errorf("cannot start the service %s: %w", m.name, err)
	}
	return nil
}

// process is a handle of the service's own process, 0 without one.
func (m *manager) process() windows.Handle {
	service, err := m.connected.OpenService(m.name)
	if err != nil {
		return 0
	}
	defer service.Close()
	status, err := service.Query()
	if err != nil || status.ProcessId == 0 {
		return 0
	}
	handle, err := windows.OpenProcess(windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, status.ProcessId)
	if err != nil {
		return 0
	}
	return handle
}

// ask asks the service to end. That it has ended already, or is about to, is no error.
func (m *manager) ask() {
	service, err := m.connected.OpenService(m.name)
	if err != nil {
		return
	}
	defer service.Close()
	if _, err := service.Control(svc.Stop); err != nil {
		for _, known := range []error{windows.ERROR_SERVICE_NOT_ACTIVE, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL} {
			if errors.Is(err, known) {
				return
			}
		}
		say("the service manager said: " + err.Error())
	}
}

// remove removes the service, and waits until its name is free.
func (m *manager) remove() error {
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		service, err := m.connected.OpenService(m.name)
		if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
			return nil
		}
		if err == nil {
			err = service.Delete()
			service.Close()
			if errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
				err = nil
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("the service %s cannot be removed; expected that no other program holds it open (services.msc does): %v", m.name, err)
		}
	}
}
