package changes

import (
	"fmt"
	"slices"
	"testing"

	"kubedev.dev/toolchain/providers/base/plain"
)

type object = map[string]any

func show(all []Change) []string {
	var lines []string
	for _, c := range all {
		lines = append(lines, fmt.Sprintf("%s %s", [...]string{"+", "-", "~"}[c.Kind], c.Path))
	}
	return lines
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		before, after object
		want          []string
	}{
		"the same":         {object{"a": int64(1), "b": []any{"x"}}, object{"a": 1.0, "b": []any{"x"}}, nil},
		"a value":          {object{"a": "1"}, object{"a": "2"}, []string{"~ a"}},
		"another type":     {object{"a": "1"}, object{"a": object{}}, []string{"~ a"}},
		"a list for a map": {object{"a": []any{}}, object{"a": object{}}, []string{"~ a"}},
		"a key":            {object{"a": object{"b": "1"}}, object{"a": object{"c": "1"}}, []string{"- a.b", "+ a.c"}},
		"a key with dots":  {object{}, object{"a.b/c": "1"}, []string{`+ ["a.b/c"]`}},
		"null is absent":   {object{"a": nil}, object{"b": nil}, nil},
		"an element":       {object{"l": []any{"a"}}, object{"l": []any{"b", "c"}}, []string{"~ l[0]", "+ l[1]"}},
		"a lost element":   {object{"l": []any{"a", "b"}}, object{"l": []any{"a"}}, []string{"- l[1]"}},
		"what is unknown":  {object{"a": "1", "b": object{}}, object{"a": plain.Unknown{}, "b": plain.Unknown{}}, []string{"~ a", "~ b"}},
	} {
		if got := show(Compare(c.before, c.after)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWithoutIgnored(t *testing.T) {
	all := Compare(object{"a": object{"b": "1", "c": "1"}}, object{"a": object{"b": "2", "c": "2"}})
	got, err := WithoutIgnored(all, []string{"a.b"})
	if err != nil || !slices.Equal(show(got), []string{"~ a.c"}) {
		t.Errorf("got %v, %v", show(got), err)
	}
	if got, _ := WithoutIgnored(all, []string{"a"}); len(got) != 0 {
		t.Errorf("got %v", show(got))
	}
	if _, err := WithoutIgnored(all, []string{"a["}); err == nil {
		t.Error("a path that is none was taken")
	}
}

func TestReplace(t *testing.T) {
	if Replace([]Change{{}}) || !Replace([]Change{{}, {Replaces: true}}) {
		t.Error("one change that replaces decides")
	}
}
