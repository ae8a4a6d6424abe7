// Package thing keeps the things of stacks on a Windows host, as scripts/host/prelude.sh does on Linux: a directory each,
// with a record that is written last and by rename, one key=value a line:
//
//	incarnation        counts the lives of the thing; goes up when the thing is found dead
//	spec               digest of what was asked for; equal and alive means that there is nothing to do
//	pid, started       a process: alive only if both match
//	path, size, mtime  a file: alive only if it is as it was left
//	busy               a lock, as a file that no other may open: while a run holds it, or the thing's own lock, the thing
//	                   counts as alive, and fact.fingerprint as unknown
//	fact.*             what a preview may know about the thing
package thing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Place is where a thing is kept.
type Place struct {
	// Root is the directory of all projects; Dir is the thing's own, below it.
	Root, Dir string
}

// In is the place of a thing: scope is its project and stack.
func In(root, scope, key string) Place {
	return Place{Root: root, Dir: filepath.Join(StackDir(root, scope), directoryOf(key))}
}

// StackDir is the directory of a stack's things.
func StackDir(root, scope string) string {
	project, stack, _ := strings.Cut(scope, "/")
	return filepath.Join(root, directoryOf(project), directoryOf(stack))
}

var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// directoryOf is a name for a directory, by which Windows tells apart what differs in case alone, and which is no device.
func directoryOf(name string) string {
	var written strings.Builder
	for _, letter := range name {
		if letter >= 'A' && letter <= 'Z' {
			written.WriteByte('+')
		}
		written.WriteString(strings.ToLower(string(letter)))
	}
	base, _, _ := strings.Cut(written.String(), ".")
	numbered := len(base) == 4 && (strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt"))
	if reserved[base] || numbered {
		return "++" + written.String()
	}
	if strings.HasSuffix(name, ".") {
		return written.String() + "+"
	}
	return written.String()
}

// keyOf takes directoryOf back.
func keyOf(directory string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(directory, "++"), "+")
	var read strings.Builder
	for at := 0; at < len(name); at++ {
		if name[at] == '+' && at+1 < len(name) {
			at++
			read.WriteString(strings.ToUpper(name[at : at+1]))
		} else {
			read.WriteByte(name[at])
		}
	}
	return read.String()
}

// Path is that of a file of the thing.
func (p Place) Path(name string) string { return filepath.Join(p.Dir, name) }

func (p Place) has(name string) bool { return exists(p.Path(name)) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Make makes the directory.
func (p Place) Make() error {
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return fmt.Errorf("cannot make %s; expected a directory that this user may write to: %w", p.Dir, err)
	}
	return nil
}

// Forget removes the thing's directory, and those of stack, project and all projects once they are empty.
func (p Place) Forget() error {
	if err := RemoveTree(p.Dir); err != nil {
		return fmt.Errorf("cannot remove %s; expected that no program holds a file in it open: %w", p.Dir, err)
	}
	p.sweep()
	for dir := filepath.Dir(p.Dir); len(dir) >= len(p.Root); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break
		}
	}
	return nil
}

// sweep removes what goes with the last thing of a stack: the logs of services that failed to start, left to be read.
func (p Place) sweep() {
	others, err := os.ReadDir(filepath.Dir(p.Dir))
	if err != nil {
		return
	}
	stack := filepath.Dir(p.Dir)
	for _, other := range others {
		if exists(filepath.Join(stack, other.Name(), "record")) {
			return
		}
	}
	for _, other := range others {
		if exists(filepath.Join(stack, other.Name(), "log")) {
			// One that is still written belongs to a service that is just being started.
			_ = RemoveTree(filepath.Join(stack, other.Name()))
		}
	}
}

// makeParents makes the directories above a file. Several things may be in one that the first of them made: each remembers
// its topmost such directory, and the last to go removes it.
func (p Place) makeParents(path string) error {
	parent := filepath.Dir(path)
	made := ""
	for missing := parent; !exists(missing) && filepath.Dir(missing) != missing; missing = filepath.Dir(missing) {
		made = missing
	}
	others, err := filepath.Glob(filepath.Join(p.Root, "*", "*", "*", "made"))
	if err != nil {
		return err
	}
	for _, other := range others {
		theirs, err := os.ReadFile(other)
		if err == nil && within(parent, string(theirs)) {
			made = string(theirs)
		}
	}
	if made == "" {
		return nil
	}
	// Before they are made: then who finds them there also finds this.
	if err := os.WriteFile(p.Path("made"), []byte(made), 0o600); err != nil {
		return err
	}
	return os.MkdirAll(parent, 0o755)
}

func (p Place) removeParents(path string) {
	made, err := os.ReadFile(p.Path("made"))
	if err != nil {
		return
	}
	for parent := filepath.Dir(path); within(parent, string(made)); parent = filepath.Dir(parent) {
		if os.Remove(parent) != nil {
			return
		}
	}
}

// within tells whether a directory is another one or below it; names differ by more than their case.
func within(dir, above string) bool {
	dir, above = strings.ToLower(filepath.Clean(dir)), strings.ToLower(filepath.Clean(above))
	return dir == above || strings.HasPrefix(dir, above+string(filepath.Separator))
}

// RemoveTree removes a directory and all in it, name by name: os.RemoveAll asks Windows for what Wine 8 does not have.
func RemoveTree(path string) error {
	if entries, err := os.ReadDir(path); err == nil {
		for _, entry := range entries {
			inside := filepath.Join(path, entry.Name())
			if entry.IsDir() {
				err = RemoveTree(inside)
			} else {
				err = removeFile(inside)
			}
			if err != nil {
				return err
			}
		}
	}
	return removeFile(path)
}

func removeFile(path string) error {
	err := patiently(func() error { return os.Remove(path) })
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
