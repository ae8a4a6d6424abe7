// Package manifest turns Pulumi properties into Kubernetes objects and back, and knows what the two
// sides add to each other: names, annotations, secrets, what the API server fills in.
package manifest

import (
	"fmt"
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"kubedev.dev/toolchain/providers/base/plain"
)

// Object is a Kubernetes object, or a part of one, as plain data. In a preview it can hold Unknown.
type Object = map[string]any

// Unknown stands for a value that only the deployment will know.
type Unknown = plain.Unknown

// schemaKeys are extensions of OpenAPI in a CustomResourceDefinition. The SDK cannot have a dash in
// a property name and writes underscores.
var schemaKeys = []string{
	"x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
	"x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields",
	"x-kubernetes-validations",
}

var toObjectKey, toPropertyKey = func() (map[string]string, map[string]string) {
	object, props := map[string]string{}, map[string]string{}
	for _, key := range schemaKeys {
		underscored := strings.ReplaceAll(key, "-", "_")
		object[underscored], props[key] = key, underscored
	}
	return object, props
}()

// FromProperties is the object that the properties describe, without marks of secrets.
func FromProperties(m property.Map) (Object, error) {
	object := Object{}
	for key, value := range m.All {
		plain, err := fromValue(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if renamed, ok := toObjectKey[key]; ok {
			key = renamed
		}
		object[key] = plain
	}
	return object, nil
}

func fromValue(v property.Value) (any, error) {
	switch {
	case v.IsNull():
		return nil, nil
	case v.IsComputed():
		return Unknown{}, nil
	case v.IsBool():
		return v.AsBool(), nil
	case v.IsString():
		return v.AsString(), nil
	case v.IsNumber():
		return fromNumber(v.AsNumber()), nil
	case v.IsArray():
		list := make([]any, 0, v.AsArray().Len())
		for i, element := range v.AsArray().All {
			plain, err := fromValue(element)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, plain)
		}
		return list, nil
	case v.IsMap():
		return FromProperties(v.AsMap())
	default:
		return nil, fmt.Errorf("assets, archives and resources are no part of a Kubernetes object")
	}
}

// fromNumber keeps whole numbers whole: Kubernetes takes no "3.0" for a count.
func fromNumber(f float64) any {
	const exact = 1 << 53
	if f == math.Trunc(f) && math.Abs(f) <= exact {
		return int64(f)
	}
	return f
}

// ToProperties is the reverse of FromProperties.
func ToProperties(object Object) property.Map {
	m := make(map[string]property.Value, len(object))
	for key, value := range object {
		if renamed, ok := toPropertyKey[key]; ok {
			key = renamed
		}
		m[key] = toValue(value)
	}
	return property.NewMap(m)
}

func toValue(plain any) property.Value {
	switch plain := plain.(type) {
	case nil:
		return property.New(property.Null)
	case Unknown:
		return property.New(property.Computed)
	case bool:
		return property.New(plain)
	case string:
		return property.New(plain)
	case int64:
		return property.New(float64(plain))
	case int:
		return property.New(float64(plain))
	case float64:
		return property.New(plain)
	case []any:
		list := make([]property.Value, 0, len(plain))
		for _, element := range plain {
			list = append(list, toValue(element))
		}
		return property.New(list)
	case map[string]any:
		return property.New(ToProperties(plain))
	default:
		panic(fmt.Sprintf("a Kubernetes object holds a %T", plain))
	}
}

// HasUnknown tells whether any part of the value is unknown.
func HasUnknown(value any) bool {
	switch value := value.(type) {
	case Unknown:
		return true
	case map[string]any:
		for _, element := range value {
			if HasUnknown(element) {
				return true
			}
		}
	case []any:
		for _, element := range value {
			if HasUnknown(element) {
				return true
			}
		}
	}
	return false
}
