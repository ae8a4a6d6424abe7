package manifest

import (
	"encoding/base64"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// What the state of a resource has beside the live object; the names are the real plugin's, so that
// each can go on with the other's state.
const (
	inputsKey            = "__inputs"
	fieldManagerKey      = "__fieldManager"
	initialAPIVersionKey = "__initialApiVersion"
)

// State is what is recorded of a resource.
type State struct {
	// Live is the object as the API server last had it.
	Live Object
	// FieldManager is the name under which this resource owns its fields.
	FieldManager string
	// InitialAPIVersion is the one with which the object was made.
	InitialAPIVersion string
}

// Properties of the state; inputs say what is secret and are recorded beside the live object.
func (s State) Properties(inputs property.Map) property.Map {
	return MarkSecrets(ToProperties(s.Live), inputs).
		Set(inputsKey, property.New(inputs)).
		Set(fieldManagerKey, property.New(s.FieldManager)).
		Set(initialAPIVersionKey, property.New(s.InitialAPIVersion))
}

// ReadState is the reverse of Properties.
func ReadState(m property.Map) (State, error) {
	live, err := FromProperties(m.Delete(inputsKey, fieldManagerKey, initialAPIVersionKey))
	if err != nil {
		return State{}, err
	}
	return State{
		Live:              live,
		FieldManager:      textOf(m.Get(fieldManagerKey)),
		InitialAPIVersion: textOf(m.Get(initialAPIVersionKey)),
	}, nil
}

// RecordedInputs are the inputs with which the state was written.
func RecordedInputs(m property.Map) property.Map {
	if inputs := m.Get(inputsKey); inputs.IsMap() {
		return inputs.AsMap()
	}
	return property.Map{}
}

func textOf(v property.Value) string {
	if !v.IsString() {
		return ""
	}
	return v.AsString()
}

// LiveInputs are the inputs that would have made the live object, in the shape of those that did:
// what the inputs say nothing about is somebody else's.
func LiveInputs(live, inputs Object) Object {
	shaped, _ := shape(withStringData(live, inputs), inputs).(Object)
	return shaped
}

func shape(live, inputs any) any {
	switch inputs := inputs.(type) {
	case Object:
		live, ok := live.(Object)
		if !ok {
			break
		}
		shaped := Object{}
		for key, input := range inputs {
			if value, present := live[key]; present {
				shaped[key] = shape(value, input)
			}
		}
		return shaped
	case []any:
		live, ok := live.([]any)
		if !ok {
			break
		}
		return shapeList(live, inputs)
	}
	return live
}

// shapeList pairs elements by name where all have one, as the API server merges them, else by
// place. A list of plain values is one value.
func shapeList(live, inputs []any) []any {
	byName := map[string]any{}
	for _, element := range live {
		if name, ok := nameOf(element); ok {
			byName[name] = element
		}
	}
	shaped := make([]any, 0, len(inputs))
	for i, input := range inputs {
		_, isObject := input.(Object)
		name, named := nameOf(input)
		switch value, found := byName[name]; {
		case !isObject:
			return live
		case named && found:
			shaped = append(shaped, shape(value, input))
		case !named && i < len(live):
			shaped = append(shaped, shape(live[i], input))
		}
	}
	return shaped
}

func nameOf(element any) (string, bool) {
	object, _ := element.(Object)
	name, ok := object["name"].(string)
	return name, ok
}

// withStringData gives a live Secret the stringData that it was made from, as far as it still has
// those keys: the API server keeps them under data only.
func withStringData(live, inputs Object) Object {
	texts, ok := inputs["stringData"].(Object)
	if !ok || GVK(live).String() != "/v1, Kind=Secret" {
		return live
	}
	data, _ := live["data"].(Object)
	decoded := Object{}
	for key := range texts {
		encoded, ok := data[key].(string)
		if !ok {
			continue
		}
		if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			decoded[key] = string(text)
		}
	}
	live = maps.Clone(live)
	live["stringData"] = decoded
	return live
}

// Importable are the inputs of an object that was made elsewhere: all that is not the API server's.
func Importable(live Object) Object {
	inputs := maps.Clone(WithoutServerFields(live))
	delete(inputs, "status")
	annotations, ok := metadata(inputs)["annotations"].(Object)
	if !ok {
		return inputs
	}
	annotations = maps.Clone(annotations)
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	delete(annotations, "deployment.kubernetes.io/revision")
	if len(annotations) == 0 {
		return WithoutMetadata(inputs, "annotations")
	}
	return WithMetadata(inputs, "annotations", annotations)
}

// Previewed is what a dry run of a create tells of the outputs: the API server makes some values
// anew each time it is asked, so those of the dry run are not the ones to come.
func Previewed(dryRun, inputs Object) Object {
	shown := maps.Clone(WithoutMetadata(dryRun, "managedFields"))
	delete(shown, "status")
	for _, key := range []string{"uid", "resourceVersion", "creationTimestamp"} {
		shown = WithMetadata(shown, key, Unknown{})
	}
	if GVK(shown).String() != "/v1, Kind=Service" {
		return shown
	}
	spec, _ := shown["spec"].(Object)
	given, _ := inputs["spec"].(Object)
	spec = maps.Clone(spec)
	for _, key := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		_, present := spec[key]
		if _, fixed := given[key]; present && !fixed {
			spec[key] = Unknown{}
		}
	}
	if spec["type"] != "ClusterIP" && spec["type"] != "ExternalName" {
		spec["ports"] = Unknown{}
	}
	shown["spec"] = spec
	return shown
}
