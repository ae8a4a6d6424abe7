//go:build windows

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"kubedev/agents/swap"
)

// services is the service manager, as swaps see it.
type services struct{ connected *mgr.Mgr }

func newServices() (*services, error) {
	connected, err := mgr.Connect()
	if err != nil {
		return nil, fmt.Errorf("cannot reach the service manager; expected a login that is an administrator: %w", err)
	}
	return &services{connected}, nil
}

// with opens a service, for a moment: one that is held open cannot be removed by others.
func (s *services) with(name string, do func(*mgr.Service) error) error {
	service, err := s.connected.OpenService(name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return swap.ErrNoService
	}
	if err != nil {
		return fmt.Errorf("cannot open the service %s; expected a login that is an administrator: %w", name, err)
	}
	defer service.Close()
	return do(service)
}

func (s *services) Look(name string) (swap.Unit, error) {
	unit := swap.Unit{}
	err := s.with(name, func(service *mgr.Service) error {
		status, err := service.Query()
		if err != nil {
			return err
		}
		unit.Running = status.State == svc.Running && s.Alive(int(status.ProcessId))
		unit.Ended = status.State == svc.Stopped || (status.ProcessId != 0 && !s.Alive(int(status.ProcessId)))
		line, err := commandLine(service)
		if err != nil {
			return err
		}
		words, err := windows.DecomposeCommandLine(line)
		if err == nil && len(words) > 0 {
			unit.Program = words[0]
		}
		return nil
	})
	return unit, err
}

// commandLine of a service. mgr's Config asks for more, which Wine does not have.
func commandLine(service *mgr.Service) (string, error) {
	buffer := make([]byte, 8192)
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	var needed uint32
	if err := windows.QueryServiceConfig(service.Handle, config, uint32(len(buffer)), &needed); err != nil {
		return "", err
	}
	return windows.UTF16PtrToString(config.BinaryPathName), nil
}

func (s *services) Dependents(name string) ([]string, error) {
	var found []string
	err := s.with(name, func(service *mgr.Service) (err error) {
		found, err = service.ListDependentServices(svc.Active)
		return err
	})
	return found, err
}

func (s *services) Stop(name string) error {
	return s.with(name, func(service *mgr.Service) error {
		_, err := service.Control(svc.Stop)
		for _, known := range []error{
			windows.ERROR_SERVICE_NOT_ACTIVE, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL, windows.ERROR_INVALID_SERVICE_CONTROL,
			// Its process ended meanwhile; what is left is killed.
			windows.ERROR_BROKEN_PIPE, windows.ERROR_PIPE_NOT_CONNECTED, windows.ERROR_SERVICE_REQUEST_TIMEOUT,
		} {
			if errors.Is(err, known) {
				return nil
			}
		}
		return err
	})
}

func (s *services) Start(name string) error {
	return s.with(name, func(service *mgr.Service) error {
		err := service.Start()
		if errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return nil
		}
		return err
	})
}

// Processes are that of the service and all that it has started.
func (s *services) Processes(name string) ([]int, error) {
	var pids []int
	err := s.with(name, func(service *mgr.Service) error {
		status, err := service.Query()
		if err == nil && status.ProcessId != 0 && s.Alive(int(status.ProcessId)) {
			pids = []int{int(status.ProcessId)}
		}
		return err
	})
	if errors.Is(err, swap.ErrNoService) {
		return nil, nil
	}
	if err != nil || len(pids) == 0 {
		return nil, err
	}
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return pids, nil
	}
	defer windows.CloseHandle(snapshot)
	children := map[int][]int{}
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		children[int(entry.ParentProcessID)] = append(children[int(entry.ParentProcessID)], int(entry.ProcessID))
	}
	for at := 0; at < len(pids); at++ {
		for _, child := range children[pids[at]] {
			// Ids are used again: a child is younger than its parent.
			if child != 0 && startOf(uint32(child)) >= startOf(uint32(pids[at])) && startOf(uint32(child)) != "" {
				pids = append(pids, child)
			}
		}
		delete(children, pids[at])
	}
	return pids, nil
}

func (s *services) Kill(name string, pids []int) error {
	more, err := s.Processes(name)
	for _, pid := range append(more, pids...) {
		if s.Alive(pid) {
			_ = endProcess(uint32(pid))
		}
	}
	return err
}

func (s *services) Runs(pid int, path string) bool {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(handle)
	name := make([]uint16, 32768)
	size := uint32(len(name))
	if err := windows.QueryFullProcessImageName(handle, 0, &name[0], &size); err != nil {
		return false
	}
	return strings.EqualFold(strings.ReplaceAll(windows.UTF16ToString(name[:size]), "/", `\`), strings.ReplaceAll(path, "/", `\`))
}

func (s *services) Alive(pid int) bool { return startOf(uint32(pid)) != "" }

// Words are those of the system's log: where a service itself logs, nobody else knows.
func (s *services) Words(name string) string {
	said, _ := exec.Command("wevtutil", "query-events", "System", "/count:5", "/reversedirection:true", "/format:text",
		"/query:*[System[Provider[@Name='Service Control Manager']] and EventData[Data='"+strings.ReplaceAll(name, "'", "")+"']]").Output()
	return strings.TrimSpace(string(said))
}
