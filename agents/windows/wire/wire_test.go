package wire

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestExports(t *testing.T) {
	text := "export A='it'\\''s'\nexport B=plain/word\nexport C='two\nlines\n\n'\nexport EMPTY=''\nexport NONE=\nexport P='%PATH% & ^ \"ü\" \\'\n"
	got, err := Exports(text)
	want := map[string]string{
		"A": "it's", "B": "plain/word", "C": "two\nlines\n\n", "EMPTY": "", "NONE": "", "P": `%PATH% & ^ "ü" \`,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v; expected %q", got, err, want)
	}
	for _, bad := range []string{"A=b\n", "export A='b\n", "export A b=c", "export A=\\"} {
		if got, err := Exports(bad); err == nil {
			t.Errorf("%q: got %q; expected an error", bad, got)
		}
	}
}

func TestRead(t *testing.T) {
	values, script := "export A='ü'", "file-write"
	request, err := Read(strings.NewReader(fmt.Sprintf("%d %d\n%s%scontent\n", len(values), len(script), values, script)))
	if err != nil {
		t.Fatal(err)
	}
	input, err := io.ReadAll(request.Input)
	if err != nil || string(input) != "content\n" || request.Script != script || request.Values["A"] != "ü" {
		t.Errorf("got %+v with %q, %v", request, input, err)
	}
	for _, bad := range []string{"", "1\n", "-1 2\n", "5 5\nshort", "99999999999 1\n"} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: expected an error", bad)
		}
	}
}
