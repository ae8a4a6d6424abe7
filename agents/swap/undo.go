package swap

import (
	"errors"
	"fmt"
	"time"
)

// undo takes back what was begun, as far as the journal says, and answers what became of it.
func (s *Swapper) undo(report *Report, what string, cause error) error {
	if cause != nil {
		s.Say("taken back: " + cause.Error())
	}
	if err := s.takeBack(report, false); err != nil {
		return &outcome{NeedsHands, fmt.Errorf("%v; and the one before it cannot be brought back: %w", cause, err)}
	}
	return &outcome{what, cause}
}

// takeBack undoes what the journal says. ran: until now, some time after that was written, the service was not down.
func (s *Swapper) takeBack(report *Report, ran bool) error {
	report.DowntimeMs = 0
	j := journal{}
	found, err := readJSON(s.file("journal.json"), &j)
	if err != nil || !found {
		return err
	}
	if err := s.At("undo"); err != nil {
		return err
	}
	if j.Phase == draining {
		return s.finish()
	}
	begin := time.UnixMilli(j.SinceMs)
	if ran || j.SinceMs == 0 {
		// 0: of an older version of this program.
		begin = time.Now()
	}
	stopped, err := s.runAgain(report, j, begin)
	switch {
	case !stopped:
		report.DowntimeMs = 0
	case err != nil:
		report.DowntimeMs = time.Since(begin).Milliseconds()
	}
	if err != nil {
		return err
	}
	return s.finish()
}

// runAgain puts the one before back and has it run; answers whether the service was down.
func (s *Swapper) runAgain(report *Report, j journal, begin time.Time) (stopped bool, err error) {
	if j.Phase == exchanging {
		if err := s.takeBackFiles(j); err != nil {
			return s.process(j.Path) == 0, err
		}
	}
	// Whatever ran in between.
	if stopped = s.process(j.Path) == 0; stopped {
		if err := s.Manager.Start(s.Request.Service); err != nil {
			return stopped, err
		}
	}
	if err := errors.Join(s.healthy(j.Path, report, begin), s.startDependents(j)); err != nil {
		// The files are as they were: there is nothing more to be undone.
		return stopped, errors.Join(err, forget(s.file("journal.json")))
	}
	return stopped, nil
}

func (s *Swapper) takeBackFiles(j journal) error {
	now, _ := Digest(j.Path)
	if now != j.Old {
		for _, name := range append(append([]string{}, j.Dependents...), s.Request.Service) {
			if err := s.stop(name); err != nil {
				s.Say(err.Error())
			}
		}
	}
	if err := s.putBack(j.Path); err != nil {
		return err
	}
	now, err := Digest(j.Path)
	if err != nil || now != j.Old {
		return fmt.Errorf("%s has sha256 %s; expected %s; what was there first is %s (%v)", j.Path, now, j.Old, j.Path+originalSuffix, err)
	}
	return nil
}

// recover takes back, or finishes, what an earlier run has left that was killed.
func (s *Swapper) recover(report *Report) (string, error) {
	j := journal{}
	found, err := readJSON(s.file("journal.json"), &j)
	if err != nil || !found {
		return "", err
	}
	s.Say("an earlier run was broken off while it was " + j.Phase)
	if _, err := s.Manager.Look(s.Request.Service); errors.Is(err, ErrNoService) {
		// Of a service that is gone, the file is all there is.
		return j.Phase, errors.Join(s.putBack(j.Path), forget(s.file("journal.json")))
	}
	if j.Phase == committed {
		return j.Phase, errors.Join(s.startDependents(j), s.finish())
	}
	if err := s.takeBack(report, s.process(j.Path) != 0); err != nil {
		return j.Phase, &outcome{NeedsHands, fmt.Errorf("an earlier run was broken off while it was %s, and cannot be taken back: %w", j.Phase, err)}
	}
	return j.Phase, nil
}
