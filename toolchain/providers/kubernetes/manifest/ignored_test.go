package manifest

import (
	"reflect"
	"testing"
)

func TestWithIgnored(t *testing.T) {
	fields := func(manager, key string) any {
		return Object{"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1",
			"fieldsV1": Object{"f:spec": Object{"f:" + key: Object{}}}}
	}
	live := Object{
		"metadata": Object{"managedFields": []any{
			fields("us", "ours"), fields("us", "shared"), fields("them", "shared"), fields("them", "theirs"),
			Object{"manager": "none"},
		}},
		"spec": Object{"ours": "live", "shared": "live", "theirs": "live", "nobody's": "live"},
	}
	inputs := Object{"kind": "X", "spec": Object{"ours": "a", "shared": "a", "theirs": "a", "gone": "a"}}
	for name, c := range map[string]struct {
		path string
		want Object
	}{
		"ours":           {"spec.ours", Object{"ours": "live", "shared": "a", "theirs": "a", "gone": "a"}},
		"shared":         {"spec.shared", Object{"ours": "a", "shared": "live", "theirs": "a", "gone": "a"}},
		"of others":      {"spec.theirs", Object{"ours": "a", "shared": "a", "gone": "a"}},
		"in quotes":      {`spec["theirs"]`, Object{"ours": "a", "shared": "a", "gone": "a"}},
		"nobody's":       {`spec["nobody's"]`, Object{"ours": "a", "shared": "a", "theirs": "a", "gone": "a", "nobody's": "live"}},
		"not there":      {"spec.gone", inputs["spec"].(Object)},
		"path of a list": {"spec.list[0].theirs", inputs["spec"].(Object)},
		"all":            {"spec", live["spec"].(Object)},
	} {
		got, err := WithIgnored(inputs, live, "us", []string{c.path})
		if err != nil || !reflect.DeepEqual(got, Object{"kind": "X", "spec": c.want}) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if !reflect.DeepEqual(inputs["spec"], Object{"ours": "a", "shared": "a", "theirs": "a", "gone": "a"}) {
		t.Errorf("the inputs were changed: %v", inputs)
	}
	if got, err := WithIgnored(inputs, live, "us", nil); err != nil || !reflect.DeepEqual(got, inputs) {
		t.Errorf("nothing is ignored: %v, %v", got, err)
	}
	if _, err := WithIgnored(inputs, live, "us", []string{"spec["}); err == nil {
		t.Error("a path that is none was taken")
	}
}
