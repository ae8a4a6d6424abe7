// Package readiness waits until an object does what it is for, or is gone, and says why it is not.
package readiness

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// State of an object.
type State struct {
	// Ready says that there is nothing to wait for.
	Ready bool
	// Failed says that waiting will not help.
	Failed bool
	// Message says what is missing.
	Message string
}

var ready = State{Ready: true}

// StateOf an object as the API server has it. Kinds that run nothing are ready once they are there,
// custom resources too: what their conditions mean is known to their controller alone.
func StateOf(live manifest.Object) (State, error) {
	gvk := manifest.GVK(live)
	switch gvk.Group + "/" + gvk.Kind {
	case "apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/Job", "/Pod", "/Service",
		"/PersistentVolumeClaim", "apiextensions.k8s.io/CustomResourceDefinition":
	case "/Namespace":
		return phase(live, "Active"), nil
	case "/PersistentVolume":
		return phase(live, "Available", "Bound"), nil
	case "apiregistration.k8s.io/APIService":
		return available(live), nil
	default:
		return ready, nil
	}
	computed, err := status.Compute(&unstructured.Unstructured{Object: live})
	if err != nil {
		return State{}, fmt.Errorf("reading the status of %s: %w", manifest.ID(live), err)
	}
	state := State{Ready: computed.Status == status.CurrentStatus, Message: computed.Message}
	switch gvk.Kind {
	case "Job":
		return job(live, computed), nil
	case "Deployment":
		state.Failed = computed.Status == status.FailedStatus
	case "Pod":
		// A pod that crashes or finds no node may recover; one that has ended does not, though
		// kstatus takes that for a good end.
		state.Failed = text(live, "status", "phase") == "Failed"
		state.Ready = state.Ready && !state.Failed
	case "Service":
		state = service(live, state)
	}
	return state, nil
}

// job is ready when it has done its work; kstatus takes one that is running for ready.
func job(live manifest.Object, computed *status.Result) State {
	suspended, _, _ := unstructured.NestedBool(live, "spec", "suspend")
	complete := condition(live, "Complete")
	return State{
		Ready:   suspended || complete["status"] == "True",
		Failed:  computed.Status == status.FailedStatus,
		Message: computed.Message,
	}
}

// service of type LoadBalancer is ready when it has an address; kstatus takes the cluster's own.
func service(live manifest.Object, state State) State {
	if text(live, "spec", "type") != "LoadBalancer" {
		return state
	}
	if addresses, _, _ := unstructured.NestedSlice(live, "status", "loadBalancer", "ingress"); len(addresses) > 0 {
		return state
	}
	return State{Message: "the load balancer has no address"}
}

func phase(live manifest.Object, wanted ...string) State {
	is := text(live, "status", "phase")
	for _, phase := range wanted {
		if is == phase {
			return ready
		}
	}
	return State{Message: fmt.Sprintf("its phase is %q", is)}
}

func available(live manifest.Object) State {
	found := condition(live, "Available")
	if found["status"] == "True" {
		return ready
	}
	if message, _ := found["message"].(string); message != "" {
		return State{Message: message}
	}
	return State{Message: "it is not available yet"}
}

// conditions of the object's status.
func conditions(live manifest.Object) []manifest.Object {
	list, _, _ := unstructured.NestedSlice(live, "status", "conditions")
	var all []manifest.Object
	for _, element := range list {
		if condition, ok := element.(manifest.Object); ok {
			all = append(all, condition)
		}
	}
	return all
}

func condition(live manifest.Object, kind string) manifest.Object {
	for _, condition := range conditions(live) {
		if condition["type"] == kind {
			return condition
		}
	}
	return nil
}

// text at the path; empty where there is none.
func text(object manifest.Object, path ...string) string {
	value, _, _ := unstructured.NestedString(object, path...)
	return value
}
