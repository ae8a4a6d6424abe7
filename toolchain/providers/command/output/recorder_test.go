package output

import (
	"reflect"
	"strings"
	"testing"
)

func TestShowsWholeLinesOfTheChosenStreams(t *testing.T) {
	for mode, want := range map[string][]string{
		"":                {"one two", "bad", "rest"},
		"stdoutAndStderr": {"one two", "bad", "rest"},
		"stdout":          {"one two", "rest"},
		"stderr":          {"bad"},
		"none":            nil,
	} {
		var shown []string
		r := NewRecorder(mode, func(line string) { shown = append(shown, line) })
		for _, part := range []string{"one ", "two\nre", "st"} {
			_, _ = r.Stdout.Write([]byte(part))
			if part == "two\nre" {
				_, _ = r.Stderr.Write([]byte("bad\n"))
			}
		}
		r.End()
		if !reflect.DeepEqual(shown, want) {
			t.Errorf("%q: got %q, expected %q", mode, shown, want)
		}
		stdout, stderr := r.Texts()
		if stdout != "one two\nrest" || stderr != "bad" {
			t.Errorf("%q: stored %q and %q", mode, stdout, stderr)
		}
		if got := r.Both(); got != "one two\nrebad\nst" {
			t.Errorf("%q: both are %q", mode, got)
		}
	}
}

func TestALongLineIsShownCutAndStoredWhole(t *testing.T) {
	var shown []string
	r := NewRecorder("", func(line string) { shown = append(shown, line) })
	long := strings.Repeat("x", 200_000)
	for i := 0; i < len(long); i += 1000 {
		_, _ = r.Stdout.Write([]byte(long[i : i+1000]))
	}
	_, _ = r.Stdout.Write([]byte("\nshort\n"))
	r.End()
	want := []string{strings.Repeat("x", maxLine) + " [cut]", "short"}
	if !reflect.DeepEqual(shown, want) {
		t.Errorf("shown %d lines, the first of %d bytes", len(shown), len(shown[0]))
	}
	if stdout, _ := r.Texts(); stdout != long+"\nshort" {
		t.Errorf("stored %d bytes", len(stdout))
	}
}

func TestTextIsMadeValid(t *testing.T) {
	var shown []string
	r := NewRecorder("", func(line string) { shown = append(shown, line) })
	_, _ = r.Stdout.Write([]byte("a\xffb\n\n"))
	r.End()
	stdout, _ := r.Texts()
	if stdout != "a\uFFFDb\n" || !reflect.DeepEqual(shown, []string{"a\uFFFDb", ""}) {
		t.Errorf("stored %q, shown %q", stdout, shown)
	}
}
