package swap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	first  = "v1 health=ok node=ok"
	second = "v2 health=ok node=ok"
	third  = "v3 health=ok node=ok"
)

// bothWays runs a test where a running program can be replaced, and where it must be renamed first.
func bothWays(t *testing.T, test func(t *testing.T, twoRenames bool)) {
	t.Run("one rename", func(t *testing.T) { test(t, false) })
	t.Run("two renames", func(t *testing.T) { test(t, true) })
}

// sound: the service and its dependent run, with the very program that lies there, and the original is kept.
func (f *fake) sound(t *testing.T, report Report, runs ...string) {
	t.Helper()
	found := f.read("kubelet")
	if !strings.Contains(strings.Join(runs, "\n")+"\n", found+"\n") || found == "" {
		t.Fatalf("got %q in place; expected one of %q; report %+v", found, runs, report)
	}
	if found != first && f.read("kubelet"+originalSuffix) != first {
		t.Fatalf("the original is not kept: %q", f.read("kubelet"+originalSuffix))
	}
	unit := f.units["kubelet"]
	if len(unit.pids) == 0 || !f.Runs(unit.pids[0], unit.path) {
		t.Fatalf("the service does not run the program that lies there: %+v; report %+v; asked %v", unit, report, f.asked)
	}
	if len(f.units["kube-proxy"].pids) == 0 {
		t.Fatalf("the dependent service does not run; report %+v; asked %v", report, f.asked)
	}
	if digest, _ := Digest(unit.path); report.Runs != "" && report.Runs != digest {
		t.Fatalf("the report says %s; there is %s", report.Runs, digest)
	}
}

// clean: beside the programs there is only what the name says.
func (f *fake) clean(t *testing.T, s *Swapper, besides ...string) {
	t.Helper()
	want := map[string]bool{"kubelet": true, "kube-proxy": true}
	for _, suffix := range besides {
		want["kubelet"+suffix] = true
	}
	entries, _ := os.ReadDir(f.dir)
	got := map[string]bool{}
	for _, entry := range entries {
		got[entry.Name()] = true
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v beside the program; expected %v", got, want)
	}
	if exists(s.file("journal.json")) {
		t.Fatal("the journal is left")
	}
}

func mustBe(t *testing.T, report Report, outcome string) {
	t.Helper()
	if report.Outcome != outcome {
		t.Fatalf("got %q (%s); expected %q", report.Outcome, report.Why, outcome)
	}
}

func restored(t *testing.T, f *fake, twoRenames bool) {
	t.Helper()
	s := f.swapper("", twoRenames)
	s.Request.Restore = true
	report := s.Run()
	mustBe(t, report, Restored)
	f.sound(t, report, first)
	f.clean(t, s)
	if exists(s.file("ledger.json")) {
		t.Fatal("the ledger is left")
	}
}

func TestSwapAgainAndRestore(t *testing.T) {
	bothWays(t, func(t *testing.T, twoRenames bool) {
		f := newFake(t, first)
		s := f.swapper(second, twoRenames)
		report := s.Run()
		mustBe(t, report, Swapped)
		f.sound(t, report, second)
		f.clean(t, s, originalSuffix, lockSuffix)
		want := []string{"stop kube-proxy", "stop kubelet", "start kubelet", "start kube-proxy"}
		if !reflect.DeepEqual(f.asked, want) {
			t.Fatalf("got %v; expected %v", f.asked, want)
		}
		f.asked = nil
		report = f.swapper(second, twoRenames).Run()
		mustBe(t, report, Unchanged)
		if len(f.asked) > 0 {
			t.Fatalf("got %v; expected that nothing was touched", f.asked)
		}
		mustBe(t, f.swapper(third, twoRenames).Run(), Swapped)
		f.sound(t, Report{}, third)
		mustBe(t, f.swapper(second, twoRenames).Run(), Swapped)
		restored(t, f, twoRenames)
		f.asked = nil
		restored(t, f, twoRenames)
		if len(f.asked) > 0 {
			t.Fatalf("got %v; expected that nothing was touched", f.asked)
		}
	})
}

func TestFaults(t *testing.T) {
	at := func(step string, do func(f *fake, s *Swapper) error) func(*fake, *Swapper) {
		return func(f *fake, s *Swapper) {
			s.At = func(now string) error {
				if now == step {
					return do(f, s)
				}
				return nil
			}
		}
	}
	overwrite := func(suffix string, data []byte) func(*fake, *Swapper) error {
		return func(f *fake, _ *Swapper) error { f.write("kubelet"+suffix, data); return nil }
	}
	cases := []struct {
		name    string
		does    string
		arrange func(f *fake, s *Swapper)
		outcome string
		why     string
	}{
		{"digest mismatch", second, func(_ *fake, s *Swapper) { s.Request.Sha256 = strings.Repeat("0", 64) }, Refused, "did not arrive whole"},
		{"corrupt staged file", second, at("backup", overwrite(stagedSuffix, programText(amd64, "rotten"))), Refused, "something has changed it"},
		{"corrupt just before it is renamed", second, at("in", overwrite(stagedSuffix, programText(amd64, "rotten"))), RolledBack, "after it was replaced"},
		{"wrong architecture", second, func(f *fake, s *Swapper) {
			os.WriteFile(s.Request.Incoming, programText(arm64, second), 0o600)
			s.Request.Sha256, _ = Digest(s.Request.Incoming)
		}, Refused, "wrong architecture: got ELF, 64 bits, machine 183 (arm64); expected ELF, 64 bits, machine 62 (amd64)"},
		{"does not run here", second, func(_ *fake, s *Swapper) { s.Request.VersionArguments = []string{"--version"} }, Refused, `does not run with ["--version"]`},
		{"too little room", second, func(_ *fake, s *Swapper) {
			s.Free = func(string) (uint64, error) { return 60, nil }
		}, Refused, "three times the program"},
		{"no such service", second, func(_ *fake, s *Swapper) { s.Request.Service = "kubelett" }, Refused, "cannot find the service kubelett"},
		{"no such dependent", second, func(_ *fake, s *Swapper) { s.Request.Dependents = []string{"flanneld"} }, Refused, "dependent service flanneld"},
		{"drain fails", second, func(_ *fake, s *Swapper) { s.Request.Drain = "no API server" }, Refused, "no API server"},
		{"stop hangs", second, func(f *fake, _ *Swapper) { f.units["kubelet"].hangs = true }, Swapped, ""},
		{"does not end even killed", second, func(f *fake, _ *Swapper) { f.units["kubelet"].immortal = true }, Refused, "do not end, even killed"},
		{"stop is refused", second, func(f *fake, _ *Swapper) { f.units["kubelet"].refuses = true }, Refused, "access is denied"},
		{"a dependent refuses to stop", second, func(f *fake, _ *Swapper) { f.units["kube-proxy"].refuses = true }, Refused, "access is denied"},
		{"exits at once", "v2 exits", nil, RolledBack, "ended at once"},
		{"never healthy", "v2 node=ok", nil, RolledBack, "not healthy within 1 s"},
		{"node not ready", "v2 health=ok", nil, RolledBack, "check of its node failed"},
		{"dies after it was healthy", second, at("node", func(f *fake, _ *Swapper) error {
			f.units["kubelet"].pids = nil
			return nil
		}), RolledBack, "its process ended"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, twoRenames bool) {
				f := newFake(t, first)
				s := f.swapper(c.does, twoRenames)
				if c.arrange != nil {
					c.arrange(f, s)
				}
				report := s.Run()
				mustBe(t, report, c.outcome)
				if !strings.Contains(report.Why, c.why) {
					t.Fatalf("got %q; expected %q in it", report.Why, c.why)
				}
				if !slices.Contains(f.asked, "start kubelet") && report.DowntimeMs > 0 {
					t.Fatalf("got a downtime of %d ms after %v", report.DowntimeMs, f.asked)
				}
				if c.outcome == Swapped {
					f.sound(t, report, second)
				} else {
					f.sound(t, report, first)
					f.clean(t, s)
				}
				// The same again, without the fault, ends clean.
				for _, unit := range f.units {
					unit.hangs, unit.refuses, unit.immortal = false, false, false
				}
				again := f.swapper(third, twoRenames)
				report = again.Run()
				mustBe(t, report, Swapped)
				f.sound(t, report, third)
				f.clean(t, again, originalSuffix, lockSuffix)
				restored(t, f, twoRenames)
			})
		})
	}
}

// What is killed leaves what is on the disk.
type killed struct{}

// runUntil runs a swap that is killed, or fails, at its nth step; false if it has fewer steps.
func runUntil(s *Swapper, nth int, fault error) (report Report, reached bool) {
	count := 0
	s.At = func(string) error {
		if count++; count != nth {
			return nil
		}
		reached = true
		if fault == nil {
			panic(killed{})
		}
		return fault
	}
	defer func() {
		if thrown := recover(); thrown != nil && thrown != (killed{}) {
			panic(thrown)
		}
	}()
	return s.Run(), reached
}

// What is killed, and what has no room, at any step: the first swap, the next one, one that is taken back, a restore.
func TestEveryStep(t *testing.T) {
	for name, fault := range map[string]error{"killed": nil, "disk full": fmt.Errorf("write: %w", syscall.ENOSPC)} {
		for _, scene := range []struct {
			name, before, does string
			restore            bool
		}{
			{"first", "", second, false},
			{"next", second, third, false},
			{"taken back", second, "v3 exits", false},
			{"restore", second, "", true},
		} {
			t.Run(name+" "+scene.name, func(t *testing.T) {
				bothWays(t, func(t *testing.T, twoRenames bool) {
					reached, steps := true, 0
					for nth := 1; reached; nth++ {
						f := newFake(t, first)
						if scene.before != "" {
							mustBe(t, f.swapper(scene.before, twoRenames).Run(), Swapped)
						}
						s := f.swapper(scene.does, twoRenames)
						s.Request.Restore = scene.restore
						var report Report
						report, reached = runUntil(s, nth, fault)
						if fault != nil && report.Outcome != NeedsHands {
							f.sound(t, report, first, second, third)
						}
						s.At = func(string) error { return nil }
						report = s.Run()
						switch {
						case scene.restore:
							mustBe(t, report, Restored)
							f.sound(t, report, first)
						case strings.Contains(scene.does, "exits"):
							mustBe(t, report, RolledBack)
							f.sound(t, report, second)
						default:
							if report.Outcome != Swapped && report.Outcome != Unchanged {
								t.Fatalf("step %d: got %q (%s)", nth, report.Outcome, report.Why)
							}
							f.sound(t, report, scene.does)
						}
						steps = nth
						restored(t, f, twoRenames)
					}
					if steps < 7 {
						t.Fatalf("got %d steps; expected more", steps)
					}
				})
			})
		}
	}
}

func TestKilledBetweenTheRenamesTheHoleIsFilled(t *testing.T) {
	f := newFake(t, first)
	s := f.swapper(second, true)
	func() {
		defer func() { _ = recover() }()
		s.At = func(step string) error {
			if step == "in" {
				panic(killed{})
			}
			return nil
		}
		s.Run()
	}()
	if exists(f.units["kubelet"].path) {
		t.Fatal("expected that there is no program now")
	}
	// Whatever is asked for next.
	restored(t, f, true)
}

func TestTwoAtOnce(t *testing.T) {
	f := newFake(t, first)
	s := f.swapper(second, false)
	busy, err := s.lock(f.units["kubelet"].path)
	if err != nil {
		t.Fatal(err)
	}
	report := s.Run()
	mustBe(t, report, Refused)
	if !strings.Contains(report.Why, "another swap still works on it") {
		t.Fatal(report.Why)
	}
	s.Patience = 5 * time.Second
	go func() {
		time.Sleep(200 * time.Millisecond)
		busy.Close()
	}()
	mustBe(t, s.Run(), Swapped)
	// Another stack is told so, until the state of this one is gone.
	other := f.swapper(third, false)
	other.Dir += "-other"
	defer os.RemoveAll(other.Dir)
	report = other.Run()
	mustBe(t, report, Refused)
	if !strings.Contains(report.Why, "whose state is in "+s.Dir) {
		t.Fatal(report.Why)
	}
	os.RemoveAll(s.Dir)
	mustBe(t, other.Run(), Swapped)
	f.sound(t, Report{}, third)
	other.Request.Restore = true
	mustBe(t, other.Run(), Restored)
	f.sound(t, Report{}, first)
}

func TestSomebodyElsesProgramStays(t *testing.T) {
	f := newFake(t, first)
	mustBe(t, f.swapper(second, false).Run(), Swapped)
	f.write("kubelet", programText(amd64, "v9 health=ok node=ok"))
	s := f.swapper("", false)
	s.Request.Restore = true
	mustBe(t, s.Run(), Restored)
	if found := f.read("kubelet"); found != "v9 health=ok node=ok" {
		t.Fatal(found)
	}
}

func TestScriptInPlaceOfAProgram(t *testing.T) {
	f := newFake(t, first)
	script := f.write("wrapper", []byte("#!/bin/sh\nexec kubelet\n"))
	for _, arrange := range []func(s *Swapper){
		func(*Swapper) { f.units["kubelet"].path = script },
		func(s *Swapper) { s.Request.Path = script },
	} {
		s := f.swapper(second, false)
		arrange(s)
		report := s.Run()
		mustBe(t, report, Refused)
		if !strings.Contains(report.Why, "wrapper, which the service kubelet is said to run, is no program") {
			t.Fatal(report.Why)
		}
		if len(f.asked) > 0 || f.read("wrapper") != "#!/bin/sh\nexec kubelet\n" || exists(script+lockSuffix) || exists(script+originalSuffix) {
			t.Fatalf("it was touched: asked %v", f.asked)
		}
		f.units["kubelet"].path = filepath.Join(f.dir, "kubelet")
	}
	// With the path of the program itself, as the message says.
	s := f.swapper(second, false)
	s.Request.Path = filepath.Join(f.dir, "kubelet")
	mustBe(t, s.Run(), Swapped)
}

func TestDowntimeOfWhatIsTakenBackIsAllOfIt(t *testing.T) {
	f := newFake(t, first)
	s := f.swapper("v2 node=ok", false)
	s.Quick, s.Request.HealthSec = 10, 3
	report := s.Run()
	mustBe(t, report, RolledBack)
	// The new one had 300 ms to become healthy.
	if report.DowntimeMs < 300 || report.DowntimeMs > 10000 {
		t.Fatalf("got %d ms", report.DowntimeMs)
	}
}

func TestDowntimeOfWhatNeedsHandsIsFromTheStopOn(t *testing.T) {
	f := newFake(t, "v1 node=ok")
	s := f.swapper("v2 health=ok", false)
	s.Quick, s.Request.HealthSec, s.Request.SettleSec = 10, 3, 1
	report := s.Run()
	mustBe(t, report, NeedsHands)
	// The new one was healthy before the check of its node failed for 300 ms; so long does the old one fail, too.
	if report.DowntimeMs < 600 || report.DowntimeMs > 10000 {
		t.Fatalf("got %d ms", report.DowntimeMs)
	}
}

func TestDowntimeAfterARunThatWasBrokenOff(t *testing.T) {
	for name, sinceMs := range map[string]func(int64) int64{
		"the new program ran on":        func(noted int64) int64 { return noted - 60000 },
		"a journal of an older version": func(int64) int64 { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, first)
			s := f.swapper(second, false)
			func() {
				defer func() { _ = recover() }()
				s.At = func(step string) error {
					if step == "node" {
						panic(killed{})
					}
					return nil
				}
				s.Run()
			}()
			j := journal{}
			if found, err := readJSON(s.file("journal.json"), &j); !found || err != nil || j.SinceMs == 0 {
				t.Fatal(found, err, j)
			}
			if j.SinceMs = sinceMs(j.SinceMs); j.SinceMs == 0 {
				f.units["kubelet"].pids = nil
			}
			if err := writeJSON(s.file("journal.json"), j); err != nil {
				t.Fatal(err)
			}
			again := f.swapper("", false)
			again.Request.Restore = true
			report := again.Run()
			mustBe(t, report, Restored)
			f.sound(t, report, first)
			if report.DowntimeMs > 10000 {
				t.Fatalf("got %d ms", report.DowntimeMs)
			}
		})
	}
}

func TestRestoreOfAServiceThatStandsOrIsGone(t *testing.T) {
	for _, gone := range []bool{false, true} {
		f := newFake(t, first)
		mustBe(t, f.swapper(second, false).Run(), Swapped)
		f.Stop("kubelet")
		f.asked = nil
		if gone {
			delete(f.units, "kubelet")
		}
		s := f.swapper("", false)
		s.Request.Restore = true
		mustBe(t, s.Run(), Restored)
		f.clean(t, s)
		if found := f.read("kubelet"); found != first || len(f.asked) > 0 {
			t.Fatal(found, f.asked)
		}
	}
}

func TestReceive(t *testing.T) {
	dir := t.TempDir()
	data := programText(amd64, second)
	file := filepath.Join(dir, "whole")
	os.WriteFile(file, data, 0o600)
	digest, _ := Digest(file)
	if _, err := receive(dir, digest, strings.NewReader(string(data[:30]))); err == nil || !strings.Contains(err.Error(), "did not arrive whole") {
		t.Fatal(err)
	}
	path, err := receive(dir, digest, strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	// It is there: nothing is read again.
	again, err := receive(dir, digest, failing{})
	if err != nil || again != path {
		t.Fatal(again, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("read") }

func TestShell(t *testing.T) {
	err := runShell("echo $KUBEDEV_PID; exit 3", time.Minute, []string{"KUBEDEV_PID=17"})
	if err == nil || err.Error() != "exit status 3: 17" {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := runShell("sleep 60 & wait", 100*time.Millisecond, nil); err == nil || time.Since(begin) > 30*time.Second {
		t.Fatal(err, time.Since(begin))
	}
}

func TestMachines(t *testing.T) {
	dir := t.TempDir()
	pe := append([]byte("MZ"), make([]byte, 62)...)
	pe[60] = 64
	pe = append(pe, "PE\x00\x00\x64\x86"...)
	for want, data := range map[string][]byte{
		"PE, machine 34404 (amd64)": pe, "": []byte("#!/bin/sh\n"), "ELF, 64 bits, machine 183 (arm64)": programText(arm64, ""),
	} {
		path := filepath.Join(dir, "program")
		os.WriteFile(path, data, 0o600)
		if got := machineOf(path); got != want {
			t.Errorf("got %q; expected %q", got, want)
		}
	}
}

func TestShow(t *testing.T) {
	for outcome, status := range map[string]int{Swapped: 0, Unchanged: 0, Restored: 0, Refused: 1, Unfinished: 1, RolledBack: 20, NeedsHands: 30} {
		var said, shown strings.Builder
		got := Show(Report{Outcome: outcome, Why: "so.", Runs: "abc", DowntimeMs: 1200}, &shown, func(text string) { said.WriteString(text) })
		back := Report{}
		if err := json.Unmarshal([]byte(shown.String()), &back); err != nil || got != status || back.Outcome != outcome {
			t.Errorf("%s: got %d, %v; expected %d", outcome, got, err, status)
		}
		was := map[bool]string{true: "has been", false: "was"}[outcome == NeedsHands]
		if status != 0 && !strings.Contains(said.String(), "It runs sha256 abc, and "+was+" down for 1.2 s") {
			t.Error(said.String())
		}
	}
}
