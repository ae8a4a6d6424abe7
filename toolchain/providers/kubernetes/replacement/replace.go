// Package replacement tells what a change of a Kubernetes object takes: an update in place, a new
// object, or nothing.
package replacement

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/base/changes"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// identity is what makes another object of any kind.
var identity = []string{"metadata.name", "metadata.namespace"}

// fixed lists the fields of a kind whose change makes a new object, as in the real plugin; "*" is
// any element of a list. What is missing here the API server refuses to change, which a dry run
// finds out (see MarkRefused).
var fixed = map[schema.GroupVersionKind][]string{
	{Version: "v1", Kind: "ConfigMap"}: {"data", "binaryData"},
	{Version: "v1", Kind: "Secret"}:    {"data", "stringData", "type"},
	{Version: "v1", Kind: "Service"}:   {"spec.clusterIP"},
	{Version: "v1", Kind: "PersistentVolumeClaim"}: {
		"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName",
	},
	{Version: "v1", Kind: "PersistentVolume"}: under("spec.",
		"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc",
		"flexVolume", "flocker", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local",
		"nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos",
		"vsphereVolume"),
	{Version: "v1", Kind: "Pod"}: slices.Concat(
		under("spec.", "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy",
			"enableServiceLinks", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname",
			"imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy",
			"priority", "priorityClassName", "readinessGates", "restartPolicy",
			"runtimeClassName", "schedulerName", "securityContext", "serviceAccount",
			"serviceAccountName", "shareProcessNamespace", "subdomain",
			"terminationGracePeriodSeconds", "volumes"),
		containerFields("spec.containers.*."), containerFields("spec.initContainers.*.")),
	{Group: "apps", Version: "v1", Kind: "DaemonSet"}:  {"spec.selector"},
	{Group: "apps", Version: "v1", Kind: "Deployment"}: {"spec.selector"},
	{Group: "apps", Version: "v1", Kind: "StatefulSet"}: under("spec.",
		"podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"),
	{Group: "batch", Version: "v1", Kind: "Job"}: under("spec.",
		"completions", "parallelism", "selector", "template"),
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
}

func containerFields(prefix string) []string {
	return under(prefix, "args", "command", "env", "image", "imagePullPolicy", "lifecycle",
		"livenessProbe", "ports", "readinessProbe", "resources", "securityContext", "stdin",
		"stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices",
		"volumeMounts", "workingDir")
}

func under(prefix string, fields ...string) []string {
	all := make([]string, 0, len(fields))
	for _, field := range fields {
		all = append(all, prefix+field)
	}
	return all
}

// MarkReplacements marks the changes that make a new object of this kind.
func MarkReplacements(all []changes.Change, gvk schema.GroupVersionKind) []changes.Change {
	rules := slices.Concat(identity, fixed[gvk])
	return mark(all, func(c changes.Change) bool {
		return slices.ContainsFunc(rules, func(rule string) bool { return touches(c.Path, strings.Split(rule, ".")) })
	})
}

// immutable is how the API server words that it will not change a field of an object.
var immutable = []string{
	"is immutable", "may not be changed", "may not change", "cannot be changed", "cannot be updated",
	"updates to ", "cannot be modified",
}

// Refused is a field that the API server will not take, and why.
type Refused struct{ Field, Message string }

// IsImmutable tells whether the server refuses the change, not the value.
func (r Refused) IsImmutable() bool {
	return slices.ContainsFunc(immutable, func(words string) bool { return strings.Contains(r.Message, words) })
}

// MarkRefused marks the changes at or below the fields that the server refuses to change; all of
// them where it names none of those.
func MarkRefused(all []changes.Change, refused []Refused) []changes.Change {
	matched := false
	marked := mark(all, func(c changes.Change) bool {
		hit := slices.ContainsFunc(refused, func(r Refused) bool { return touches(c.Path, fieldPath(r.Field)) })
		matched = matched || hit
		return hit
	})
	if matched {
		return marked
	}
	return mark(all, func(changes.Change) bool { return true })
}

// fieldPath reads a field as the API server writes it: spec.containers[0].image.
func fieldPath(field string) []string {
	field, _, _ = strings.Cut(field, "[")
	return strings.Split(field, ".")
}

// touches tells whether a change at the path is a change of the field: of a part of it, or of the
// whole that it is in.
func touches(path resource.PropertyPath, field []string) bool {
	for i := range min(len(path), len(field)) {
		key, isKey := path[i].(string)
		if field[i] != "*" && (!isKey || key != field[i]) {
			return false
		}
	}
	return len(path) > 0
}

func mark(all []changes.Change, replaces func(changes.Change) bool) []changes.Change {
	marked := slices.Clone(all)
	for i := range marked {
		marked[i].Replaces = marked[i].Replaces || replaces(marked[i])
	}
	return marked
}

// Effective leaves out the changes that change nothing, by a dry run: where the server has the same
// value before and after ("1000m" and "1" of a CPU). An addition counts in any case, since with it
// the program takes charge of the field.
func Effective(all []changes.Change, live, dryRun manifest.Object) []changes.Change {
	return slices.DeleteFunc(slices.Clone(all), func(c changes.Change) bool {
		if c.Kind == changes.Added {
			return false
		}
		before, had := lookUp(live, c.Path)
		after, has := lookUp(dryRun, c.Path)
		return had && has && len(changes.Compare(manifest.Object{"": before}, manifest.Object{"": after})) == 0
	})
}

// lookUp follows the path as far as the first list: the server may keep the elements in another
// order, so a list is compared as a whole.
func lookUp(object manifest.Object, path resource.PropertyPath) (any, bool) {
	var at any = object
	for _, element := range path {
		key, ok := element.(string)
		if !ok {
			break
		}
		inside, ok := at.(manifest.Object)
		if !ok {
			return nil, false
		}
		if at, ok = inside[key]; !ok {
			return nil, false
		}
	}
	return at, true
}
