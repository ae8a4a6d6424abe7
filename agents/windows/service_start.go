//go:build windows

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"kubedev/agents/windows/service"
	"kubedev/agents/windows/shell"
	"kubedev/agents/windows/thing"
)

// start is what scripts/host/service-start.sh is on Linux: it starts the service and waits until it is healthy.
func (u *unit) start() error {
	values := u.request.Values
	if err := u.place.Make(); err != nil {
		return err
	}
	if values["KUBEDEV_RUNNING"] == "false" {
		if err := u.stop(); err != nil {
			return err
		}
		if err := u.write(values["KUBEDEV_SPEC"], "", ""); err != nil {
			return err
		}
		return u.report("0")
	}
	record, _ := u.place.Read()
	if u.place.AsWanted(values["KUBEDEV_INCARNATION"], values["KUBEDEV_SPEC"]) &&
		processLives(record.Get("pid"), record.Get("started")) {
		return u.report(record.Get("pid"))
	}
	if err := u.stop(); err != nil {
		return err
	}
	for _, left := range []string{"record", "pid", "failure"} {
		os.Remove(u.place.Path(left))
	}
	// The log of one that never comes so far is removed with the stack.
	log, err := os.OpenFile(u.place.Path("log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	log.Close()
	plan := service.Plan{}
	if err := json.Unmarshal([]byte(values["KUBEDEV_RUN"]), &plan); err != nil {
		return err
	}
	plan.LogMib, plan.LogKeep = int64(u.number("KUBEDEV_LOG_MIB", 16)), u.number("KUBEDEV_LOG_KEEP", 3)
	if err := plan.Write(u.place.Dir); err != nil {
		return err
	}
	if text := values["KUBEDEV_PRE_START"]; text != "" {
		if status, err := u.shell(text, u.seconds("KUBEDEV_LOCK_SEC", 600), ""); err != nil || status != 0 {
			return errors.Join(fmt.Errorf("the preparation of the service failed (exit status %d)", status), err, u.place.Forget())
		}
	}
	if err := u.run(); err != nil {
		return u.failed(err)
	}
	return nil
}

func (u *unit) run() error {
	values := u.request.Values
	if err := u.manager.start("kubedev "+values["KUBEDEV_SCOPE"]+" "+values["KUBEDEV_KEY"], u.place.Dir); err != nil {
		return errors.Join(err, u.failure())
	}
	pid, started, err := u.started()
	if err != nil {
		return err
	}
	// Killed from here on, the next run must find the process: first a record that is not as wanted, then the true one.
	if err := u.write("starting", pid, started); err != nil {
		return err
	}
	if err := u.healthy(pid, started); err != nil {
		return err
	}
	if !processLives(pid, started) {
		return fmt.Errorf("the service ended just after it was started")
	}
	if err := u.write(values["KUBEDEV_SPEC"], pid, started); err != nil {
		return err
	}
	return u.report(pid)
}

// started waits until the service's process says what it runs.
func (u *unit) started() (pid, started string, err error) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(u.place.Path("pid")); err == nil {
			pid, started, _ := strings.Cut(string(text), " ")
			return pid, started, nil
		}
		if err := u.failure(); err != nil {
			return "", "", err
		}
	}
	return "", "", fmt.Errorf("the service's process did not run within 20 s")
}

// failure is why the service's process could not run the program.
func (u *unit) failure() error {
	text, err := os.ReadFile(u.place.Path("failure"))
	if err != nil {
		return nil
	}
	return fmt.Errorf("cannot run the service's program: %s; expected one that the service can run: give its path, or put it on the system's PATH", text)
}

// failed stops what has begun; the log stays, to be read.
func (u *unit) failed(cause error) error {
	delete(u.request.Values, "KUBEDEV_STOP")
	cause = errors.Join(cause, u.stop())
	for _, left := range []string{"record", "pid", "failure", "service.json"} {
		os.Remove(u.place.Path(left))
	}
	if text, err := os.ReadFile(u.place.Path("log")); err == nil && len(text) > 0 {
		lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
		say("last lines of " + u.place.Path("log") + ":")
		say(strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return cause
}

func (u *unit) write(spec, pid, started string) error {
	fields := []thing.Field{{Name: "kind", Value: "process"}}
	if pid != "" {
		fields = append(fields, thing.Field{Name: "pid", Value: pid}, thing.Field{Name: "started", Value: started})
	}
	fields = append(fields, thing.Field{Name: "fact.log", Value: u.place.Path("log")})
	return u.place.Write(u.request.Values["KUBEDEV_INCARNATION"], spec, fields...)
}

func (u *unit) report(pid string) error {
	return report(map[string]any{
		"pid": json.Number(pid), "log": u.place.Path("log"), "supervisor": "windows", "unit": u.manager.name,
	})
}

// shell runs a text of the user's in the thing's directory; what it prints is progress.
func (u *unit) shell(text string, patience time.Duration, pid string) (int, error) {
	dir := u.place.Path("script")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 1, err
	}
	defer func() { _ = thing.RemoveTree(dir) }()
	child, err := prepare(u.request.Values["KUBEDEV_SHELL"], text, dir)
	if err != nil {
		return 1, err
	}
	child.Dir = u.place.Dir
	child.Env = shell.Environment(os.Environ(), map[string]string{"KUBEDEV_PID": pid})
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	timer := time.AfterFunc(patience, func() { child.Process.Kill() })
	defer timer.Stop()
	err = child.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 1, err
	}
	return child.ProcessState.ExitCode(), nil
}
