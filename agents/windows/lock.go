//go:build windows

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/windows"
)

func lockName(dir string) (*uint16, error) {
	return windows.UTF16PtrFromString(fmt.Sprintf(`Global\kubedev-%x`, sha256.Sum256([]byte(strings.ToLower(dir)))))
}

// isLocked tells whether a run has the lock of a directory, or waits for it: the mutex goes with the last such run.
func isLocked(dir string) bool {
	name, err := lockName(dir)
	if err != nil {
		return false
	}
	mutex, err := windows.OpenMutex(windows.SYNCHRONIZE, false, name)
	if err == nil {
		windows.CloseHandle(mutex)
	}
	return err == nil || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// takeLock takes the lock of a directory, which goes with this process. It is a mutex of the whole machine, no file: a
// directory with an open file cannot be removed.
func takeLock(dir, patience string) (func(), error) {
	seconds, err := strconv.Atoi(patience)
	if err != nil || seconds < 0 {
		seconds = 600
	}
	name, err := lockName(dir)
	if err != nil {
		return nil, err
	}
	mutex, err := windows.CreateMutex(nil, false, name)
	if mutex == 0 {
		return nil, fmt.Errorf("cannot make the lock of %s: %w", dir, err)
	}
	// A mutex belongs to a thread.
	runtime.LockOSThread()
	event, err := windows.WaitForSingleObject(mutex, 0)
	if event == uint32(windows.WAIT_TIMEOUT) {
		say("waiting for an earlier run that still works on " + dir)
		event, err = windows.WaitForSingleObject(mutex, uint32(seconds)*1000)
	}
	switch event {
	// The run before was killed: what it left is cleared by the script.
	case windows.WAIT_OBJECT_0, windows.WAIT_ABANDONED:
		return func() { windows.ReleaseMutex(mutex) }, nil
	case uint32(windows.WAIT_TIMEOUT):
		return nil, fmt.Errorf("%s is still locked by another run after %d s; end that run, or wait for it", dir, seconds)
	}
	return nil, fmt.Errorf("cannot take the lock of %s: %w", dir, err)
}
