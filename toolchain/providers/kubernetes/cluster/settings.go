// Package cluster talks to the API server that the provider's settings name.
package cluster

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Settings of the provider.
type Settings struct {
	// Kubeconfig is the text of one or the path to one; empty for what kubectl would take.
	Kubeconfig string
	// Context of the kubeconfig; empty for its current one.
	Context string
	// Namespace of objects that name none; empty for the server's default.
	Namespace string
	// DeleteUnreachable drops from the state what is in a cluster that does not answer.
	DeleteUnreachable bool
	// SuppressWarnings keeps the API server's warnings of deprecated versions from the user.
	SuppressWarnings bool
}

// known settings; the values say which ones are on or off rather than text.
var known = map[string]bool{
	"kubeconfig": false, "context": false, "namespace": false, "clusterIdentifier": false,
	"enableServerSideApply": true, "deleteUnreachable": true,
	"suppressDeprecationWarnings": true, "suppressHelmHookWarnings": true,
}

// ofEngine are settings by which the engine finds the plugin.
var ofEngine = []string{"version", "pluginDownloadURL", "pluginChecksums"}

// variables of the environment by which the real plugin takes settings, with the values that ask for
// what the drop-in does not do. The SDK reads them only for providers that a program declares.
var variables = map[string]string{
	"PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY": "false", "PULUMI_K8S_AWAIT_ALL": "true",
	"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE": "true", "PULUMI_K8S_ENABLE_SECRET_MUTABLE": "true",
	"PULUMI_K8S_ENABLE_PATCH_FORCE": "true", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true",
	"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true",
}

// Wrong is a setting that cannot be served, and why.
type Wrong struct{ Setting, Reason string }

// CheckSettings lists what the drop-in cannot do as the settings say.
func CheckSettings(settings property.Map) []Wrong {
	var wrong []Wrong
	for key, value := range settings.AllStable {
		switch isSwitch, ok := known[key]; {
		case value.IsNull() || slices.Contains(ofEngine, key) || strings.HasPrefix(key, "__"):
		case !ok:
			wrong = append(wrong, Wrong{key, fmt.Sprintf("the drop-in has no setting %s; it has only: %s",
				key, strings.Join(SettingNames(), ", "))})
		case value.IsComputed():
		case isSwitch && !isTruth(value):
			wrong = append(wrong, Wrong{key, key + " is true or false"})
		case key == "enableServerSideApply" && !isTrue(value):
			wrong = append(wrong, Wrong{key, "the drop-in writes by server-side apply only; leave the setting out"})
		case !isSwitch && !value.IsString():
			wrong = append(wrong, Wrong{key, key + " is a text"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if refused := variables[name]; os.Getenv(name) == refused {
			wrong = append(wrong, Wrong{"", fmt.Sprintf("the drop-in does not know %s=%s; unset it, or install the real plugin", name, refused)})
		}
	}
	return wrong
}

// SettingNames lists the settings that there are.
func SettingNames() []string { return slices.Sorted(maps.Keys(known)) }

// ReadSettings expects settings without a fault.
func ReadSettings(settings property.Map) Settings {
	deleteUnreachable, given := settings.GetOk("deleteUnreachable")
	if !given {
		deleteUnreachable = property.New(os.Getenv("PULUMI_K8S_DELETE_UNREACHABLE"))
	}
	return Settings{
		Kubeconfig:        text(settings, "kubeconfig"),
		Context:           text(settings, "context"),
		Namespace:         text(settings, "namespace"),
		DeleteUnreachable: isTrue(deleteUnreachable),
		SuppressWarnings:  isTrue(settings.Get("suppressDeprecationWarnings")),
	}
}

func text(settings property.Map, key string) string {
	if value := settings.Get(key); value.IsString() {
		return value.AsString()
	}
	return ""
}

// isTruth takes texts as well: the SDK and stack configuration hand booleans over as such.
func isTruth(v property.Value) bool {
	return v.IsBool() || v.IsString() && (v.AsString() == "true" || v.AsString() == "false")
}

func isTrue(v property.Value) bool {
	return v.IsBool() && v.AsBool() || v.IsString() && v.AsString() == "true"
}
