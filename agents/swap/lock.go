package swap

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// lock is that of one program: it goes with this process, and names who has put another in its place.
func (s *Swapper) lock(path string) (*os.File, error) {
	file, err := waitLock(path+lockSuffix, s.Patience, s.Say)
	if err != nil {
		return nil, err
	}
	owner, err := io.ReadAll(file)
	if err == nil && string(owner) != s.Dir {
		// One whose state was deleted has no say.
		if len(owner) > 0 && exists(filepath.Join(string(owner), "ledger.json")) {
			err = fmt.Errorf("%s is swapped by another stack or resource, whose state is in %s; destroy that one first", path, owner)
		} else if err = file.Truncate(0); err == nil {
			_, err = file.WriteAt([]byte(s.Dir), 0)
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// waitLock takes a lock, or says that another run has it.
func waitLock(path string, patience time.Duration, say func(string)) (*os.File, error) {
	for begin, said := time.Now(), false; ; time.Sleep(50 * time.Millisecond) {
		file, err := tryLock(path)
		if err != nil {
			return nil, fmt.Errorf("cannot make the lock %s; expected a user who may write there, as root or an administrator: %w", path, err)
		}
		if file != nil {
			return file, nil
		}
		if time.Since(begin) >= patience {
			return nil, fmt.Errorf("another swap still works on it after %.0f s (it holds %s); wait for its end, or end it", patience.Seconds(), path)
		}
		if !said {
			said = true
			say("waiting for another swap that still works on it")
		}
	}
}
