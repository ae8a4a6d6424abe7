package manifest

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// WithIgnored is a copy of the inputs that leaves the fields of ignoreChanges as they are in the
// cluster: one that only others own is no part of the apply, which would be in conflict with them; any
// other keeps the value that it has. As in the real plugin, a path into a list is taken as it stands.
func WithIgnored(inputs, live Object, manager string, ignored []string) (Object, error) {
	if len(ignored) == 0 {
		return inputs, nil
	}
	ours, theirs, err := ownedFields(live, manager)
	if err != nil {
		return nil, err
	}
	for _, text := range ignored {
		parsed, err := resource.ParsePropertyPath(text)
		if err != nil {
			return nil, err
		}
		path, ok := keys(parsed)
		if !ok {
			continue
		}
		value, found, _ := unstructured.NestedFieldNoCopy(live, path...)
		switch {
		case !found:
		case owns(theirs, path) && !owns(ours, path):
			inputs = without(inputs, path)
		default:
			inputs = with(inputs, path, value)
		}
	}
	return inputs, nil
}

// keys of a path that leads through maps alone.
func keys(path resource.PropertyPath) ([]string, bool) {
	all := make([]string, 0, len(path))
	for _, element := range path {
		key, ok := element.(string)
		if !ok || key == "*" {
			return nil, false
		}
		all = append(all, key)
	}
	return all, len(all) > 0
}

// ownedFields are the fields that this manager owns, and those of the others, each manager's as the
// API server writes them: "f:spec" holds "f:replicas".
func ownedFields(live Object, manager string) (ours, theirs []Object, err error) {
	for _, entry := range (&unstructured.Unstructured{Object: live}).GetManagedFields() {
		var fields Object
		if err := json.Unmarshal(rawFields(entry), &fields); err != nil {
			return nil, nil, fmt.Errorf("reading the fields of the manager %s: %w", entry.Manager, err)
		}
		if entry.Manager == manager {
			ours = append(ours, fields)
		} else {
			theirs = append(theirs, fields)
		}
	}
	return ours, theirs, nil
}

func rawFields(entry metav1.ManagedFieldsEntry) []byte {
	if entry.FieldsV1 == nil {
		return []byte("{}")
	}
	return entry.FieldsV1.Raw
}

// owns tells whether any of them has the field, or a part of it.
func owns(managers []Object, path []string) bool {
	prefixed := make([]string, 0, len(path))
	for _, key := range path {
		prefixed = append(prefixed, "f:"+key)
	}
	for _, fields := range managers {
		if _, found, _ := unstructured.NestedFieldNoCopy(fields, prefixed...); found {
			return true
		}
	}
	return false
}

func without(object Object, path []string) Object {
	inner, ok := object[path[0]]
	if !ok {
		return object
	}
	copied := maps.Clone(object)
	if below, isObject := inner.(Object); isObject && len(path) > 1 {
		copied[path[0]] = without(below, path[1:])
	} else if len(path) == 1 {
		delete(copied, path[0])
	}
	return copied
}

func with(object Object, path []string, value any) Object {
	copied := maps.Clone(object)
	if copied == nil {
		copied = Object{}
	}
	if len(path) > 1 {
		below, _ := copied[path[0]].(Object)
		value = with(below, path[1:], value)
	}
	copied[path[0]] = value
	return copied
}
