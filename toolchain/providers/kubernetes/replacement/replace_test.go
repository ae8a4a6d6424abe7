package replacement

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/base/changes"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

type object = manifest.Object

func show(all []changes.Change) []string {
	var lines []string
	for _, c := range all {
		line := fmt.Sprintf("%s %s", [...]string{"+", "-", "~"}[c.Kind], c.Path)
		if c.Replaces {
			line += " replaces"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestReplacements(t *testing.T) {
	kind := func(group, kind string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}
	}
	for name, c := range map[string]struct {
		gvk           schema.GroupVersionKind
		before, after object
		want          []string
	}{
		"a name": {kind("x.y", "Z"), object{"metadata": object{"name": "a"}},
			object{"metadata": object{"name": "b"}}, []string{"~ metadata.name replaces"}},
		"a label": {kind("x.y", "Z"), object{"metadata": object{"labels": object{"name": "a"}}},
			object{"metadata": object{"labels": object{"name": "b"}}}, []string{"~ metadata.labels.name"}},
		"data": {kind("", "ConfigMap"), object{"data": object{"a": "1"}}, object{"data": object{"a": "2"}},
			[]string{"~ data.a replaces"}},
		"data of another kind": {kind("x.y", "ConfigMap"), object{"data": object{"a": "1"}},
			object{"data": object{"a": "2"}}, []string{"~ data.a"}},
		"all of a spec": {kind("apps", "Deployment"), object{}, object{"spec": object{}}, []string{"+ spec replaces"}},
		"a sibling": {kind("apps", "Deployment"), object{"spec": object{"replicas": int64(1)}},
			object{"spec": object{"replicas": int64(2)}}, []string{"~ spec.replicas"}},
		"an element": {kind("", "Pod"), object{"spec": object{"containers": []any{object{"image": "a", "tag": "a"}}}},
			object{"spec": object{"containers": []any{object{"image": "b", "tag": "b"}}}},
			[]string{"~ spec.containers[0].image replaces", "~ spec.containers[0].tag"}},
	} {
		if got := show(MarkReplacements(changes.Compare(c.before, c.after), c.gvk)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRefusedFieldsReplace(t *testing.T) {
	all := changes.Compare(object{"spec": object{"a": "1", "b": "1"}}, object{"spec": object{"a": "2", "b": "2"}})
	for name, c := range map[string]struct {
		field string
		want  []string
	}{
		"the field":          {"spec.a", []string{"~ spec.a replaces", "~ spec.b"}},
		"what it is in":      {"spec", []string{"~ spec.a replaces", "~ spec.b replaces"}},
		"a part of it":       {"spec.b.c[0].d", []string{"~ spec.a", "~ spec.b replaces"}},
		"one that is no use": {"status", []string{"~ spec.a replaces", "~ spec.b replaces"}},
	} {
		if got := show(MarkRefused(all, []Refused{{Field: c.field}})); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for message, want := range map[string]bool{
		"Invalid value: \"Retain\": field is immutable":                                  true,
		"Forbidden: updates to provisioner are forbidden.":                               true,
		"Forbidden: spec is immutable after creation except resources.requests":          true,
		"Invalid value: 70000: must be between 1 and 65535, inclusive":                   false,
		"Invalid value: []: may not change once set":                                     true,
		"Forbidden: updates to statefulset spec for fields other than 'replicas', are …": true,
	} {
		if got := (Refused{Message: message}).IsImmutable(); got != want {
			t.Errorf("%s: %v", message, got)
		}
	}
}

func TestEffective(t *testing.T) {
	before := object{"a": "1000m", "b": "x", "gone": "1", "l": []any{object{"v": "1000m"}}, "s": "old"}
	after := object{"a": "1", "b": "y", "new": "1", "l": []any{object{"v": "1"}}, "s": "new"}
	live := object{"a": "1", "b": "x", "gone": "1", "new": "1", "l": []any{object{"v": "1"}}}
	dryRun := object{"a": "1", "b": "y", "gone": "1", "new": "1", "l": []any{object{"v": "1"}}}
	want := []string{"~ b", "+ new", "~ s"}
	if got := show(Effective(changes.Compare(before, after), live, dryRun)); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
