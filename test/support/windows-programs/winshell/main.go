//go:build windows

// The shell of the fake Windows host (windows-host.ts): runs what ssh asks for as Win32-OpenSSH does, by cmd, in the user's
// own directory.
package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

func main() {
	system := os.Getenv("SystemRoot")
	child := exec.Command(filepath.Join(system, "system32", "cmd.exe"))
	child.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /c "` + os.Getenv("SSH_ORIGINAL_COMMAND") + `"`}
	child.Dir = os.Getenv("USERPROFILE")
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	var ended *exec.ExitError
	if err := child.Run(); err != nil && !errors.As(err, &ended) {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(255)
	}
	os.Exit(child.ProcessState.ExitCode())
}
