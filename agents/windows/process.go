//go:build windows

package main

import (
	"strconv"

	"golang.org/x/sys/windows"
)

// processLives tells whether the process with this id and start time runs.
func processLives(pid, started string) bool {
	id, err := strconv.ParseUint(pid, 10, 32)
	return err == nil && started != "" && startOf(uint32(id)) == started
}

// startOf is when a process started; empty if it does not run.
func startOf(pid uint32) string {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(handle)
	// One that has ended is still there as long as somebody holds its handle.
	if event, err := windows.WaitForSingleObject(handle, 0); err != nil || event != uint32(windows.WAIT_TIMEOUT) {
		return ""
	}
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(handle, &created, &exited, &kernel, &user) != nil {
		return ""
	}
	return strconv.FormatInt(created.Nanoseconds(), 10)
}

// endProcess kills a process and waits until it is gone.
func endProcess(pid uint32) error {
	handle, err := windows.OpenProcess(windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(handle)
	if err := windows.TerminateProcess(handle, 1); err != nil {
		return err
	}
	_, err = windows.WaitForSingleObject(handle, 5000)
	return err
}
