package service

import (
	"reflect"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	dir := t.TempDir()
	plan := Plan{Argv: []string{"a b", `"`}, Environment: map[string]string{"A": "ü"}, LogMib: 1, LogKeep: 2}
	if err := plan.Write(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(dir); err != nil || !reflect.DeepEqual(got, plan) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := (Plan{}).Write(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(dir); err == nil {
		t.Errorf("got %+v; expected an error", got)
	}
}

func TestName(t *testing.T) {
	short, long := Name("C:/a", "key"), Name("C:/a", strings.Repeat("k", 100))
	if !strings.HasPrefix(short, "kubedev-key-") || len(short) != 24 || len(long) != 101 {
		t.Errorf("got %s, %s", short, long)
	}
	if short == Name("C:/b", "key") || short != Name("c:/A", "key") {
		t.Error("names meet, or differ by case")
	}
}
