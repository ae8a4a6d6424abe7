package local

import (
	"reflect"
	"testing"
)

func TestSelector(t *testing.T) {
	files := []string{"a.js", "src/b.js", "src/secret.js", "src/deep/c.js", "src/d.txt"}
	for _, c := range []struct {
		patterns, want []string
	}{
		{[]string{"*.js"}, []string{"a.js"}},
		{[]string{"**.js"}, []string{"a.js", "src/b.js", "src/secret.js", "src/deep/c.js"}},
		{[]string{"src/*"}, []string{"src/b.js", "src/secret.js", "src/d.txt"}},
		{[]string{"src/**", "!**secret*"}, []string{"src/b.js", "src/deep/c.js", "src/d.txt"}},
		{[]string{"!**secret*", "src/*.js"}, []string{"src/b.js", "src/secret.js"}},
		{nil, nil},
	} {
		selected, err := selector(c.patterns)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			if selected(f) {
				got = append(got, f)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %q, expected %q", c.patterns, got, c.want)
		}
	}
	if _, err := selector([]string{"ok", "[broken"}); err == nil {
		t.Error("a broken pattern was taken")
	}
}
