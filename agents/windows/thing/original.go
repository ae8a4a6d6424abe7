package thing

import (
	"fmt"
	"os"
)

// keep copies a file, and what Windows knows of it, to where it is found again.
func keep(path, kept string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot keep %s, which is to be put back: %w", path, err)
	}
	about, err := attributesOf(path)
	if err != nil {
		return fmt.Errorf("cannot read the attributes of %s, which is to be put back: %w", path, err)
	}
	if err := writeByRename(kept+".attributes", []byte(about)); err != nil {
		return err
	}
	if err := writeByRename(kept, data); err != nil {
		return err
	}
	// What cannot be replaced cannot be written either.
	if err := unlock(path); err != nil {
		return err
	}
	return os.Chtimes(kept, info.ModTime(), info.ModTime())
}

// putBack writes what keep has kept, by rename.
func putBack(kept, path string) error {
	info, err := os.Stat(kept)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	about, err := os.ReadFile(kept + ".attributes")
	if err != nil {
		return err
	}
	// In the same directory: what is renamed keeps its access.
	temporary := path + ".kubedev-new"
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return fmt.Errorf("cannot put back %s: %w", path, err)
	}
	if err := os.Chtimes(temporary, info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	if err := replace(temporary, path); err != nil {
		return err
	}
	return setAttributes(path, string(about))
}
