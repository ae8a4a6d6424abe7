package swap

import (
	"errors"
	"fmt"
	"time"
)

// exchange puts the staged program in its place and takes it back if it is not healthy.
func (s *Swapper) exchange(report *Report, unit Unit, known ledger, wanted string) error {
	path := known.Path
	dependents, err := s.dependents()
	if err != nil {
		return err
	}
	j := journal{Path: path, Old: report.Old, New: wanted, Version: report.Version, Dependents: dependents}
	err = errors.Join(s.makeWay(path+asideSuffix), s.drain(j))
	if err == nil {
		// Draining may have taken minutes.
		var got string
		if got, err = Digest(path + stagedSuffix); err == nil && got != wanted {
			err = fmt.Errorf("the staged program has sha256 %s; expected %s: something has changed it", got, wanted)
		}
	}
	if err != nil {
		return s.undo(report, Refused, err)
	}
	begin := time.Now()
	j.SinceMs = begin.UnixMilli()
	if err := s.stopAll(j); err != nil {
		return s.undo(report, Refused, err)
	}
	if err := s.replace(j, wanted); err != nil {
		return s.undo(report, RolledBack, err)
	}
	if err := s.startAll(j, wanted, report, begin); err != nil {
		return s.undo(report, RolledBack, err)
	}
	if err := errors.Join(s.At("commit"), s.note(j, committed)); err != nil {
		return s.undo(report, RolledBack, err)
	}
	if err := s.finish(); err != nil {
		return &outcome{Unfinished, fmt.Errorf("the new program is healthy, but what comes after failed; run the same again: %w", err)}
	}
	return nil
}

// dependents are those that run and need the service, and those that were named.
func (s *Swapper) dependents() ([]string, error) {
	found, err := s.Manager.Dependents(s.Request.Service)
	if err != nil {
		return nil, err
	}
	all, seen := []string{}, map[string]bool{s.Request.Service: true}
	for _, name := range append(found, s.Request.Dependents...) {
		if seen[name] {
			continue
		}
		seen[name] = true
		unit, err := s.Manager.Look(name)
		if err != nil {
			return nil, fmt.Errorf("cannot find the dependent service %s: %w", name, err)
		}
		if unit.Running {
			all = append(all, name)
		}
	}
	return all, nil
}

func (s *Swapper) drain(j journal) error {
	if s.Request.Drain == "" {
		return nil
	}
	if err := errors.Join(s.At("drain"), s.note(j, draining)); err != nil {
		return err
	}
	s.Say("draining")
	if err := s.Shell(s.Request.Drain, s.seconds(s.Request.HealthSec), nil); err != nil {
		return fmt.Errorf("the drain command failed: %w", err)
	}
	return nil
}

func (s *Swapper) stopAll(j journal) error {
	if err := errors.Join(s.At("stop"), s.note(j, stopping)); err != nil {
		return err
	}
	for _, name := range append(append([]string{}, j.Dependents...), s.Request.Service) {
		if err := s.stop(name); err != nil {
			return err
		}
	}
	return nil
}

// stop asks a service to end and waits for the end of all that it started; what does not end in time is killed.
func (s *Swapper) stop(name string) error {
	// Before: what a wrapper leaves running has no parent after it.
	pids, err := s.Manager.Processes(name)
	if err != nil {
		return err
	}
	s.Say("stopping " + name)
	if err := s.Manager.Stop(name); err != nil {
		return fmt.Errorf("cannot stop %s: %w", name, err)
	}
	if s.ended(name, pids, s.seconds(s.Request.StopSec)) {
		return nil
	}
	s.Say(fmt.Sprintf("%s did not end within %d s: it is killed", name, s.Request.StopSec))
	if err := s.Manager.Kill(name, pids); err != nil {
		return fmt.Errorf("cannot kill %s: %w", name, err)
	}
	if !s.ended(name, pids, s.pause(10*time.Second)) {
		return fmt.Errorf("the processes of %s do not end, even killed", name)
	}
	return nil
}

func (s *Swapper) ended(name string, pids []int, patience time.Duration) bool {
	for end := time.Now().Add(patience); ; time.Sleep(s.pause(50 * time.Millisecond)) {
		living := 0
		more, err := s.Manager.Processes(name)
		for _, pid := range append(more, pids...) {
			if s.Manager.Alive(pid) {
				living++
			}
		}
		if err == nil && living == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

func (s *Swapper) replace(j journal, wanted string) error {
	if err := errors.Join(s.At("aside"), s.note(j, exchanging)); err != nil {
		return err
	}
	if err := s.moveAside(j.Path); err != nil {
		return err
	}
	if err := s.At("in"); err != nil {
		return err
	}
	if err := s.rename(j.Path+stagedSuffix, j.Path); err != nil {
		return err
	}
	got, err := Digest(j.Path)
	if err == nil && got != wanted {
		err = fmt.Errorf("%s has sha256 %s after it was replaced; expected %s: another program, as a virus scanner, has changed it", j.Path, got, wanted)
	}
	return err
}

// startAll starts service and dependents, and waits until they are healthy.
func (s *Swapper) startAll(j journal, wanted string, report *Report, begin time.Time) error {
	if err := s.At("start"); err != nil {
		return err
	}
	if err := s.Manager.Start(s.Request.Service); err != nil {
		return fmt.Errorf("cannot start %s: %w", s.Request.Service, err)
	}
	if err := s.At("health"); err != nil {
		return err
	}
	if err := s.healthy(j.Path, report, begin); err != nil {
		return err
	}
	if err := s.startDependents(j); err != nil {
		return err
	}
	return s.settled(j.Path, begin)
}

// startDependents starts those that ran, the last that was stopped first.
func (s *Swapper) startDependents(j journal) error {
	for at := len(j.Dependents) - 1; at >= 0; at-- {
		name := j.Dependents[at]
		if err := s.Manager.Start(name); err != nil {
			return fmt.Errorf("cannot start the dependent service %s: %w", name, err)
		}
		for end := time.Now().Add(max(s.pause(20*time.Second), s.seconds(s.Request.HealthSec))); ; time.Sleep(s.pause(100 * time.Millisecond)) {
			if unit, err := s.Manager.Look(name); err == nil && unit.Running {
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("the dependent service %s does not start", name)
			}
		}
	}
	return nil
}

// finish does what is left when the service is healthy, as the journal says.
func (s *Swapper) finish() error {
	j, known := journal{}, ledger{}
	if found, err := readJSON(s.file("journal.json"), &j); err != nil || !found {
		return err
	}
	if err := s.At("finish"); err != nil {
		return err
	}
	if j.Phase == committed {
		if _, err := readJSON(s.file("ledger.json"), &known); err != nil {
			return err
		}
		known.Installed, known.Version = j.New, j.Version
		if err := writeJSON(s.file("ledger.json"), known); err != nil {
			return err
		}
	}
	_ = forget(j.Path + asideSuffix)
	if s.Request.Undrain != "" {
		if err := s.Shell(s.Request.Undrain, s.seconds(s.Request.HealthSec), nil); err != nil {
			return fmt.Errorf("the command that takes draining back failed: %w", err)
		}
	}
	return forget(s.file("journal.json"))
}
