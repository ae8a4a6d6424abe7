package readiness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

var (
	podKind          = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	eventKind        = schema.GroupVersionKind{Version: "v1", Kind: "Event"}
	storageClassKind = schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}
)

const (
	// The first pods tell what is wrong with all of them.
	mostPods   = 3
	mostEvents = 5
)

// reasons why an object is not as wanted: its conditions, its pods, and the warnings about them. It
// says what it can find out; a cluster that does not answer has no reasons.
func reasons(ctx context.Context, c *cluster.Connection, live manifest.Object) []string {
	if live == nil {
		return nil
	}
	all := conditionReasons(live)
	for _, pod := range podsOf(ctx, c, live) {
		all = append(all, podReasons(pod)...)
	}
	namespace := manifest.NamespaceOrDefault(live)
	warnings := metav1.ListOptions{FieldSelector: "type=Warning", Limit: 500}
	if events, err := c.List(ctx, eventKind, namespace, warnings); err == nil {
		all = append(all, eventReasons(events, manifest.Name(live))...)
	}
	return all
}

func podsOf(ctx context.Context, c *cluster.Connection, live manifest.Object) []manifest.Object {
	if manifest.GVK(live) == podKind {
		return []manifest.Object{live}
	}
	fields, ok, _ := unstructured.NestedMap(live, "spec", "selector")
	if !ok || fields["matchLabels"] == nil && fields["matchExpressions"] == nil {
		return nil
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
		return nil
	}
	pods, err := c.List(ctx, podKind, manifest.Namespace(live),
		metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&selector)})
	if err != nil {
		return nil
	}
	slices.SortFunc(pods, func(a, b manifest.Object) int {
		return strings.Compare(text(b, "metadata", "creationTimestamp"), text(a, "metadata", "creationTimestamp"))
	})
	return pods[:min(mostPods, len(pods))]
}

// conditionReasons are what an object says of itself: what is not so, and of one that is going, what
// holds it.
func conditionReasons(live manifest.Object) []string {
	telling := "False"
	if text(live, "metadata", "deletionTimestamp") != "" {
		telling = "True"
	}
	var all []string
	for _, condition := range conditions(live) {
		message, _ := condition["message"].(string)
		if condition["status"] == telling && message != "" {
			all = append(all, fmt.Sprintf("%v: %s", condition["type"], message))
		}
	}
	return all
}

// podReasons are what keeps a pod from being ready.
func podReasons(pod manifest.Object) []string {
	var all []string
	say := func(format string, arguments ...any) {
		all = append(all, fmt.Sprintf("pod %s: ", manifest.Name(pod))+fmt.Sprintf(format, arguments...))
	}
	if scheduled := condition(pod, "PodScheduled"); scheduled["status"] == "False" {
		say("%v: %v", scheduled["reason"], scheduled["message"])
	}
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod, "status", list)
		for _, element := range statuses {
			container, ok := element.(manifest.Object)
			if !ok {
				continue
			}
			if why := containerReason(container); why != "" {
				say("container %v: %s", container["name"], why)
			}
		}
	}
	if len(all) == 0 && condition(pod, "Ready")["status"] != "True" && text(pod, "status", "phase") != "Succeeded" {
		say("phase %s, not ready", text(pod, "status", "phase"))
	}
	return all
}

// containerReason is why a container waits or how it ended, with its exit before this one if it
// crashes again and again.
func containerReason(container manifest.Object) string {
	ended := func(state string) string {
		end, ok, _ := unstructured.NestedMap(container, state, "terminated")
		if !ok || end["exitCode"] == int64(0) {
			return ""
		}
		return strings.TrimSpace(fmt.Sprintf("exit code %v (%v) %s", end["exitCode"], end["reason"], text(end, "message")))
	}
	waiting, ok, _ := unstructured.NestedMap(container, "state", "waiting")
	if !ok {
		return ended("state")
	}
	why := strings.TrimSuffix(text(waiting, "reason")+": "+text(waiting, "message"), ": ")
	if before := ended("lastState"); before != "" {
		why += "; before: " + before
	}
	return why
}

// eventReasons are the latest warnings about the object and about what was made for it, which has
// its name for a prefix.
func eventReasons(events []manifest.Object, name string) []string {
	slices.SortStableFunc(events, func(a, b manifest.Object) int { return strings.Compare(timeOf(b), timeOf(a)) })
	var all []string
	for _, event := range events {
		about := text(event, "involvedObject", "name")
		if about != name && !strings.HasPrefix(about, name+"-") {
			continue
		}
		line := fmt.Sprintf("event %s of %s %s: %s", text(event, "reason"),
			text(event, "involvedObject", "kind"), about, text(event, "message"))
		if !slices.Contains(all, line) {
			all = append(all, line)
		}
		if len(all) == mostEvents {
			break
		}
	}
	return all
}

func timeOf(event manifest.Object) string {
	for _, path := range [][]string{{"lastTimestamp"}, {"eventTime"}, {"metadata", "creationTimestamp"}} {
		if at := text(event, path...); at != "" {
			return at
		}
	}
	return ""
}

// remaining says what keeps an object that is being deleted.
func remaining(live manifest.Object) string {
	finalizers, _, _ := unstructured.NestedStringSlice(live, "metadata", "finalizers")
	spec, _, _ := unstructured.NestedStringSlice(live, "spec", "finalizers")
	if held := slices.Concat(finalizers, spec); len(held) > 0 {
		return "finalizers are at work: " + strings.Join(held, ", ")
	}
	return "it is being deleted"
}

// waitsForConsumer tells whether a claim is bound only once a pod uses it, so that nothing is to be
// waited for.
func waitsForConsumer(ctx context.Context, c *cluster.Connection, live manifest.Object) bool {
	if live["kind"] != "PersistentVolumeClaim" {
		return false
	}
	name := text(live, "spec", "storageClassName")
	if name == "" {
		return false
	}
	class, err := c.Get(ctx, storageClassKind, "", name)
	return err == nil && text(class, "volumeBindingMode") == "WaitForFirstConsumer"
}
