//go:build !windows

package swap

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Systemd is the system's service manager, by systemctl.
type Systemd struct{}

func systemctl(arguments ...string) (string, error) {
	limited, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	child := exec.CommandContext(limited, "systemctl", arguments...)
	child.Env = append(os.Environ(), "LC_ALL=C")
	said, err := child.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("systemctl %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(said)))
	}
	return string(said), nil
}

func properties(service string, names ...string) (map[string]string, error) {
	said, err := systemctl("show", "--property", strings.Join(names, ","), "--", unitName(service))
	values := map[string]string{}
	for _, line := range strings.Split(said, "\n") {
		if name, value, found := strings.Cut(line, "="); found {
			values[name] = value
		}
	}
	return values, err
}

func unitName(service string) string {
	if filepath.Ext(service) == ".service" {
		return service
	}
	return service + ".service"
}

func (Systemd) Look(service string) (Unit, error) {
	about, err := properties(service, "LoadState", "ActiveState", "SubState", "NRestarts", "Job", "ExecStart", "MainPID")
	if err != nil {
		return Unit{}, err
	}
	if about["LoadState"] != "loaded" {
		return Unit{}, fmt.Errorf("%w (systemd says %s)", ErrNoService, about["LoadState"])
	}
	unit := Unit{Running: about["MainPID"] != "0" && about["MainPID"] != ""}
	// As systemd prints it: { path=/usr/bin/kubelet ; argv[]=...
	if _, rest, found := strings.Cut(about["ExecStart"], "path="); found {
		unit.Program, _, _ = strings.Cut(rest, " ;")
	}
	unit.Restarts, _ = strconv.Atoi(about["NRestarts"])
	idle := about["Job"] == "" || about["Job"] == "0"
	ended := about["ActiveState"] == "failed" || about["ActiveState"] == "inactive"
	unit.Ended = idle && ended || about["SubState"] == "auto-restart"
	return unit, nil
}

func (Systemd) Dependents(service string) ([]string, error) {
	about, err := properties(service, "RequiredBy", "BoundBy", "ConsistsOf")
	var found []string
	for _, names := range about {
		for _, name := range strings.Fields(names) {
			if filepath.Ext(name) == ".service" {
				found = append(found, name)
			}
		}
	}
	return found, err
}

func (Systemd) Stop(service string) error {
	_, err := systemctl("stop", "--no-block", "--", unitName(service))
	return err
}

// Start forgets earlier failures, so that only what happens from now on counts.
func (Systemd) Start(service string) error {
	_, _ = systemctl("reset-failed", "--", unitName(service))
	_, err := systemctl("start", "--no-block", "--", unitName(service))
	return err
}

// Processes are those of the unit's control group and of those below it, but for a unit whose other processes are meant to
// outlive it, as the shims of containerd.
func (Systemd) Processes(service string) ([]int, error) {
	about, err := properties(service, "ControlGroup", "MainPID", "KillMode")
	if err != nil {
		return nil, err
	}
	var pids []int
	if main, _ := strconv.Atoi(about["MainPID"]); main != 0 {
		pids = append(pids, main)
	}
	if about["ControlGroup"] == "" || about["KillMode"] == "process" || about["KillMode"] == "none" {
		return pids, nil
	}
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
		_ = filepath.WalkDir(filepath.Join(root, about["ControlGroup"]), func(path string, _ os.DirEntry, err error) error {
			if err == nil && filepath.Base(path) == "cgroup.procs" {
				text, _ := os.ReadFile(path)
				for _, word := range strings.Fields(string(text)) {
					if pid, err := strconv.Atoi(word); err == nil && pid > 0 {
						pids = append(pids, pid)
					}
				}
			}
			return nil
		})
	}
	return pids, nil
}

func (s Systemd) Kill(service string, pids []int) error {
	more, err := s.Processes(service)
	for _, pid := range append(more, pids...) {
		if s.Alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return err
}

func (Systemd) Runs(pid int, path string) bool {
	running, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(running, there)
}

func (Systemd) Alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// Behind the name, which is in parentheses; a zombie has ended.
	_, state, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
	return state != "" && !strings.ContainsRune("ZX", rune(state[0]))
}

func (Systemd) Words(service string) string {
	said, _ := exec.Command("journalctl", "--unit", unitName(service), "--lines", "40", "--no-pager", "--output", "cat").Output()
	return string(said)
}
