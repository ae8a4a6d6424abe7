//go:build !windows

package swap

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// A program that runs can be replaced by one rename.
const twoRenames = false

func inUse(error) bool { return false }

// resolve follows links: what is replaced is the file.
func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// alike gives a file the permissions and the owner of another one.
func alike(path, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if about, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := os.Chown(path, int(about.Uid), int(about.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, info.Mode())
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

func free(dir string) (uint64, error) {
	var about syscall.Statfs_t
	err := syscall.Statfs(dir, &about)
	return uint64(about.Bavail) * uint64(about.Bsize), err
}

// tryLock opens a file and locks it; without an error, nil is that another process has it.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil, file.Close()
	}
	// Who had it may have removed it.
	mine, err := file.Stat()
	there, gone := os.Stat(path)
	if err != nil || gone != nil || !os.SameFile(mine, there) {
		return nil, file.Close()
	}
	return file, nil
}

// release gives a lock back; its file is removed before, so that nobody finds one that is about to go.
func release(file *os.File, remove bool) {
	if remove {
		_ = os.Remove(file.Name())
	}
	file.Close()
}

// detached runs in a session of its own: it outlives a connection that is cut.
func detached(child *exec.Cmd) { child.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func shellOf(text string) *exec.Cmd {
	child := exec.Command("/bin/sh", "-c", text)
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return child
}

// endTree ends a shell and all that it started.
func endTree(child *exec.Cmd) { _ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL) }
