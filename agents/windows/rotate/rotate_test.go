package rotate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := Open(path, 10, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range []string{"a", "b", "c", "d"} {
		if written, err := log.Write([]byte(strings.Repeat(letter, 6))); written != 6 || err != nil {
			t.Fatal(written, err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"log": "dddddd", "log.1": "cccccc", "log.2": "bbbbbb"} {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil || string(data) != want {
			t.Errorf("%s: got %q, %v; expected %q", name, data, err, want)
		}
	}
	if _, err := os.Stat(path + ".3"); !os.IsNotExist(err) {
		t.Errorf("got %v; expected two old ones", err)
	}
}
