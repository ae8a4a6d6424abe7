//go:build windows

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"

	"kubedev/agents/windows/shell"
	"kubedev/agents/windows/thing"
	"kubedev/agents/windows/wire"
)

// command runs one of the user's own scripts with the user's own environment; answers the exit status.
func command(place thing.Place, request wire.Request, text string) (status int, err error) {
	variables, err := wire.Exports(request.Values["KUBEDEV_EXPORTS"])
	if err != nil {
		return 1, err
	}
	if err := place.Make(); err != nil {
		return 1, err
	}
	// Nothing is kept of a command.
	defer func() { err = errors.Join(err, place.Forget()) }()
	child, err := prepare(request.Values["KUBEDEV_SHELL"], text, place.Dir)
	if err != nil {
		return 1, err
	}
	if dir := request.Values["KUBEDEV_WORKING_DIR"]; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return 1, fmt.Errorf("the command's working directory %s cannot be entered; expected a directory on the host", dir)
		}
		child.Dir = dir
	}
	child.Env = shell.Environment(os.Environ(), variables)
	child.Stdin, child.Stdout, child.Stderr = request.Input, os.Stdout, os.Stderr
	err = child.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 1, fmt.Errorf("cannot run %s: %w", child.Path, err)
	}
	status, said := shell.Status(uint32(child.ProcessState.ExitCode()))
	if said != "" {
		say("kubedev: " + said)
	}
	return status, nil
}

// prepare writes the files by which a shell runs a text, into a directory of this user.
func prepare(name, text, dir string) (*exec.Cmd, error) {
	plan, err := shell.Plan(name, text, dir)
	if err != nil {
		return nil, err
	}
	for _, file := range plan.Files {
		if err := os.WriteFile(filepath.Join(dir, file.Name), []byte(file.Text), 0o600); err != nil {
			return nil, err
		}
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, err
	}
	child := exec.Command(filepath.Join(system, plan.Program))
	child.SysProcAttr = &syscall.SysProcAttr{CmdLine: plan.CommandLine, CreationFlags: windows.CREATE_NO_WINDOW}
	return child, nil
}
