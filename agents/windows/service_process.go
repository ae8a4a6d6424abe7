//go:build windows

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"

	"kubedev/agents/windows/rotate"
	"kubedev/agents/windows/service"
	"kubedev/agents/windows/shell"
)

// The exit code by which the service manager tells a child that ended from a manager's own error.
const childEnded = 1

// runService is the process of a service: it runs the user's program as a child, in a job that ends with it.
func runService(dir string) int {
	if err := svc.Run("", &program{dir: dir}); err != nil {
		fail(fmt.Errorf("expected to be started by the service manager: %w", err))
	}
	return 0
}

type program struct{ dir string }

// Execute is called by the service manager.
func (p *program) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.StartPending}
	child, ended, err := p.start()
	if err != nil {
		os.WriteFile(filepath.Join(p.dir, "failure"), []byte(err.Error()), 0o600)
		return true, childEnded
	}
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	for {
		select {
		case <-ended:
			return true, childEnded
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				status <- request.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				// What SIGTERM is on Linux: all that a program without windows can be asked by.
				if windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(child.Process.Pid)) != nil {
					child.Process.Kill()
				}
				<-ended
				return false, 0
			}
		}
	}
}

func (p *program) start() (*exec.Cmd, <-chan struct{}, error) {
	plan, err := service.Read(p.dir)
	if err != nil {
		return nil, nil, err
	}
	if _, err := newJob(); err != nil {
		return nil, nil, err
	}
	log, err := rotate.Open(filepath.Join(p.dir, "log"), plan.LogMib<<20, plan.LogKeep)
	if err != nil {
		return nil, nil, err
	}
	// One that the child shares, for Ctrl-Break.
	windows.NewLazySystemDLL("kernel32.dll").NewProc("AllocConsole").Call()
	child := exec.Command(plan.Argv[0], plan.Argv[1:]...)
	child.Dir = plan.Directory
	if child.Dir == "" {
		child.Dir = p.dir
	}
	child.Env = shell.Environment(os.Environ(), plan.Environment)
	child.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	output, err := child.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	child.Stderr = child.Stdout
	if err := child.Start(); err != nil {
		return nil, nil, err
	}
	pid := uint32(child.Process.Pid)
	ended := make(chan struct{})
	read := make(chan struct{})
	go func() {
		io.Copy(log, output)
		close(read)
	}()
	go func() {
		child.Process.Wait()
		// What it left running may hold its output open: the last lines are there by now.
		waitBriefly(read)
		log.Close()
		close(ended)
	}()
	// By rename, so that whoever waits for it sees all of it.
	text := fmt.Sprintf("%d %s", pid, startOf(pid))
	if err := os.WriteFile(filepath.Join(p.dir, "pid.new"), []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	return child, ended, os.Rename(filepath.Join(p.dir, "pid.new"), filepath.Join(p.dir, "pid"))
}
