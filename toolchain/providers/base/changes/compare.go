// Package changes tells what differs between two versions of what a drop-in keeps, as plain data.
package changes

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"kubedev.dev/toolchain/providers/base/plain"
)

// Kind of a change.
type Kind int

const (
	// Added is in the new object only.
	Added Kind = iota
	// Removed is in the old object only.
	Removed
	// Updated has another value, or one that is not known yet.
	Updated
)

// Change is one place at which two objects differ.
type Change struct {
	Path resource.PropertyPath
	Kind Kind
	// Replaces says that the object cannot be changed there: it takes a new one.
	Replaces bool
}

// Compare lists what changes between the two, in order of the path.
func Compare(before, after map[string]any) []Change {
	return compareObjects(nil, before, after)
}

func compareObjects(path resource.PropertyPath, before, after map[string]any) []Change {
	keys := map[string]bool{}
	for key := range before {
		keys[key] = true
	}
	for key := range after {
		keys[key] = true
	}
	var all []Change
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		all = append(all, compareValues(below(path, key), before[key], after[key])...)
	}
	return all
}

// compareValues takes a null for an absent value, as the API server does.
func compareValues(path resource.PropertyPath, before, after any) []Change {
	switch {
	case before == nil && after == nil:
		return nil
	case before == nil:
		return []Change{{Path: path, Kind: Added}}
	case after == nil:
		return []Change{{Path: path, Kind: Removed}}
	}
	switch before := before.(type) {
	case map[string]any:
		if after, ok := after.(map[string]any); ok {
			return compareObjects(path, before, after)
		}
	case []any:
		if after, ok := after.([]any); ok {
			return compareLists(path, before, after)
		}
	default:
		if isScalar(after) && number(before) == number(after) {
			return nil
		}
	}
	return []Change{{Path: path, Kind: Updated}}
}

func compareLists(path resource.PropertyPath, before, after []any) []Change {
	var all []Change
	for i := range max(len(before), len(after)) {
		switch at := below(path, i); {
		case i >= len(before):
			all = append(all, Change{Path: at, Kind: Added})
		case i >= len(after):
			all = append(all, Change{Path: at, Kind: Removed})
		default:
			all = append(all, compareValues(at, before[i], after[i])...)
		}
	}
	return all
}

// isScalar is false for what cannot be compared with ==, and for what is not known: that differs
// from everything.
func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any, plain.Unknown:
		return false
	}
	return true
}

// number makes 1 and 1.0 one value.
func number(value any) any {
	if whole, ok := value.(int64); ok {
		return float64(whole)
	}
	return value
}

func below(path resource.PropertyPath, element any) resource.PropertyPath {
	return append(slices.Clone(path), element)
}

// WithoutIgnored leaves out the changes at or below the paths of ignoreChanges.
func WithoutIgnored(all []Change, ignored []string) ([]Change, error) {
	for _, text := range ignored {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(slices.Clone(all), func(c Change) bool { return path.Contains(c.Path) })
	}
	return all, nil
}

// Replace tells whether any of the changes makes a new object.
func Replace(all []Change) bool {
	return slices.ContainsFunc(all, func(c Change) bool { return c.Replaces })
}
