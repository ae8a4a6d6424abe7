package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"kubedev.dev/toolchain/providers/azure-native/arm"
	"kubedev.dev/toolchain/providers/base/plain"
)

// plainMap is what the manager sees: instead of a secret a digest of it, by which it tells one from another and keeps none.
func plainMap(m property.Map) arm.Properties {
	object := arm.Properties{}
	for key, value := range m.All {
		if !value.IsNull() {
			object[key] = plainValue(value)
		}
	}
	return object
}

func plainValue(v property.Value) any {
	if v.Secret() && !v.IsComputed() {
		return arm.Digest(plainValue(v.WithSecret(false)))
	}
	switch {
	case v.IsComputed():
		return plain.Unknown{}
	case v.IsBool():
		return v.AsBool()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsString():
		return v.AsString()
	case v.IsMap():
		return plainMap(v.AsMap())
	case v.IsArray():
		// An empty one is a list too, after it was written and read as well.
		list := []any{}
		for _, element := range v.AsArray().All {
			list = append(list, plainValue(element))
		}
		return list
	}
	return nil
}

// filled are the inputs, with what the manager has added to them. Where both have a value it is the input's, which knows
// whether it is a secret; within maps and lists both count.
func filled(inputs property.Map, made arm.Properties) property.Map {
	outputs := inputs
	for key, value := range made {
		input, given := inputs.GetOk(key)
		outputs = outputs.Set(key, filledValue(input, given, value))
	}
	return outputs
}

func filledValue(input property.Value, given bool, made any) property.Value {
	inner, isMap := made.(arm.Properties)
	list, isList := made.([]any)
	switch {
	case isMap && (!given || input.IsMap() && !input.Secret()):
		before := property.Map{}
		if given {
			before = input.AsMap()
		}
		return property.New(filled(before, inner))
	case isList && (!given || input.IsArray() && !input.Secret()):
		var elements []property.Value
		for i, element := range list {
			has := given && i < input.AsArray().Len()
			before := property.Value{}
			if has {
				before = input.AsArray().Get(i)
			}
			elements = append(elements, filledValue(before, has, element))
		}
		return property.New(property.NewArray(elements))
	case given:
		return input
	}
	value, err := property.Any(made)
	if err != nil {
		return property.Value{}
	}
	return value
}
