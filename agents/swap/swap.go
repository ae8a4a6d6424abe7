package swap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Swapper works on one request.
type Swapper struct {
	// Dir is where the journal and the ledger are, for this service alone.
	Dir     string
	Request Request
	Manager Manager
	Say     func(string)
	// Patience is how long to wait for another swap of the same program.
	Patience time.Duration
	// Shell runs a text of the user's.
	Shell func(text string, patience time.Duration, variables []string) error
	// TwoRenames: a program that runs cannot be replaced by one rename.
	TwoRenames bool
	// At is called before each step, and may fail in its place.
	At func(step string) error
	// Free tells how many bytes may be written where a directory is.
	Free func(dir string) (uint64, error)
	// done: nothing is swapped any more, and nothing is left beside the program but the lock.
	done bool
	// Quick divides all pauses, for tests.
	Quick time.Duration
}

// New is a Swapper as this system needs it.
func New(dir string, request Request, manager Manager, say func(string)) *Swapper {
	return &Swapper{
		Dir: dir, Request: request, Manager: manager, Say: say, Patience: time.Minute,
		Shell: runShell, Free: free,
		TwoRenames: twoRenames, At: func(string) error { return nil }, Quick: 1,
	}
}

func (s *Swapper) pause(length time.Duration) time.Duration { return length / s.Quick }

func (s *Swapper) seconds(count int) time.Duration {
	return s.pause(time.Duration(count) * time.Second)
}

// outcome is an error with what it means for the service.
type outcome struct {
	what  string
	cause error
}

func (o *outcome) Error() string { return o.cause.Error() }

// Run does what is asked for. It ends with the service running one whole program, and says which.
func (s *Swapper) Run() Report {
	report := Report{ID: s.Request.ID, Service: s.Request.Service}
	err := s.run(&report)
	if err != nil {
		report.Outcome, report.Why = Refused, err.Error()
		var known *outcome
		if errors.As(err, &known) {
			report.Outcome = known.what
		}
		if report.Outcome != Refused {
			report.Log = s.Manager.Words(s.Request.Service)
		}
	}
	if report.Path != "" {
		report.Runs, _ = Digest(report.Path)
	}
	report.Watch = report.Path
	if adopter, ok := s.Manager.(Adopter); ok {
		report.Watch = adopter.Watched(s.Request.Service)
	}
	return report
}

func (s *Swapper) run(report *Report) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	unit, path, err := s.discover()
	report.Path = path
	if err != nil {
		return err
	}
	if path == "" {
		// Nothing was ever swapped, and there is no service more.
		report.Outcome = Restored
		return nil
	}
	if err := s.At("lock"); err != nil {
		return err
	}
	_, adopts := s.Manager.(Adopter)
	if adopts {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
	}
	lock, err := s.lock(path)
	if err != nil {
		return err
	}
	defer func() {
		release(lock, s.done)
		if adopts {
			// Where others have theirs, too, it is not empty.
			_, _ = os.Remove(filepath.Dir(path)), os.Remove(filepath.Dir(filepath.Dir(path)))
		}
	}()
	if report.Recovered, err = s.recover(report); err != nil {
		return err
	}
	if unit, err = s.again(unit, report); err != nil {
		return err
	}
	if s.Request.Restore {
		err = s.restore(report, unit)
	} else {
		err = s.put(report, unit)
	}
	return errors.Join(err, s.sweep(path))
}

// discover finds the service, and the path of its program.
func (s *Swapper) discover() (Unit, string, error) {
	if err := s.At("discover"); err != nil {
		return Unit{}, "", err
	}
	known := ledger{}
	if _, err := readJSON(s.file("ledger.json"), &known); err != nil {
		return Unit{}, "", err
	}
	unit, err := s.Manager.Look(s.Request.Service)
	gone := errors.Is(err, ErrNoService)
	if err != nil && !(gone && s.Request.Restore) {
		return unit, "", fmt.Errorf("cannot find the service %s: %w", s.Request.Service, err)
	}
	// While it is swapped, it is that file alone.
	path := known.Path
	if path == "" {
		if s.Request.Restore {
			return unit, "", nil
		}
		path = s.Request.Path
		if path == "" {
			path = unit.Program
		}
		if path == "" {
			return unit, "", fmt.Errorf("the service %s does not tell what program it runs; give its path", s.Request.Service)
		}
		path = resolve(path)
	}
	return unit, path, nil
}

// again looks at the service after what an earlier run has left was undone.
func (s *Swapper) again(unit Unit, report *Report) (Unit, error) {
	if report.Recovered == "" {
		return unit, nil
	}
	again, err := s.Manager.Look(s.Request.Service)
	if errors.Is(err, ErrNoService) && s.Request.Restore {
		err = nil
	}
	return again, err
}

func (s *Swapper) put(report *Report, unit Unit) error {
	path, wanted := report.Path, s.Request.Sha256
	known := ledger{}
	if _, err := readJSON(s.file("ledger.json"), &known); err != nil {
		return err
	}
	if adopter, ok := s.Manager.(Adopter); ok {
		if err := errors.Join(s.At("adopt"), adopter.Adopt(s.Request.Service, path)); err != nil {
			return err
		}
	}
	if err := s.guard(path); err != nil {
		return err
	}
	old, err := Digest(path)
	if err != nil {
		return err
	}
	report.Old = old
	if known.Path == "" || (old != known.Installed && old != known.Original) {
		// The first one, or somebody else has put another one there: that is what is given back.
		if known.Path != "" {
			s.Say("what lies in " + path + " is not what was put there: it counts as the original from now on")
			if err := forget(path + originalSuffix); err != nil {
				return err
			}
		}
		known = ledger{Path: path, Original: old, Installed: old}
		// Of one whose state was deleted.
		if kept, err := Digest(path + originalSuffix); err == nil {
			known.Original = kept
		}
	}
	if old == wanted && s.process(path) != 0 {
		report.Outcome, report.Version = Unchanged, known.Version
		return writeJSON(s.file("ledger.json"), known)
	}
	if err := s.stage(path, s.Request.Incoming, wanted); err != nil {
		return err
	}
	if err := s.verify(report, path); err != nil {
		return err
	}
	if err := s.backup(known); err != nil {
		return err
	}
	if err := s.exchange(report, unit, known, wanted); err != nil {
		return err
	}
	report.Outcome = Swapped
	return nil
}

func (s *Swapper) guard(path string) error {
	if err := s.At("guard"); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cannot read %s, which the service %s is said to run; correct path: %w", path, s.Request.Service, err)
	}
	if !info.Mode().IsRegular() || machineOf(path) == "" {
		return fmt.Errorf("%s, which the service %s is said to run, is no program; expected an ELF or PE file, not a script; give the path of the program that it runs", path, s.Request.Service)
	}
	size := info.Size()
	if incoming, err := os.Stat(s.Request.Incoming); err == nil {
		size = max(size, incoming.Size())
	}
	if there, err := s.Free(filepath.Dir(path)); err == nil && there < 3*uint64(size) {
		return fmt.Errorf("got %d MiB free where %s is; expected %d MiB, three times the program", there>>20, path, 3*size>>20)
	}
	return nil
}

func (s *Swapper) stage(path, from, digest string) error {
	if err := s.At("stage"); err != nil {
		return err
	}
	return copyTo(from, path+stagedSuffix, path, digest)
}

// verify refuses a program for another machine, and one that does not run here.
func (s *Swapper) verify(report *Report, path string) error {
	if err := s.At("verify"); err != nil {
		return err
	}
	want, got := machineOf(path), machineOf(path+stagedSuffix)
	if got != want {
		if got == "" {
			got = "neither ELF nor PE"
		}
		return fmt.Errorf("the new program is of the wrong architecture: got %s; expected %s, as the one that it replaces", got, want)
	}
	if len(s.Request.VersionArguments) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	runnable := path + stagedSuffix
	if s.TwoRenames {
		// Windows runs what ends with .exe.
		runnable = strings.TrimSuffix(runnable, stagedSuffix) + stagedSuffix + ".exe"
		if err := s.rename(path+stagedSuffix, runnable); err != nil {
			return err
		}
	}
	said, err := exec.CommandContext(limited, runnable, s.Request.VersionArguments...).CombinedOutput()
	report.Version = strings.TrimSpace(string(said))
	if runnable != path+stagedSuffix {
		err = errors.Join(err, s.rename(runnable, path+stagedSuffix))
	}
	if err != nil {
		return fmt.Errorf("the new program does not run with %q: %w: %s", s.Request.VersionArguments, err, report.Version)
	}
	return nil
}

// backup keeps the original, once.
func (s *Swapper) backup(known ledger) error {
	if err := s.At("backup"); err != nil {
		return err
	}
	kept := known.Path + originalSuffix
	if !exists(kept) {
		if err := copyTo(known.Path, kept+".half", known.Path, known.Original); err != nil {
			return err
		}
		if err := os.Rename(kept+".half", kept); err != nil {
			return err
		}
	}
	return writeJSON(s.file("ledger.json"), known)
}

// restore puts the original back, and forgets all.
func (s *Swapper) restore(report *Report, unit Unit) error {
	known := ledger{}
	if _, err := readJSON(s.file("ledger.json"), &known); err != nil {
		return err
	}
	path, kept := report.Path, report.Path+originalSuffix
	old, err := Digest(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	report.Old = old
	adopter, adopts := s.Manager.(Adopter)
	switch {
	case !exists(kept), old == known.Original:
	case adopts && adopter.Foreign(s.Request.Service):
		s.Say(s.Request.Service + " was changed by somebody else: it is left as it is")
	case old != "" && old != known.Installed:
		s.Say(path + " was replaced by somebody else: it is left as it is")
	case !unit.Running:
		if err := s.At("put original"); err != nil {
			return err
		}
		if err := errors.Join(copyTo(kept, path+stagedSuffix, kept, known.Original), s.rename(path+stagedSuffix, path)); err != nil {
			return err
		}
	default:
		if err := s.stage(path, kept, known.Original); err != nil {
			return err
		}
		if err := s.exchange(report, unit, known, known.Original); err != nil {
			return err
		}
	}
	if err := s.At("forget"); err != nil {
		return err
	}
	// The ledger last: with it, a run that was broken off is gone on with.
	report.Outcome = Restored
	return errors.Join(forget(kept), forget(s.file("ledger.json")))
}

// sweep removes what a run leaves; after a failed first one, and after the last, all.
func (s *Swapper) sweep(path string) error {
	for _, suffix := range []string{stagedSuffix, stagedSuffix + ".exe", originalSuffix + ".half", failedSuffix} {
		_ = forget(path + suffix)
	}
	known := ledger{}
	found, err := readJSON(s.file("ledger.json"), &known)
	if err != nil || exists(s.file("journal.json")) || (found && known.Original != known.Installed) {
		return err
	}
	if kept, err := Digest(path + originalSuffix); err == nil {
		now, err := Digest(path)
		if err != nil || now != kept {
			return err
		}
	}
	s.done = true
	if adopter, ok := s.Manager.(Adopter); ok {
		if err := adopter.Leave(s.Request.Service, path); err != nil {
			return err
		}
	}
	return errors.Join(forget(path+originalSuffix), forget(s.file("ledger.json")))
}
