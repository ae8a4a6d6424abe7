package swap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// How far a run has come: what a later one must undo, or finish.
const (
	draining   = "draining"
	stopping   = "stopping"
	exchanging = "exchanging"
	committed  = "committed"
)

// journal is written before each phase, and removed when nothing is left to be done.
type journal struct {
	Phase string `json:"phase"`
	Path  string `json:"path"`
	Old   string `json:"old"`
	New   string `json:"new"`
	// Version is what the new program says of itself.
	Version string `json:"version"`
	// SinceMs is when services were first asked to stop, in milliseconds since 1970.
	SinceMs int64 `json:"sinceMs"`
	// What is started again at the end.
	Dependents []string `json:"dependents"`
}

// ledger says what lies in the place of the original.
type ledger struct {
	Path      string `json:"path"`
	Original  string `json:"original"`
	Installed string `json:"installed"`
	Version   string `json:"version"`
}

func (s *Swapper) file(name string) string { return filepath.Join(s.Dir, name) }

func (s *Swapper) note(j journal, phase string) error {
	j.Phase = phase
	return writeJSON(s.file("journal.json"), j)
}

// readJSON reads a file; false without one.
func readJSON(path string, into any) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%s cannot be read; expected what a swap has written: %w", path, err)
	}
	return true, nil
}

// writeJSON writes as writeWhole does.
func writeJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return writeWhole(path, path+".new", text)
}

// writeWhole writes by rename, and onto the disk: after a power loss it is as it was before or as it is now.
func writeWhole(path, half string, text []byte) error {
	file, err := os.OpenFile(half, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(half, path), syncDir(filepath.Dir(path)))
}

func forget(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
