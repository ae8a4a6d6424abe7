//go:build !windows

package thing

import (
	"fmt"
	"os"
)

// attributesOf: elsewhere, where only tests run, it is the mode.
func attributesOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d", info.Mode().Perm()), nil
}

func setAttributes(path, about string) error {
	var mode uint32
	if _, err := fmt.Sscan(about, &mode); err != nil {
		return err
	}
	return os.Chmod(path, os.FileMode(mode))
}

func unlock(string) error { return nil }
