//go:build !windows

package swap

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// As kubeadm writes one, with what it says beside.
const podText = `apiVersion: v1
kind: Pod
metadata:
  labels:
    component: kube-scheduler # looked for by tools
  name: kube-scheduler
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-scheduler
    - --leader-elect=true
    image: registry.k8s.io/kube-scheduler:v1.36.1
    name: kube-scheduler
    volumeMounts:
    - {mountPath: /etc/kubernetes/scheduler.conf, name: kubeconfig, readOnly: true}
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/scheduler.conf
      type: FileOrCreate
    name: kubeconfig
status: {}
`

// kubelet runs what is in its directory of manifests: the program that is mounted, or that of the image.
type kubelet struct {
	t     *testing.T
	dir   string
	ended chan struct{}
	end   chan struct{}
	// What runs: text of its manifest, process.
	text string
	run  *exec.Cmd
	next int
}

func newKubelet(t *testing.T) *kubelet {
	k := &kubelet{t: t, dir: t.TempDir(), ended: make(chan struct{}), end: make(chan struct{})}
	for _, name := range []string{"manifests", "containers", "logs"} {
		if err := os.Mkdir(filepath.Join(k.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	k.program("image", "/bin/sleep", "image")
	k.write(podText)
	// One of the API server that is called nearly so, and one that has ended.
	k.container("other", "/kubepods/pod3b2c7a7e-52f5-4c3a-8f6e-0a5b0a6f6d0c", os.Getpid())
	k.container("gone", "/kubepods/pod"+strings.Repeat("0a", 16), 1<<30)
	go k.sync()
	t.Cleanup(func() { close(k.end); <-k.ended; k.stop() })
	k.await("the pod", func() bool { return k.manager().first("kube-scheduler") != 0 })
	return k
}

func (k *kubelet) at(names ...string) string {
	return filepath.Join(append([]string{k.dir}, names...)...)
}

func (k *kubelet) write(text string) {
	path := k.at("manifests", "kube-scheduler.yaml")
	if err := writeWhole(path, k.at("half"), []byte(text)); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kubelet) manifestText() string {
	text, _ := os.ReadFile(k.at("manifests", "kube-scheduler.yaml"))
	return string(text)
}

// program makes one that behaves as another, and is another file.
func (k *kubelet) program(name, as, more string) string {
	text, err := os.ReadFile(as)
	if err == nil {
		err = os.WriteFile(k.at(name), append(text, more...), 0o755)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return k.at(name)
}

func (k *kubelet) container(id, group string, pid int) {
	dir := k.at("containers", id)
	spec := fmt.Sprintf(`{"annotations":{"io.kubernetes.cri.container-name":"kube-scheduler","io.kubernetes.cri.sandbox-name":"kube-scheduler-node","io.kubernetes.cri.sandbox-namespace":"kube-system"},"linux":{"cgroupsPath":"%s"}}`, group)
	_ = os.MkdirAll(dir, 0o755)
	_ = os.WriteFile(filepath.Join(dir, "config.json"), []byte(spec), 0o600)
	_ = os.WriteFile(filepath.Join(dir, "init.pid"), []byte(strconv.Itoa(pid)), 0o600)
}

func (k *kubelet) stop() {
	if k.run != nil {
		_ = k.run.Process.Kill()
		_ = k.run.Wait()
		k.run, k.text = nil, ""
		_ = os.RemoveAll(k.at("containers", fmt.Sprint("c", k.next)))
	}
}

func (k *kubelet) sync() {
	defer close(k.ended)
	for ; ; time.Sleep(5 * time.Millisecond) {
		select {
		case <-k.end:
			return
		default:
		}
		entries, _ := os.ReadDir(k.at("manifests"))
		text := ""
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), ".") && entry.Name() != "dependent.yaml" {
				text += k.manifestText()
			}
		}
		if text == k.text {
			continue
		}
		k.stop()
		if m, err := readManifest([]byte(text)); err == nil {
			program := k.at("image")
			volumes := at(at(m.pod, "spec"), "volumes")
			if i := named(volumes, programVolume); i >= 0 {
				program = textAt(at(volumes.Content[i], "hostPath"), "path")
			}
			k.run = exec.Command(program, "1000")
			if k.run.Start() != nil {
				k.run = nil
				continue
			}
			k.text = text
			k.next++
			k.container(fmt.Sprint("c", k.next), "kubelet-kubepods-pod"+strings.Repeat("0b", 16)+".slice:cri-containerd:c", k.run.Process.Pid)
		}
	}
}

func (k *kubelet) await(what string, holds func() bool) {
	k.t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatalf("%s: not within 10 s; manifest:\n%s", what, k.manifestText())
		}
	}
}

func (k *kubelet) manager() *StaticPod {
	made := NewStaticPod(&Request{})
	made.Manifests, made.Kept, made.Logs = k.at("manifests"), k.at("kept", "pods"), k.at("logs")
	made.containers.Dirs = []string{k.at("none"), k.at("containers")}
	return made
}

func (k *kubelet) swapper(incoming string) *Swapper {
	request := Request{
		ID: "1", Service: "kube-scheduler", StaticPod: true, Incoming: incoming,
		StopSec: 50, HealthSec: 60, SettleSec: 1, Restore: incoming == "",
	}
	if incoming != "" {
		request.Sha256, _ = Digest(incoming)
	}
	s := New(k.at("thing"), request, k.manager(), func(string) {})
	s.Quick = 50
	s.Free = func(string) (uint64, error) { return 1 << 40, nil }
	return s
}

// runs: the pod has a program that is this file.
func (k *kubelet) runs(program string) {
	k.t.Helper()
	want, _ := Digest(program)
	got := ""
	k.await("a pod that runs "+program, func() bool {
		got, _ = Digest(fmt.Sprintf("/proc/%d/exe", k.manager().first("kube-scheduler")))
		return got == want
	})
}

// asBefore: nothing is left, and the pod is that of the text.
func (k *kubelet) asBefore(text string) {
	k.t.Helper()
	if k.manifestText() != text {
		k.t.Fatalf("got a manifest\n%s\nexpected\n%s", k.manifestText(), text)
	}
	left, _ := os.ReadDir(k.at("manifests"))
	if len(left) != 1 || exists(k.at("kept", "pods")) {
		k.t.Fatalf("left: %v, %v", left, exists(k.at("kept", "pods")))
	}
	k.runs(k.at("image"))
}

func TestStaticPodIsSwappedAndRestored(t *testing.T) {
	k := newKubelet(t)
	two, three := k.program("two", "/bin/sleep", "2"), k.program("three", "/bin/sleep", "3")
	report := k.swapper(two).Run()
	mustBe(t, report, Swapped)
	k.runs(two)
	if report.Watch != k.at("manifests", "kube-scheduler.yaml") || report.DowntimeMs == 0 {
		t.Fatalf("got %+v", report)
	}
	digest, _ := Digest(two)
	for _, part := range []string{digestNote + ": " + digest, "path: " + report.Path, "# looked for by tools"} {
		if !strings.Contains(k.manifestText(), part) {
			t.Fatalf("no %q in\n%s", part, k.manifestText())
		}
	}
	before := k.manifestText()
	mustBe(t, k.swapper(two).Run(), Unchanged)
	if k.manifestText() != before {
		t.Fatal("a swap that changes nothing has written a manifest")
	}
	mustBe(t, k.swapper(three).Run(), Swapped)
	k.runs(three)
	mustBe(t, k.swapper("").Run(), Restored)
	k.asBefore(podText)
	mustBe(t, k.swapper("").Run(), Restored)
	k.asBefore(podText)
}

func TestStaticPodThatIsNotHealthyIsTakenBack(t *testing.T) {
	k := newKubelet(t)
	bad := k.program("bad", "/bin/true", "")
	_ = os.MkdirAll(k.at("logs", "kube-system_kube-scheduler-node_0b", "kube-scheduler"), 0o755)
	_ = os.WriteFile(k.at("logs", "kube-system_kube-scheduler-node_0b", "kube-scheduler", "1.log"),
		[]byte("2026-11-29T17:00:00Z stderr F no leader\n"), 0o600)
	report := k.swapper(bad).Run()
	mustBe(t, report, RolledBack)
	if strings.TrimSpace(report.Log) != "no leader" {
		t.Fatalf("got the log %q", report.Log)
	}
	k.asBefore(podText)
	two := k.program("two", "/bin/sleep", "2")
	mustBe(t, k.swapper(two).Run(), Swapped)
	before := modified(k.at("manifests", "kube-scheduler.yaml"))
	mustBe(t, k.swapper(bad).Run(), RolledBack)
	k.runs(two)
	// Else the next preview would show that somebody has changed it.
	if after := modified(k.at("manifests", "kube-scheduler.yaml")); after != before {
		t.Fatalf("the manifest has another time: %d, was %d", after, before)
	}
	mustBe(t, k.swapper("").Run(), Restored)
	k.asBefore(podText)
}

func TestStaticPodWithoutAContainerIsRefused(t *testing.T) {
	k := newKubelet(t)
	two := k.program("two", "/bin/sleep", "2")
	s := k.swapper(two)
	s.Request.Service = "etcd"
	report := s.Run()
	mustBe(t, report, Refused)
	if !strings.Contains(report.Why, "has no etcd.yaml") {
		t.Fatal(report.Why)
	}
	s = k.swapper(two)
	s.Manager.(*StaticPod).containers.Dirs = []string{k.at("none")}
	report = s.Run()
	mustBe(t, report, Refused)
	if !strings.Contains(report.Why, "got no running container kube-scheduler of the static pod kube-scheduler") {
		t.Fatal(report.Why)
	}
	s = k.swapper(two)
	s.Manager.(*StaticPod).Program = "/none"
	report = s.Run()
	mustBe(t, report, Refused)
	if !strings.Contains(report.Why, "correct path") {
		t.Fatal(report.Why)
	}
	k.asBefore(podText)
}

func TestStaticPodThatSomebodyElseWrites(t *testing.T) {
	k := newKubelet(t)
	two, three := k.program("two", "/bin/sleep", "2"), k.program("three", "/bin/sleep", "3")
	mustBe(t, k.swapper(two).Run(), Swapped)
	// A flag by hand, in the text that is there: it stays when the program goes.
	k.write(strings.Replace(k.manifestText(), "--leader-elect=true", "--leader-elect=false", 1))
	mustBe(t, k.swapper(three).Run(), Swapped)
	mustBe(t, k.swapper("").Run(), Restored)
	k.runs(k.at("image"))
	wanted := strings.Replace(podText, "--leader-elect=true", "--leader-elect=false", 1)
	if !sameObject([]byte(k.manifestText()), []byte(wanted)) {
		t.Fatalf("got\n%s", k.manifestText())
	}
	// Another image, as kubeadm upgrade writes it: that is the original from now on.
	mustBe(t, k.swapper(two).Run(), Swapped)
	_ = os.Remove(k.at("image"))
	k.program("image", "/bin/sleep", "upgraded")
	upgraded := strings.Replace(podText, "v1.36.1", "v1.37.0", 1)
	k.write(upgraded)
	k.runs(k.at("image"))
	mustBe(t, k.swapper(two).Run(), Swapped)
	k.runs(two)
	// The same while it is taken back: nothing is stopped.
	k.write(upgraded)
	k.runs(k.at("image"))
	pid := k.manager().first("kube-scheduler")
	mustBe(t, k.swapper("").Run(), Restored)
	k.asBefore(upgraded)
	if now := k.manager().first("kube-scheduler"); now != pid {
		t.Fatalf("the pod was started anew: %d, was %d", now, pid)
	}
}

func TestStaticPodStopsAndStartsDependents(t *testing.T) {
	k := newKubelet(t)
	two := k.program("two", "/bin/sleep", "2")
	text := strings.NewReplacer("kube-scheduler", "dependent").Replace(podText)
	path := k.at("manifests", "dependent.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := modified(path)
	dir := k.at("containers", "dependent")
	_ = os.MkdirAll(dir, 0o755)
	spec, _ := os.ReadFile(k.at("containers", "other", "config.json"))
	spec = []byte(strings.NewReplacer("kube-scheduler", "dependent",
		"pod3b2c7a7e-52f5-4c3a-8f6e-0a5b0a6f6d0c", "pod"+strings.Repeat("0c", 16)).Replace(string(spec)))
	_ = os.WriteFile(filepath.Join(dir, "config.json"), spec, 0o600)
	// It ends only when it is killed: the fake kubelet runs one pod alone.
	var runs []*exec.Cmd
	begin := func() {
		one := exec.Command("/bin/sleep", "1000")
		if err := one.Start(); err != nil {
			t.Error(err)
			return
		}
		runs = append(runs, one)
		_ = os.WriteFile(filepath.Join(dir, "init.pid"), []byte(strconv.Itoa(one.Process.Pid)), 0o600)
	}
	begin()
	t.Cleanup(func() {
		for _, one := range runs {
			_ = one.Process.Kill()
			_ = one.Wait()
		}
	})
	s := k.swapper(two)
	s.Request.Dependents = []string{"dependent"}
	away := false
	s.At = func(step string) error {
		away = away || step == "in" && !exists(path)
		if step == "health" {
			begin()
		}
		return nil
	}
	mustBe(t, s.Run(), Swapped)
	if got, _ := os.ReadFile(path); !away || string(got) != text || modified(path) != before {
		t.Fatalf("away %v, then\n%s", away, got)
	}
	if exists(k.at("kept", "pods", "dependent")) {
		t.Fatal("what was kept of the dependent pod is left")
	}
}

// Killed, and no room, at each step of the first swap, the next, and a restore.
func TestStaticPodAtEveryStep(t *testing.T) {
	for name, fault := range map[string]error{"killed": nil, "disk full": fmt.Errorf("write: %w", syscall.ENOSPC)} {
		for _, scene := range []struct{ name, before, does string }{
			{"first", "", "two"}, {"next", "two", "three"}, {"restore", "two", ""},
		} {
			fault, scene := fault, scene
			t.Run(name+" "+scene.name, func(t *testing.T) {
				t.Parallel()
				k := newKubelet(t)
				programs := map[string]string{"": "", "two": k.program("two", "/bin/sleep", "2"), "three": k.program("three", "/bin/sleep", "3")}
				steps := 0
				for nth, reached := 1, true; reached; nth++ {
					if scene.before != "" {
						mustBe(t, k.swapper(programs[scene.before]).Run(), Swapped)
					}
					_, reached = runUntil(k.swapper(programs[scene.does]), nth, fault)
					report := k.swapper(programs[scene.does]).Run()
					if scene.does == "" {
						mustBe(t, report, Restored)
					} else {
						if report.Outcome != Swapped && report.Outcome != Unchanged {
							t.Fatalf("step %d: got %q (%s)", nth, report.Outcome, report.Why)
						}
						k.runs(programs[scene.does])
						mustBe(t, k.swapper("").Run(), Restored)
					}
					k.asBefore(podText)
					steps = nth
				}
				if steps < 7 {
					t.Fatalf("got %d steps; expected more", steps)
				}
			})
		}
	}
}

func TestManifestTakesAProgramAndGivesItBack(t *testing.T) {
	for _, c := range []struct{ name, text, container string }{
		{"kubeadm's", podText, "kube-scheduler"},
		{"no volumes, two containers", "kind: Pod\nspec: {containers: [{name: helper}, {name: kube-scheduler}]}\n", "kube-scheduler"},
		{"none called so", "kind: Pod\nmetadata: {annotations: {a: b}}\nspec: {containers: [{name: main, volumeMounts: null}], volumes: null}\n", "main"},
		{"JSON", `{"kind":"Pod","spec":{"containers":[{"name":"one","image":"i"}]}}`, "one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := readManifest([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.mount("kube-scheduler", "/kept/program", "/usr/local/bin/x", "abc"); err != nil {
				t.Fatal(err)
			}
			once, _ := m.text()
			_ = m.mount("kube-scheduler", "/kept/program", "/usr/local/bin/x", "abc")
			if twice, _ := m.text(); string(once) != string(twice) {
				t.Fatalf("got\n%s\nand then\n%s", once, twice)
			}
			again, err := readManifest(once)
			if err != nil || !again.mounted() {
				t.Fatalf("%v in\n%s", err, once)
			}
			container, _ := again.container("kube-scheduler")
			if textAt(container, "name") != c.container || named(at(container, "volumeMounts"), programVolume) < 0 {
				t.Fatalf("got\n%s", once)
			}
			again.unmount()
			back, _ := again.text()
			plain, _ := readManifest([]byte(strings.NewReplacer(", volumeMounts: null", "", ", volumes: null", "").Replace(c.text)))
			want, _ := plain.text()
			if !sameObject(back, want) {
				t.Fatalf("got\n%s\nexpected\n%s", back, want)
			}
		})
	}
	for _, text := range []string{"", "[]", "kind: Deployment", "a: [", "a: b\n---\nc: d"} {
		if _, err := readManifest([]byte(text)); err == nil {
			t.Errorf("%q is taken for a pod", text)
		}
	}
}
