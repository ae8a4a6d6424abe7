package shell

import (
	"reflect"
	"sort"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	cmd, err := Plan("cmd", "echo a\ngoto :end\r\n:end", "dir")
	if err != nil || cmd.Files[0].Text != "@echo off\r\nchcp 65001 >nul\r\necho a\r\ngoto :end\r\n:end\r\n" {
		t.Errorf("got %+v, %v", cmd, err)
	}
	if !strings.HasPrefix(cmd.CommandLine, `cmd.exe /d /s /c ""dir`) || !strings.HasSuffix(cmd.CommandLine, `script.cmd""`) {
		t.Errorf("got %s", cmd.CommandLine)
	}
	for _, name := range []string{"", "powershell"} {
		run, err := Plan(name, "'ü'", "dir")
		if err != nil || len(run.Files) != 2 || run.Files[1] != (File{"script.ps1", "\xEF\xBB\xBF'ü'"}) {
			t.Errorf("got %+v, %v", run, err)
		}
		// What it runs is in files: others can read arguments.
		if strings.Contains(run.CommandLine, "ü") || !strings.Contains(run.CommandLine, "-NonInteractive") {
			t.Errorf("got %s", run.CommandLine)
		}
	}
	if _, err := Plan("bash", "", "dir"); err == nil {
		t.Error("expected an error")
	}
}

func TestStatus(t *testing.T) {
	for code, want := range map[uint32]int{0: 0, 1: 1, 254: 254, 124: 1, 255: 1, 256: 1, 0xC0000005: 1} {
		status, said := Status(code)
		if status != want || (said == "") != (status == int(code)) {
			t.Errorf("%d: got %d %q", code, status, said)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got := Environment([]string{`=C:=C:\dir`, "Path=a", "Keep=1", ""}, map[string]string{"PATH": "b", "New": "x=y"})
	sort.Strings(got)
	want := []string{"", `=C:=C:\dir`, "Keep=1", "New=x=y", "PATH=b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q; expected %q", got, want)
	}
}
