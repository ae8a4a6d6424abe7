//go:build windows

package main

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/windows"
)

// job holds this process and all that it starts, so that nothing is left of a run that is cut off.
type job struct {
	handle windows.Handle
	late   atomic.Bool
}

func newJob() (*job, error) {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, err
	}
	made := &job{handle: handle}
	if err := made.limit(windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK); err != nil {
		return nil, err
	}
	return made, windows.AssignProcessToJobObject(handle, windows.CurrentProcess())
}

func (j *job) limit(flags uint32) error {
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(j.handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	return err
}

// letGo: what is in the job outlives this process.
func (j *job) letGo() {
	if err := j.limit(0); err != nil {
		say("kubedev: what the script has left running ends with it: " + err.Error())
	}
}

// Room for the ids of processes in a job.
type processList struct {
	assigned, listed uint32
	ids              [1024]uintptr
}

// endOthers ends all that runs in the job but this process.
func (j *job) endOthers() {
	own := uintptr(windows.GetCurrentProcessId())
	for round := 0; round < 20; round++ {
		var list processList
		if err := windows.QueryInformationJobObject(j.handle, windows.JobObjectBasicProcessIdList,
			uintptr(unsafe.Pointer(&list)), uint32(unsafe.Sizeof(list)), nil); err != nil {
			return
		}
		ended := 0
		for _, id := range list.ids[:min(list.listed, uint32(len(list.ids)))] {
			if id != own && endProcess(uint32(id)) == nil {
				ended++
			}
		}
		if ended == 0 {
			return
		}
	}
}
