package swap

import (
	"os"
	"testing"
)

// In memory where there is such a file system: each of some thousand runs writes through to the disk.
func TestMain(m *testing.M) {
	if dir, err := os.MkdirTemp("/dev/shm", "kubedev-swap-"); err == nil {
		os.Setenv("TMPDIR", dir)
		status := m.Run()
		os.RemoveAll(dir)
		os.Exit(status)
	}
	os.Exit(m.Run())
}
