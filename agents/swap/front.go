package swap

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Ask takes a request, the new program's digest, and that program from standard input, and has it done by a process of its own, which a cut connection
// does not end; answers its report. Run is what that process runs.
func Ask(dir, text, digest string, restore bool, input io.Reader, child *exec.Cmd, say func(string)) (Report, error) {
	request := Request{}
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		return Report{}, fmt.Errorf("got a request that cannot be read: %w", err)
	}
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return Report{}, err
	}
	request.ID, request.Restore, request.Sha256 = hex.EncodeToString(id), restore, digest
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Report{}, err
	}
	// An earlier run goes on when its connection was cut.
	busy, err := waitLock(filepath.Join(dir, "run-lock"), 30*time.Minute, say)
	if err != nil {
		return Report{}, err
	}
	busy.Close()
	if !restore {
		if request.Incoming, err = receive(dir, request.Sha256, input); err != nil {
			return Report{}, err
		}
	}
	for _, left := range []string{"report.json", "progress"} {
		if err := forget(filepath.Join(dir, left)); err != nil {
			return Report{}, err
		}
	}
	if err := writeJSON(filepath.Join(dir, "request.json"), request); err != nil {
		return Report{}, err
	}
	return follow(dir, request.ID, child, say)
}

// receive keeps the new program under its digest. One that is there already is not sent again.
func receive(dir, digest string, input io.Reader) (string, error) {
	known := ledger{}
	if found, err := readJSON(filepath.Join(dir, "ledger.json"), &known); err != nil {
		return "", err
	} else if found && known.Installed == digest {
		if there, err := Digest(known.Path); err == nil && there == digest {
			return known.Path, nil
		}
	}
	path := filepath.Join(dir, "incoming-"+digest[:min(12, len(digest))])
	if there, err := Digest(path); err == nil && there == digest {
		return path, nil
	}
	// Not those of other programs, of runs that were broken off.
	others, _ := filepath.Glob(filepath.Join(dir, "incoming-*"))
	for _, other := range others {
		_ = forget(other)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), input)
	err = errors.Join(err, file.Sync(), file.Close())
	if got := hex.EncodeToString(hash.Sum(nil)); err == nil && got != digest {
		err = fmt.Errorf("the new program did not arrive whole: got sha256 %s; expected %s; run the same again", got, digest)
	}
	if err != nil {
		return "", errors.Join(err, forget(path))
	}
	return path, nil
}

func follow(dir, id string, child *exec.Cmd, say func(string)) (Report, error) {
	detached(child)
	child.Dir = dir
	if err := child.Start(); err != nil {
		return Report{}, fmt.Errorf("cannot start the process of the swap: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = child.Wait()
		close(ended)
	}()
	shown := int64(0)
	for gone := false; ; {
		shown = tell(filepath.Join(dir, "progress"), shown, say)
		report := Report{}
		if found, err := readJSON(filepath.Join(dir, "report.json"), &report); err == nil && found && report.ID == id {
			<-ended
			tell(filepath.Join(dir, "progress"), shown, say)
			return report, nil
		}
		if gone {
			return Report{}, errors.New("the process of the swap ended without a report, as if it was killed; run the same again: it takes back what was begun, and goes on")
		}
		select {
		case <-ended:
			gone = true
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tell says what was appended to a file.
func tell(path string, from int64, say func(string)) int64 {
	text, err := os.ReadFile(path)
	if err != nil || int64(len(text)) <= from {
		return from
	}
	for end := from; end < int64(len(text)); end++ {
		if text[end] == '\n' {
			say(string(text[from:end]))
			from = end + 1
		}
	}
	return from
}

// Run does what request.json in a directory asks for, with the manager that it is for, and leaves report.json there.
func Run(dir string, managerFor func(*Request) Manager) error {
	busy, err := waitLock(filepath.Join(dir, "run-lock"), time.Minute, func(string) {})
	if err != nil {
		return err
	}
	defer busy.Close()
	request := Request{}
	if _, err := readJSON(filepath.Join(dir, "request.json"), &request); err != nil {
		return err
	}
	progress, err := os.OpenFile(filepath.Join(dir, "progress"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer progress.Close()
	manager := managerFor(&request)
	s := New(dir, request, manager, func(text string) { fmt.Fprintln(progress, text) })
	report := s.Run()
	if filepath.Dir(request.Incoming) == filepath.Clean(dir) {
		_ = forget(request.Incoming)
	}
	return writeJSON(filepath.Join(dir, "report.json"), report)
}
