// Package kinds says which Kubernetes kinds the drop-in serves and how a Pulumi type token names one.
package kinds

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Scope says whether objects of a kind live in a namespace.
type Scope int

const (
	// ScopeUnknown is a custom resource's, until the cluster says which.
	ScopeUnknown Scope = iota
	// Namespaced objects have metadata.namespace.
	Namespaced
	// ClusterWide objects have none.
	ClusterWide
)

// served lists the built-in kinds.
var served = map[schema.GroupVersion]map[string]Scope{
	{Group: "", Version: "v1"}: {
		"ConfigMap": Namespaced, "Namespace": ClusterWide, "PersistentVolume": ClusterWide,
		"PersistentVolumeClaim": Namespaced, "Pod": Namespaced, "Secret": Namespaced,
		"Service": Namespaced, "ServiceAccount": Namespaced,
	},
	{Group: "apps", Version: "v1"}: {
		"DaemonSet": Namespaced, "Deployment": Namespaced, "StatefulSet": Namespaced,
	},
	{Group: "batch", Version: "v1"}:  {"Job": Namespaced},
	{Group: "policy", Version: "v1"}: {"PodDisruptionBudget": Namespaced},
	{Group: "admissionregistration.k8s.io", Version: "v1"}: {
		"MutatingWebhookConfiguration": ClusterWide, "ValidatingWebhookConfiguration": ClusterWide,
	},
	{Group: "apiextensions.k8s.io", Version: "v1"}:   {"CustomResourceDefinition": ClusterWide},
	{Group: "apiregistration.k8s.io", Version: "v1"}: {"APIService": ClusterWide},
	{Group: "networking.k8s.io", Version: "v1"}:      {"NetworkPolicy": Namespaced},
	{Group: "rbac.authorization.k8s.io", Version: "v1"}: {
		"ClusterRole": ClusterWide, "ClusterRoleBinding": ClusterWide,
		"Role": Namespaced, "RoleBinding": Namespaced,
	},
	{Group: "scheduling.k8s.io", Version: "v1"}: {"PriorityClass": ClusterWide},
	{Group: "storage.k8s.io", Version: "v1"}:    {"CSIDriver": ClusterWide, "StorageClass": ClusterWide},
}

// builtInGroups have a dot in their name like those of custom resources, but belong to the API
// server itself; a kind in one of them that is not served is refused.
var builtInGroups = []string{
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io",
	"apiserver.k8s.io", "auditregistration.k8s.io", "authentication.k8s.io",
	"authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
	"events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
	"networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io",
	"scheduling.k8s.io", "settings.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
}

// pulumiGroups are packages of the SDK, not API groups: Helm releases, and components that the real
// plugin makes itself.
var pulumiGroups = []string{"helm.sh", "kustomize", "yaml"}

// Parse reads a type token: kubernetes:<group>/<version>:<Kind>, the group of v1 being "core". It
// is false for a kind that is not served.
func Parse(token string) (schema.GroupVersionKind, bool) {
	pkg, rest, _ := strings.Cut(token, ":")
	module, kind, _ := strings.Cut(rest, ":")
	group, version, hasVersion := strings.Cut(module, "/")
	if pkg != "kubernetes" || !hasVersion || kind == "" || strings.Contains(kind, ":") {
		return schema.GroupVersionKind{}, false
	}
	if group == "core" {
		group = ""
	}
	gvk := schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
	if _, builtIn := served[gvk.GroupVersion()][kind]; builtIn {
		return gvk, true
	}
	return gvk, isCustom(group)
}

// isCustom tells whether a group can be one of custom resources: those have a domain for a name.
func isCustom(group string) bool {
	return strings.Contains(group, ".") &&
		!slices.Contains(builtInGroups, group) && !slices.Contains(pulumiGroups, group)
}

// ScopeOf a kind, as far as it is known without a cluster.
func ScopeOf(gvk schema.GroupVersionKind) Scope {
	return served[gvk.GroupVersion()][gvk.Kind]
}

// List names all that is served, for the message that refuses something else.
func List() []string {
	var all []string
	for gv, names := range served {
		for kind := range names {
			all = append(all, fmt.Sprintf("kubernetes:%s:%s", moduleOf(gv), kind))
		}
	}
	slices.Sort(all)
	return append(all, "custom resources (kubernetes:<group>/<version>:<Kind>)", "kubernetes:yaml:decode")
}

func moduleOf(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "core/" + gv.Version
	}
	return gv.String()
}
