//go:build !windows

package swap

import (
	"bytes"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Names that are ours in the manifest of a static pod.
const (
	programVolume = "kubedev-program"
	digestNote    = "kubedev/program-sha256"
)

// manifest is the text of a static pod, of which all is kept but what is ours.
type manifest struct {
	file yaml.Node
	pod  *yaml.Node
}

func readManifest(text []byte) (*manifest, error) {
	m := &manifest{}
	if err := yaml.Unmarshal(text, &m.file); err != nil {
		return nil, fmt.Errorf("the manifest is no YAML: %w", err)
	}
	if len(m.file.Content) != 1 || m.file.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("got a manifest that is no object; expected a Pod")
	}
	m.pod = m.file.Content[0]
	if kind := textAt(m.pod, "kind"); kind != "Pod" {
		return nil, fmt.Errorf("got a manifest of kind %q; expected a Pod", kind)
	}
	return m, nil
}

func (m *manifest) namespace() string {
	if given := textAt(at(m.pod, "metadata"), "namespace"); given != "" {
		return given
	}
	return "default"
}

// container is the one that is called as the pod, or else the first.
func (m *manifest) container(pod string) (*yaml.Node, error) {
	all := at(at(m.pod, "spec"), "containers")
	if all == nil || len(all.Content) == 0 {
		return nil, fmt.Errorf("the manifest has no containers")
	}
	for _, one := range all.Content {
		if textAt(one, "name") == pod {
			return one, nil
		}
	}
	return all.Content[0], nil
}

func (m *manifest) containerName(pod string) string {
	one, err := m.container(pod)
	if err != nil {
		return ""
	}
	return textAt(one, "name")
}

// mounted tells whether a program of ours is in it.
func (m *manifest) mounted() bool { return named(at(at(m.pod, "spec"), "volumes"), programVolume) >= 0 }

// mount has a file of the node in the place of a program in the container. The digest makes another pod of it for the
// kubelet, which would not start one anew whose text is the same.
func (m *manifest) mount(pod, file, place, digest string) error {
	m.unmount()
	container, err := m.container(pod)
	if err != nil {
		return err
	}
	spec := at(m.pod, "spec")
	appendTo(spec, "volumes", map[string]any{
		"name": programVolume, "hostPath": map[string]string{"path": file, "type": "File"},
	})
	appendTo(container, "volumeMounts", map[string]any{
		"name": programVolume, "mountPath": place, "readOnly": true,
	})
	notes := made(made(m.pod, "metadata", yaml.MappingNode), "annotations", yaml.MappingNode)
	notes.Content = append(notes.Content, node(digestNote), node(digest))
	return nil
}

// unmount takes mount back.
func (m *manifest) unmount() {
	spec := at(m.pod, "spec")
	drop(spec, "volumes", programVolume)
	if all := at(spec, "containers"); all != nil {
		for _, one := range all.Content {
			drop(one, "volumeMounts", programVolume)
		}
	}
	metadata := at(m.pod, "metadata")
	if notes := at(metadata, "annotations"); notes != nil {
		remove(notes, digestNote)
		if len(notes.Content) == 0 {
			remove(metadata, "annotations")
		}
		if len(metadata.Content) == 0 {
			remove(m.pod, "metadata")
		}
	}
}

func (m *manifest) text() ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(&m.file)
	return out.Bytes(), err
}

// sameObject tells whether two texts say the same.
func sameObject(one, other []byte) bool {
	var a, b any
	return yaml.Unmarshal(one, &a) == nil && yaml.Unmarshal(other, &b) == nil && reflect.DeepEqual(a, b)
}

// at is the value of a key; nil without.
func at(object *yaml.Node, key string) *yaml.Node {
	if object == nil || object.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			return object.Content[i+1]
		}
	}
	return nil
}

func textAt(object *yaml.Node, key string) string {
	if value := at(object, key); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

// made is the value of a key, which is made if there is none, or none of that kind, as `volumes: null`.
func made(object *yaml.Node, key string, kind yaml.Kind) *yaml.Node {
	value := at(object, key)
	if value == nil {
		value = &yaml.Node{}
		object.Content = append(object.Content, node(key), value)
	}
	if value.Kind != kind {
		*value = yaml.Node{Kind: kind}
	}
	return value
}

func remove(object *yaml.Node, key string) {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			object.Content = append(object.Content[:i], object.Content[i+2:]...)
			return
		}
	}
}

func named(list *yaml.Node, name string) int {
	if list != nil && list.Kind == yaml.SequenceNode {
		for i, one := range list.Content {
			if textAt(one, "name") == name {
				return i
			}
		}
	}
	return -1
}

func appendTo(object *yaml.Node, key string, value any) {
	list := made(object, key, yaml.SequenceNode)
	list.Content = append(list.Content, node(value))
}

// drop removes what is called so from the list of a key, and the list when it is empty.
func drop(object *yaml.Node, key, name string) {
	list := at(object, key)
	i := named(list, name)
	if i < 0 {
		return
	}
	list.Content = append(list.Content[:i], list.Content[i+1:]...)
	if len(list.Content) == 0 {
		remove(object, key)
	}
}

func node(value any) *yaml.Node {
	made := &yaml.Node{}
	// Of texts and maps of texts it cannot fail.
	_ = made.Encode(value)
	return made
}
