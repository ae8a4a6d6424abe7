package manifest

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Annotations that steer the plugin. They are stored on the object like any other.
const (
	Autonamed           = "pulumi.com/autonamed"
	SkipAwait           = "pulumi.com/skipAwait"
	TimeoutSeconds      = "pulumi.com/timeoutSeconds"
	PatchForce          = "pulumi.com/patchForce"
	DeletionPropagation = "pulumi.com/deletionPropagationPolicy"
)

// Unsupported are annotations of the real plugin that change what it does and that the drop-in does
// not know; to ignore them would be to claim what was never waited for.
var Unsupported = []string{"pulumi.com/waitFor", "pulumi.com/replaceUnready", "pulumi.com/patchFieldManager"}

// metadata of the object, which callers only read; an unknown one is as good as none.
func metadata(o Object) Object {
	m, _ := o["metadata"].(Object)
	return m
}

// Name of the object; empty where it has none or none that is known.
func Name(o Object) string {
	name, _ := metadata(o)["name"].(string)
	return name
}

// HasName also counts a name that is still unknown.
func HasName(o Object) bool {
	if _, unknown := o["metadata"].(Unknown); unknown {
		return true
	}
	_, unknown := metadata(o)["name"].(Unknown)
	return unknown || Name(o) != ""
}

// GeneratesName tells whether the API server shall make the name, which an apply cannot do.
func GeneratesName(o Object) bool {
	prefix, ok := metadata(o)["generateName"]
	return ok && prefix != nil && prefix != ""
}

// Namespace of the object; empty where it has none or none that is known.
func Namespace(o Object) string {
	namespace, _ := metadata(o)["namespace"].(string)
	return namespace
}

// NamespaceOrDefault is where the API server puts an object that names no namespace.
func NamespaceOrDefault(o Object) string {
	if namespace := Namespace(o); namespace != "" {
		return namespace
	}
	return "default"
}

// HasNamespace also counts a namespace that is still unknown.
func HasNamespace(o Object) bool {
	value, ok := metadata(o)["namespace"]
	return ok && value != nil && value != ""
}

// Annotation of the object; empty where it is absent.
func Annotation(o Object, key string) string {
	annotations, _ := metadata(o)["annotations"].(Object)
	value, _ := annotations[key].(string)
	return value
}

// IsAutonamed tells whether the plugin chose the name.
func IsAutonamed(o Object) bool { return Annotation(o, Autonamed) == "true" }

// WithMetadata is a copy of the object with one field of its metadata set.
func WithMetadata(o Object, key string, value any) Object {
	if _, unknown := o["metadata"].(Unknown); unknown {
		return o
	}
	copied, meta := maps.Clone(o), maps.Clone(metadata(o))
	if meta == nil {
		meta = Object{}
	}
	meta[key] = value
	copied["metadata"] = meta
	return copied
}

// WithoutMetadata is a copy of the object without some fields of its metadata.
func WithoutMetadata(o Object, keys ...string) Object {
	meta := maps.Clone(metadata(o))
	if meta == nil {
		return o
	}
	for _, key := range keys {
		delete(meta, key)
	}
	copied := maps.Clone(o)
	copied["metadata"] = meta
	return copied
}

// WithAutoname is a copy of the object that has this name and says that the plugin chose it.
func WithAutoname(o Object, name string) Object {
	named := WithMetadata(o, "name", name)
	if _, unknown := metadata(o)["annotations"].(Unknown); unknown {
		return named
	}
	annotations, _ := metadata(o)["annotations"].(Object)
	annotations = maps.Clone(annotations)
	if annotations == nil {
		annotations = Object{}
	}
	annotations[Autonamed] = "true"
	return WithMetadata(named, "annotations", annotations)
}

// serverFields of metadata are the API server's alone.
var serverFields = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
	"managedFields", "resourceVersion", "selfLink", "uid",
}

// WithoutServerFields is a copy of the object without the metadata that only the API server writes.
func WithoutServerFields(o Object) Object { return WithoutMetadata(o, serverFields...) }

// GVK of the object.
func GVK(o Object) schema.GroupVersionKind {
	apiVersion, _ := o["apiVersion"].(string)
	kind, _ := o["kind"].(string)
	return schema.FromAPIVersionAndKind(apiVersion, kind)
}

// ID of an object: namespace/name, or only the name.
func ID(o Object) string {
	if namespace := Namespace(o); namespace != "" {
		return namespace + "/" + Name(o)
	}
	return Name(o)
}

// ParseID is the reverse of ID; the name is empty when it is none.
func ParseID(id string) (namespace, name string) {
	before, after, found := strings.Cut(id, "/")
	if !found {
		return "", before
	}
	if strings.Contains(after, "/") {
		return "", ""
	}
	return before, after
}
