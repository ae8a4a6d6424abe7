package swap

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A program of the fake manager: an ELF head, then what it does.
func programText(machine byte, does string) []byte {
	head := append([]byte("\x7fELF\x02\x01"), make([]byte, 14)...)
	head[18] = machine
	return append(head, does...)
}

const amd64, arm64 = 62, 183

// fake is a service manager whose services behave as their programs say: "health=ok", "node=ok", "exits".
type fake struct {
	t    *testing.T
	dir  string
	next int
	// By service.
	units map[string]*fakeUnit
	// Order in which services were asked to start and stop.
	asked []string
}

type fakeUnit struct {
	path     string
	pids     []int
	image    os.FileInfo
	ended    bool
	runs     string
	needs    string
	hangs    bool
	refuses  bool
	immortal bool
}

func newFake(t *testing.T, does string) *fake {
	dir := t.TempDir()
	f := &fake{t: t, dir: dir, units: map[string]*fakeUnit{}}
	for _, name := range []string{"kubelet", "kube-proxy"} {
		f.write(name, programText(amd64, does))
		f.units[name] = &fakeUnit{path: filepath.Join(dir, name)}
	}
	f.units["kube-proxy"].needs = "kubelet"
	for _, name := range []string{"kubelet", "kube-proxy"} {
		if err := f.Start(name); err != nil {
			t.Fatal(err)
		}
	}
	f.asked = nil
	return f
}

func (f *fake) write(name string, data []byte) string {
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, data, 0o755); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func (f *fake) read(name string) string {
	data, _ := os.ReadFile(filepath.Join(f.dir, name))
	return string(bytes.TrimLeft(data, "\x7fELF\x00\x01\x02\x3e\xb7"))
}

func (f *fake) Look(service string) (Unit, error) {
	unit, found := f.units[service]
	if !found {
		return Unit{}, ErrNoService
	}
	return Unit{Program: unit.path, Running: len(unit.pids) > 0, Ended: unit.ended}, nil
}

func (f *fake) Dependents(service string) ([]string, error) {
	var found []string
	for name, unit := range f.units {
		if unit.needs == service && len(unit.pids) > 0 {
			found = append(found, name)
		}
	}
	return found, nil
}

func (f *fake) Stop(service string) error {
	f.asked = append(f.asked, "stop "+service)
	unit := f.units[service]
	if unit.refuses {
		return errors.New("access is denied")
	}
	if !unit.hangs && !unit.immortal {
		unit.pids, unit.ended = nil, true
	}
	return nil
}

func (f *fake) Kill(service string, _ []int) error {
	f.asked = append(f.asked, "kill "+service)
	if unit := f.units[service]; !unit.immortal {
		unit.pids, unit.ended = nil, true
	}
	return nil
}

func (f *fake) Start(service string) error {
	f.asked = append(f.asked, "start "+service)
	unit := f.units[service]
	if len(unit.pids) > 0 {
		return nil
	}
	image, err := os.Stat(unit.path)
	if err != nil {
		return err
	}
	data, _ := os.ReadFile(unit.path)
	if unit.ended = bytes.Contains(data, []byte("exits")); unit.ended {
		return nil
	}
	// The process and a child.
	f.next += 2
	unit.pids, unit.image = []int{f.next, f.next + 1}, image
	unit.runs = string(data)
	return nil
}

func (f *fake) Processes(service string) ([]int, error) {
	if unit, found := f.units[service]; found {
		return unit.pids, nil
	}
	return nil, nil
}

func (f *fake) Runs(pid int, path string) bool {
	there, err := os.Stat(path)
	for _, unit := range f.units {
		if len(unit.pids) > 0 && unit.pids[0] == pid {
			return err == nil && os.SameFile(unit.image, there)
		}
	}
	return false
}

func (f *fake) Alive(pid int) bool {
	for _, unit := range f.units {
		for _, its := range unit.pids {
			if its == pid {
				return true
			}
		}
	}
	return false
}

func (f *fake) Words(service string) string { return "last words of " + service }

// shell knows "has WORDS", which succeeds if what the kubelet runs has them, and what fails with these words.
func (f *fake) shell(text string, _ time.Duration, _ []string) error {
	words, found := strings.CutPrefix(text, "has ")
	if found && strings.Contains(f.units["kubelet"].runs, words) {
		return nil
	}
	return errors.New(text)
}

// swapper is one that swaps the kubelet for a program that does this.
func (f *fake) swapper(does string, twoRenames bool) *Swapper {
	incoming := filepath.Join(f.t.TempDir(), "incoming")
	if err := os.WriteFile(incoming, programText(amd64, does), 0o600); err != nil {
		f.t.Fatal(err)
	}
	digest, err := Digest(incoming)
	if err != nil {
		f.t.Fatal(err)
	}
	s := New(f.dir+"-state", Request{
		ID: "1", Service: "kubelet", Incoming: incoming, Sha256: digest, Dependents: []string{"kube-proxy"},
		Health: Health{Command: "has health=ok"}, NodeCheck: "has node=ok",
		Drain: "has v", Undrain: "has v", StopSec: 1, HealthSec: 1, SettleSec: 1,
	}, f, func(string) {})
	s.Patience, s.TwoRenames, s.Quick, s.Shell = 100*time.Millisecond, twoRenames, 200, f.shell
	f.t.Cleanup(func() { os.RemoveAll(s.Dir) })
	return s
}
