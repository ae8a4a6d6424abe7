package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kubedev.dev/toolchain/providers/azure-native/arm"
)

func add(name string) func(*arm.Subscription) error {
	return func(s *arm.Subscription) error {
		if s.Resources == nil {
			s.Resources = map[string]*arm.Resource{}
		}
		s.Resources[name] = &arm.Resource{ID: name}
		return nil
	}
}

func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "project", "stack.json")
	var all sync.WaitGroup
	for i := range 20 {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := Change(path, add(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	there, err := Read(path)
	if err != nil || len(there.Resources) != 20 {
		t.Errorf("got %d, %v", len(there.Resources), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestWhatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "project", "stack.json")
	if err := Change(path, add("a")); err != nil {
		t.Fatal(err)
	}
	err := Change(path, func(s *arm.Subscription) error { _ = add("b")(s); return errors.New("refused") })
	there, _ := Read(path)
	if err == nil || len(there.Resources) != 1 {
		t.Errorf("got %v, %v", err, there.Resources)
	}
}

func TestTheFileGoesWithTheLastResource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "project", "stack.json")
	_ = Change(path, add("a"))
	if err := Change(path, func(s *arm.Subscription) error { clear(s.Resources); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAFileOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "project", "stack.json")
	_ = os.MkdirAll(filepath.Dir(path), 0o700)
	_ = os.WriteFile(path, []byte(`{"resources": {}}`), 0o600)
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
