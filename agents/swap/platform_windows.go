package swap

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"
)

// A program that runs can be renamed, not overwritten.
const twoRenames = true

const (
	sharingViolation = syscall.Errno(32)
	breakaway        = 0x01000000
	detachedProcess  = 0x00000008
)

func inUse(err error) bool {
	return errors.Is(err, sharingViolation) || errors.Is(err, syscall.ERROR_ACCESS_DENIED)
}

func resolve(path string) string { return path }

// In the same directory a new file has the access that it inherits.
func alike(string, string) error { return nil }

// Windows has no such call for a directory.
func syncDir(string) error { return nil }

func free(dir string) (uint64, error) {
	name, err := syscall.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var bytes uint64
	done, _, err := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW").
		Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&bytes)), 0, 0)
	if done == 0 {
		return 0, err
	}
	return bytes, nil
}

// tryLock opens a file that no other may open then; without an error, nil is that another process has it.
func tryLock(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(handle), path), nil
}

// release gives a lock back; an open file cannot be removed.
func release(file *os.File, remove bool) {
	file.Close()
	if remove {
		_ = os.Remove(file.Name())
	}
}

// detached leaves the job of who starts it: it outlives a connection that is cut.
func detached(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{CreationFlags: breakaway | detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP}
}

func shellOf(text string) *exec.Cmd {
	child := exec.Command("cmd.exe")
	child.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /d /s /c "` + text + `"`, HideWindow: true}
	return child
}

func endTree(child *exec.Cmd) {
	_ = exec.Command("taskkill", "/f", "/t", "/pid", strconv.Itoa(child.Process.Pid)).Run()
	_ = child.Process.Kill()
}
