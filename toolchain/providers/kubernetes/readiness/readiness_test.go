package readiness

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

func object(t *testing.T, text string) manifest.Object {
	t.Helper()
	var parsed manifest.Object
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatal(err)
	}
	return whole(parsed).(manifest.Object)
}

// whole makes numbers what the API server's client makes of them.
func whole(value any) any {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case map[string]any:
		for key, element := range value {
			value[key] = whole(element)
		}
	case []any:
		for i, element := range value {
			value[i] = whole(element)
		}
	}
	return value
}

func TestStateOf(t *testing.T) {
	for name, c := range map[string]struct {
		text          string
		ready, failed bool
		message       string
	}{
		"what runs nothing": {text: "{apiVersion: v1, kind: ConfigMap}", ready: true},
		"custom resources":  {text: "{apiVersion: a.b/v1, kind: C, status: {conditions: [{type: Ready, status: 'False'}]}}", ready: true},
		"a new namespace":   {text: "{apiVersion: v1, kind: Namespace}", message: `its phase is ""`},
		"a namespace":       {text: "{apiVersion: v1, kind: Namespace, status: {phase: Active}}", ready: true},
		"a volume":          {text: "{apiVersion: v1, kind: PersistentVolume, status: {phase: Available}}", ready: true},
		"a failed volume":   {text: "{apiVersion: v1, kind: PersistentVolume, status: {phase: Failed}}", message: `its phase is "Failed"`},
		"a claim":           {text: "{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: Pending}}", message: "PVC is not Bound. phase: Pending"},
		"a new API":         {text: "{apiVersion: apiregistration.k8s.io/v1, kind: APIService}", message: "it is not available yet"},
		"an API without a server": {
			text:    "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, status: {conditions: [{type: Available, status: 'False', message: no server}]}}",
			message: "no server",
		},
		"an API": {
			text:  "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, status: {conditions: [{type: Available, status: 'True'}]}}",
			ready: true,
		},
		"a job that runs":   {text: "{apiVersion: batch/v1, kind: Job, status: {startTime: now, active: 1}}", message: "Job in progress. success:0, active: 1, failed: 0"},
		"a job that is off": {text: "{apiVersion: batch/v1, kind: Job, spec: {suspend: true}}", ready: true, message: "Job not started"},
		"a job that is done": {
			text:  "{apiVersion: batch/v1, kind: Job, status: {startTime: now, succeeded: 1, conditions: [{type: Complete, status: 'True'}]}}",
			ready: true, message: "Job Completed. succeeded: 1/1",
		},
		"a job that failed": {
			text:   "{apiVersion: batch/v1, kind: Job, status: {startTime: now, failed: 1, conditions: [{type: Failed, status: 'True'}]}}",
			failed: true, message: "Job Failed. failed: 1/1",
		},
		"a service":        {text: "{apiVersion: v1, kind: Service, spec: {clusterIP: 10.0.0.1}}", ready: true, message: "Service is ready"},
		"a load balancer":  {text: "{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, clusterIP: 10.0.0.1}}", message: "the load balancer has no address"},
		"one with address": {text: "{apiVersion: v1, kind: Service, spec: {type: LoadBalancer, clusterIP: 10.0.0.1}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}", ready: true, message: "Service is ready"},
		"a pod that ended badly": {
			text:   "{apiVersion: v1, kind: Pod, status: {phase: Failed}}",
			failed: true, message: "Pod has completed, but not successfully",
		},
	} {
		got, err := StateOf(object(t, c.text))
		want := State{Ready: c.ready, Failed: c.failed, Message: c.message}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestPodReasons(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   []string
	}{
		"no node": {
			"{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/0 nodes}]}",
			[]string{"pod p: Unschedulable: 0/0 nodes"},
		},
		"no image": {
			"{phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ErrImagePull, message: no such}}}]}",
			[]string{"pod p: container c: ErrImagePull: no such"},
		},
		"crashes": {
			"{phase: Running, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 0}}}], " +
				"containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 2, reason: Error, message: boom}}}]}",
			[]string{"pod p: container c: CrashLoopBackOff; before: exit code 2 (Error) boom"},
		},
		"ended": {
			"{phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 137, reason: OOMKilled}}}]}",
			[]string{"pod p: container c: exit code 137 (OOMKilled)"},
		},
		"not ready": {"{phase: Running, conditions: [{type: Ready, status: 'False'}]}", []string{"pod p: phase Running, not ready"}},
		"ready":     {"{phase: Running, conditions: [{type: Ready, status: 'True'}]}", nil},
		"done":      {"{phase: Succeeded}", nil},
	} {
		if got := podReasons(object(t, "{metadata: {name: p}, status: "+c.status+"}")); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestConditionReasons(t *testing.T) {
	conditions := "status: {conditions: [{type: A, status: 'True', message: a}, {type: B, status: 'False', message: b}, {type: C, status: 'False'}]}"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one that lives": {"{" + conditions + "}", []string{"B: b"}},
		"one that goes":  {"{metadata: {deletionTimestamp: now}, " + conditions + "}", []string{"A: a"}},
	} {
		if got := conditionReasons(object(t, c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestEventReasons(t *testing.T) {
	event := func(name, at, message string) manifest.Object {
		return object(t, "{reason: R, involvedObject: {kind: Pod, name: "+name+"}, lastTimestamp: '"+at+"', message: "+message+"}")
	}
	got := eventReasons([]manifest.Object{
		event("web-1", "2026-01-01", "old"), event("web-1", "2026-01-03", "new"), event("web-1", "2026-01-02", "new"),
		event("website", "2026-01-04", "another"), event("web", "2026-01-02", "own"),
	}, "web")
	want := []string{"event R of Pod web-1: new", "event R of Pod web: own", "event R of Pod web-1: old"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestRemaining(t *testing.T) {
	for text, want := range map[string]string{
		"{metadata: {finalizers: [a/b]}, spec: {finalizers: [kubernetes]}}": "a/b, kubernetes",
		"{metadata: {}}": "it is being deleted",
	} {
		if got := remaining(object(t, text)); !strings.Contains(got, want) {
			t.Errorf("%s: %q", text, got)
		}
	}
}
