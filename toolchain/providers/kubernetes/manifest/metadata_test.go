package manifest

import (
	"reflect"
	"testing"
)

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		object              Object
		id                  string
		hasName, hasNS, gen bool
	}{
		"none":              {Object{}, "", false, false, false},
		"a name":            {Object{"metadata": Object{"name": "n"}}, "n", true, false, false},
		"with a namespace":  {Object{"metadata": Object{"name": "n", "namespace": "s"}}, "s/n", true, true, false},
		"unknown name":      {Object{"metadata": Object{"name": Unknown{}}}, "", true, false, false},
		"unknown namespace": {Object{"metadata": Object{"name": "n", "namespace": Unknown{}}}, "n", true, true, false},
		"unknown metadata":  {Object{"metadata": Unknown{}}, "", true, false, false},
		"prefix":            {Object{"metadata": Object{"generateName": "n-"}}, "", false, false, true},
	} {
		if got := ID(c.object); got != c.id {
			t.Errorf("%s: id %q", name, got)
		}
		got := []bool{HasName(c.object), HasNamespace(c.object), GeneratesName(c.object)}
		if want := []bool{c.hasName, c.hasNS, c.gen}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, expected %v", name, got, want)
		}
	}
}

func TestParseID(t *testing.T) {
	for id, want := range map[string][2]string{
		"n": {"", "n"}, "s/n": {"s", "n"}, "": {"", ""}, "a/b/c": {"", ""}, "s/": {"s", ""},
	} {
		if namespace, name := ParseID(id); [2]string{namespace, name} != want {
			t.Errorf("%q: %q %q", id, namespace, name)
		}
	}
}

func TestWithAutonameLeavesTheOriginal(t *testing.T) {
	original := Object{"metadata": Object{"annotations": Object{"a": "b"}}}
	named := WithAutoname(original, "n-1")
	want := Object{"metadata": Object{"name": "n-1", "annotations": Object{"a": "b", Autonamed: "true"}}}
	if !reflect.DeepEqual(named, want) || !IsAutonamed(named) {
		t.Errorf("got %v", named)
	}
	if !reflect.DeepEqual(original, Object{"metadata": Object{"annotations": Object{"a": "b"}}}) {
		t.Errorf("the original became %v", original)
	}
	unknown := Object{"metadata": Object{"annotations": Unknown{}}}
	if got := WithAutoname(unknown, "n"); Name(got) != "n" || IsAutonamed(got) {
		t.Errorf("unknown annotations: %v", got)
	}
}

func TestLiveInputs(t *testing.T) {
	for name, c := range map[string]struct{ live, inputs, want Object }{
		"what the inputs do not name is left out": {
			Object{"a": "1", "b": "2", "c": Object{"d": "3", "e": "4"}},
			Object{"a": "0", "c": Object{"d": "0"}, "gone": "x"},
			Object{"a": "1", "c": Object{"d": "3"}},
		},
		"elements by name": {
			Object{"l": []any{Object{"name": "x", "v": "1"}, Object{"name": "y", "v": "2", "more": "3"}}},
			Object{"l": []any{Object{"name": "y", "v": "0"}, Object{"name": "z"}}},
			Object{"l": []any{Object{"name": "y", "v": "2"}}},
		},
		"elements by place": {
			Object{"l": []any{Object{"port": int64(80), "protocol": "TCP"}, Object{"port": int64(81)}}},
			Object{"l": []any{Object{"port": int64(80)}}},
			Object{"l": []any{Object{"port": int64(80)}}},
		},
		"plain lists whole": {
			Object{"l": []any{"a", "b"}}, Object{"l": []any{"a"}}, Object{"l": []any{"a", "b"}},
		},
		"text of a Secret": {
			Object{"apiVersion": "v1", "kind": "Secret", "data": Object{"a": "c2VzYW1l", "b": "Yg=="}},
			Object{"apiVersion": "v1", "kind": "Secret", "stringData": Object{"a": "old", "c": "lost"}},
			Object{"apiVersion": "v1", "kind": "Secret", "stringData": Object{"a": "sesame"}},
		},
	} {
		if got := LiveInputs(c.live, c.inputs); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestImportable(t *testing.T) {
	live := Object{
		"kind": "A", "spec": Object{"a": "1"}, "status": Object{},
		"metadata": Object{"name": "n", "uid": "u", "resourceVersion": "1", "managedFields": []any{},
			"annotations": Object{"deployment.kubernetes.io/revision": "1"}},
	}
	want := Object{"kind": "A", "spec": Object{"a": "1"}, "metadata": Object{"name": "n"}}
	if got := Importable(live); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestPreviewedHidesWhatTheServerMakesAnew(t *testing.T) {
	dryRun := Object{
		"apiVersion": "v1", "kind": "Service", "status": Object{},
		"metadata": Object{"name": "n", "uid": "u", "managedFields": []any{}},
		"spec":     Object{"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": []any{"10.0.0.1"}, "ports": []any{}},
	}
	got := Previewed(dryRun, Object{"spec": Object{"clusterIPs": []any{"10.0.0.1"}}})
	want := Object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": Object{"name": "n", "uid": Unknown{}, "resourceVersion": Unknown{}, "creationTimestamp": Unknown{}},
		"spec":     Object{"type": "ClusterIP", "clusterIP": Unknown{}, "clusterIPs": []any{"10.0.0.1"}, "ports": []any{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestStateAndBack(t *testing.T) {
	state := State{Live: Object{"kind": "A"}, FieldManager: "m", InitialAPIVersion: "v1"}
	inputs := ToProperties(Object{"kind": "A"})
	recorded := state.Properties(inputs)
	back, err := ReadState(recorded)
	if err != nil || !reflect.DeepEqual(back, state) {
		t.Errorf("got %v, %v", back, err)
	}
	if got := RecordedInputs(recorded); got.Get("kind").AsString() != "A" {
		t.Errorf("inputs %v", got)
	}
}
