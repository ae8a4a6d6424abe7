package thing

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Lives tells whether the process with this id and start time runs.
type Lives func(pid, started string) bool

// Locked tells whether a run has the lock of a thing's directory.
type Locked func(dir string) bool

// Probe prints, for every thing of a stack, whether it lives, and its record: as scripts/host/probe.sh does. It only reads.
func Probe(to io.Writer, stackDir string, lives Lives, locked Locked) error {
	above := stackDir
	for !exists(above) && filepath.Dir(above) != above {
		above = filepath.Dir(above)
	}
	// Without a record the incarnation must differ from any that a state file may hold, and yet be the same in preview and
	// update: the age of the directory does both, since to remove what is in it changes it.
	fmt.Fprintf(to, "absent=%s\n", age(above))
	entries, err := os.ReadDir(stackDir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		place := Place{Dir: filepath.Join(stackDir, entry.Name())}
		fmt.Fprintf(to, "[%s]\n", keyOf(entry.Name()))
		if record, found := place.Read(); found {
			// The record is written after the lock of the work itself is given back.
			busy := record.Get("busy")
			if busy != "" && (isWorkedOn(busy) || locked(place.Dir)) {
				// What it is called may be another one when the run ends.
				fmt.Fprintf(to, "%salive=true\n", record.without("fact.fingerprint"))
				continue
			}
			fmt.Fprintf(to, "%salive=%t\n", record, alive(record, lives))
		} else {
			fmt.Fprintf(to, "incarnation=%s\nalive=false\n", age(place.Dir))
		}
	}
	return nil
}

func alive(record Record, lives Lives) bool {
	if pid := record.Get("pid"); pid != "" && !lives(pid, record.Get("started")) {
		return false
	}
	path := record.Get("path")
	if path == "" {
		return true
	}
	size, mtime, err := look(path)
	return err == nil && size == record.Get("size") && mtime == record.Get("mtime")
}

// isWorkedOn: a run that still works on a thing has not left it yet; the next one waits for its end.
func isWorkedOn(lock string) bool {
	file, err := os.Open(lock)
	if err == nil {
		file.Close()
	}
	return err != nil && inUse(err)
}

// age is the time of the last change in milliseconds.
func age(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "1"
	}
	return strconv.FormatInt(info.ModTime().UnixMilli(), 10)
}

func look(path string) (size, mtime string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	return strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10), nil
}
