package manifest

import "github.com/pulumi/pulumi/sdk/v3/go/property"

// MarkSecrets marks in the outputs what is secret in the inputs that they come from, and the data
// of a Secret in any case. The API server keeps stringData under data, so its marks carry over.
func MarkSecrets(outputs, inputs property.Map) property.Map {
	if kind := outputs.Get("kind"); kind.IsString() && kind.AsString() == "Secret" {
		for _, key := range []string{"data", "stringData"} {
			if value, ok := outputs.GetOk(key); ok {
				outputs = outputs.Set(key, value.WithSecret(true))
			}
		}
	}
	for key, input := range inputs.All {
		output, ok := outputs.GetOk(key)
		if !ok {
			continue
		}
		outputs = outputs.Set(key, markValue(output, input))
	}
	return outputs
}

// markValue goes down maps as far as both sides have them; below that one secret element makes
// the whole output secret, since the server may have moved elements of a list.
func markValue(output, input property.Value) property.Value {
	if output.Secret() {
		return output
	}
	if output.IsMap() && input.IsMap() && !input.Secret() {
		return property.New(MarkSecrets(output.AsMap(), input.AsMap()))
	}
	return output.WithSecret(input.HasSecrets())
}
