package manifest

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestPropertiesBecomeObjectsAndBack(t *testing.T) {
	for name, c := range map[string]struct {
		property property.Value
		plain    any
	}{
		"text":            {property.New("a"), "a"},
		"whole number":    {property.New(3.0), int64(3)},
		"fraction":        {property.New(1.5), 1.5},
		"huge number":     {property.New(1e300), 1e300},
		"truth":           {property.New(true), true},
		"null":            {property.New(property.Null), nil},
		"unknown":         {property.New(property.Computed), Unknown{}},
		"list":            {property.New([]property.Value{property.New(1.0)}), []any{int64(1)}},
		"map":             {property.New(map[string]property.Value{"b": property.New("c")}), Object{"b": "c"}},
		"key of a schema": {property.New(map[string]property.Value{"x_kubernetes_list_type": property.New("map")}), Object{"x-kubernetes-list-type": "map"}},
		"other key":       {property.New(map[string]property.Value{"x_kubernetes": property.New("map")}), Object{"x_kubernetes": "map"}},
	} {
		in := property.NewMap(map[string]property.Value{"key": c.property})
		object, err := FromProperties(in)
		if err != nil || !reflect.DeepEqual(object, Object{"key": c.plain}) {
			t.Errorf("%s: got %#v, %v", name, object, err)
			continue
		}
		if back := ToProperties(object); !property.New(back).Equals(property.New(in)) {
			t.Errorf("%s: back to %#v", name, back)
		}
	}
}

func TestSecretsLoseTheirMarkOnlyInTheObject(t *testing.T) {
	in := property.NewMap(map[string]property.Value{"key": property.New("a").WithSecret(true)})
	if object, err := FromProperties(in); err != nil || object["key"] != "a" {
		t.Errorf("got %v, %v", object, err)
	}
}

func TestHasUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  bool
	}{
		"none":      {Object{"a": []any{"b", nil}}, false},
		"in a map":  {Object{"a": Object{"b": Unknown{}}}, true},
		"in a list": {Object{"a": []any{"b", Unknown{}}}, true},
		"itself":    {Unknown{}, true},
	} {
		if got := HasUnknown(c.value); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMarkSecrets(t *testing.T) {
	text := func(s string) property.Value { return property.New(s) }
	m := func(pairs map[string]property.Value) property.Value { return property.New(pairs) }
	for name, c := range map[string]struct {
		output, input, want property.Value
	}{
		"by the input": {
			m(map[string]property.Value{"a": text("1"), "b": text("2")}),
			m(map[string]property.Value{"a": text("1").WithSecret(true), "b": text("2")}),
			m(map[string]property.Value{"a": text("1").WithSecret(true), "b": text("2")}),
		},
		"deep down": {
			m(map[string]property.Value{"a": m(map[string]property.Value{"b": text("1"), "c": text("2")})}),
			m(map[string]property.Value{"a": m(map[string]property.Value{"b": text("1").WithSecret(true)})}),
			m(map[string]property.Value{"a": m(map[string]property.Value{"b": text("1").WithSecret(true), "c": text("2")})}),
		},
		"one element makes a list secret": {
			m(map[string]property.Value{"a": property.New([]property.Value{text("1"), text("2")})}),
			m(map[string]property.Value{"a": property.New([]property.Value{text("2").WithSecret(true)})}),
			m(map[string]property.Value{"a": property.New([]property.Value{text("1"), text("2")}).WithSecret(true)}),
		},
		"data of a Secret": {
			m(map[string]property.Value{"kind": text("Secret"), "data": m(map[string]property.Value{"a": text("1")})}),
			m(map[string]property.Value{}),
			m(map[string]property.Value{"kind": text("Secret"), "data": m(map[string]property.Value{"a": text("1")}).WithSecret(true)}),
		},
	} {
		got := property.New(MarkSecrets(c.output.AsMap(), c.input.AsMap()))
		if !got.Equals(c.want) {
			t.Errorf("%s: %#v", name, got)
		}
	}
}
