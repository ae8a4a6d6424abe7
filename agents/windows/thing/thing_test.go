package thing

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDirectories(t *testing.T) {
	seen := map[string]string{}
	for _, key := range []string{"a", "A", "a.b", "con", "Con", "nul.txt", "com1", "commit", "x.", "MyFile-file", "_0", "lptX"} {
		directory := directoryOf(key)
		if other, taken := seen[strings.ToLower(directory)]; taken {
			t.Errorf("%s and %s are both in %s", key, other, directory)
		}
		seen[strings.ToLower(directory)] = key
		if got := keyOf(directory); got != key {
			t.Errorf("%s: got %s from %s", key, got, directory)
		}
		if strings.HasSuffix(directory, ".") || reserved[directory] {
			t.Errorf("%s: got %s", key, directory)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return string(data)
}

func probed(t *testing.T, root string) string {
	t.Helper()
	var printed strings.Builder
	check(t, Probe(&printed, StackDir(root, "p/s"), func(pid, started string) bool { return pid == started },
		func(dir string) bool { return exists(filepath.Join(dir, "locked")) }))
	return printed.String()
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	root, path := filepath.Join(dir, "state"), filepath.Join(dir, "new", "deep", "file")
	place := In(root, "p/s", "File")
	write := func(text string, overwrite bool) error {
		return place.WriteFile(Content{path, strings.NewReader(text), overwrite, "7", "spec"})
	}
	check(t, write("one", false))
	if got := read(t, path); got != "one" {
		t.Errorf("got %q", got)
	}
	if got := probed(t, root); !strings.Contains(got, "\n[File]\nincarnation=7\nspec=spec\nkind=file\npath="+path+"\n") ||
		!strings.HasSuffix(got, "alive=true\n") {
		t.Errorf("got %s", got)
	}
	check(t, write("two", false))
	if !place.AsWanted("7", "spec") || place.AsWanted("8", "spec") {
		t.Error("the record says otherwise")
	}
	check(t, os.WriteFile(path, []byte("by hand"), 0o644))
	if got := probed(t, root); !strings.HasSuffix(got, "alive=false\n") {
		t.Errorf("got %s", got)
	}
	// Another thing in a directory that the first one made.
	second := In(root, "p/s", "second")
	check(t, second.WriteFile(Content{filepath.Join(dir, "new", "other"), strings.NewReader(""), false, "1", ""}))
	check(t, place.RemoveFile(path))
	check(t, place.RemoveFile(path))
	if exists(filepath.Dir(path)) || !exists(filepath.Join(dir, "new", "other")) {
		t.Error("the wrong directories are left")
	}
	check(t, second.RemoveFile(filepath.Join(dir, "new", "other")))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestFileOfOthers(t *testing.T) {
	dir := t.TempDir()
	place, path := In(filepath.Join(dir, "state"), "p/s", "f"), filepath.Join(dir, "file")
	check(t, os.WriteFile(path, []byte("theirs"), 0o600))
	before, err := os.Stat(path)
	check(t, err)
	if err := place.WriteFile(Content{path, strings.NewReader("ours"), false, "", ""}); err == nil || exists(place.Root) {
		t.Errorf("got %v; expected a refusal that leaves nothing", err)
	}
	check(t, place.WriteFile(Content{path, strings.NewReader("ours"), true, "", ""}))
	check(t, place.RemoveFile(path))
	after, err := os.Stat(path)
	check(t, err)
	if read(t, path) != "theirs" || !before.ModTime().Equal(after.ModTime()) || before.Mode() != after.Mode() {
		t.Errorf("got %s %v", read(t, path), after)
	}
	if err := place.WriteFile(Content{dir, strings.NewReader(""), true, "", ""}); err == nil {
		t.Error("a directory: expected a refusal")
	}
}

func TestArtifact(t *testing.T) {
	dir := t.TempDir()
	root, path := filepath.Join(dir, "state"), filepath.Join(dir, "new", "tool.exe")
	place := In(root, "p/s", "tool")
	install := func(text, digest string) error {
		return place.Install(Artifact{path, strings.NewReader(text), digest, "1", "spec"})
	}
	const one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
	if err := install("broken", one); err == nil || !strings.Contains(err.Error(), "expected "+one) {
		t.Errorf("got %v; expected a refusal", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	check(t, install("one", one))
	// What is there is not received again.
	check(t, install("", one))
	if got := probed(t, root); read(t, path) != "one" || !strings.HasSuffix(got, "alive=true\n") {
		t.Errorf("got %s", got)
	}
	if err := install("broken", strings.Repeat("0", 64)); err == nil || read(t, path) != "one" {
		t.Errorf("got %v; expected a refusal, and the one before", err)
	}
	other := In(root, "p/s", "other")
	if err := other.Install(Artifact{path, strings.NewReader("one"), one, "1", ""}); err == nil || exists(other.Dir) {
		t.Errorf("got %v; expected a refusal that leaves nothing", err)
	}
	check(t, place.RemoveFile(path))
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// Until then it is not known what it will be called.
func TestProbeOfWhatIsWorkedOn(t *testing.T) {
	root := t.TempDir()
	for key, fields := range map[string][]Field{"swap": {{"busy", "no file"}}, "file": nil} {
		place := In(root, "p/s", key)
		check(t, place.Make())
		check(t, place.Write("", "", append(fields, Field{"path", "gone"}, Field{"fact.fingerprint", "v2"}, Field{"fact.turn", "3"})...))
	}
	if got := probed(t, root); strings.Count(got, "fact.fingerprint=v2\nfact.turn=3\nalive=false\n") != 2 {
		t.Errorf("got %s", got)
	}
	for _, key := range []string{"swap", "file"} {
		check(t, os.WriteFile(In(root, "p/s", key).Path("locked"), nil, 0o600))
	}
	got := probed(t, root)
	if !strings.Contains(got, "busy=no file\npath=gone\nfact.turn=3\nalive=true\n") ||
		!strings.Contains(got, "path=gone\nfact.fingerprint=v2\nfact.turn=3\nalive=false\n") {
		t.Errorf("got %s", got)
	}
}

func TestProbeOfProcesses(t *testing.T) {
	root := t.TempDir()
	if got := probed(t, root); !strings.HasPrefix(got, "absent=1") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %s", got)
	}
	for key, started := range map[string]string{"dead": "9", "living": "5"} {
		place := In(root, "p/s", key)
		check(t, place.Make())
		check(t, place.Write("", "", Field{"pid", "5"}, Field{"started", started}))
	}
	check(t, In(root, "p/s", "broken").Make())
	got := probed(t, root)
	for _, want := range []string{"pid=5\nstarted=9\nalive=false\n", "pid=5\nstarted=5\nalive=true\n", "[broken]\nincarnation=1"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s; expected %s", got, want)
		}
	}
}
