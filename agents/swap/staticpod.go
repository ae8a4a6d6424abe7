//go:build !windows

package swap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// StaticPod is the kubelet, for what it runs from its directory of manifests: the control plane that kubeadm makes. The
// program is a file of the node, which is mounted in the place of that of the image; with the original program in that file
// the manifest is as it was. containerd runs the pods.
type StaticPod struct {
	// Manifests is the directory that the kubelet reads.
	Manifests string
	// Kept is where the programs are, and manifests that are away.
	Kept string
	// Logs is where the kubelet has the pods' logs.
	Logs string
	// Program is the path in the container; empty: that of its first process.
	Program    string
	containers containers
	digests    map[string]string
}

// NewStaticPod is that of a node as kubeadm makes it. The path of a request is one in the container.
func NewStaticPod(request *Request) *StaticPod {
	made := &StaticPod{
		Manifests: "/etc/kubernetes/manifests", Kept: "/var/lib/kubedev-static-pods", Logs: "/var/log/pods", Program: request.Path,
		containers: containers{Dir: "/run/containerd/io.containerd.runtime.v2.task/k8s.io"},
	}
	request.Path = ""
	return made
}

// podState is what is known of a pod whose program is a file of the node.
type podState struct {
	// Manifest is its path.
	Manifest string `json:"manifest"`
	// Original is the digest of the image's program, Place its path in the container.
	Original string `json:"original"`
	Place    string `json:"place"`
	// Text is the manifest as it was.
	Text []byte `json:"text"`
}

func (p *StaticPod) file(pod, name string) string { return filepath.Join(p.Kept, pod, name) }

func (p *StaticPod) state(pod string) (podState, error) {
	state := podState{}
	_, err := readJSON(p.file(pod, "pod.json"), &state)
	return state, err
}

// find is the manifest of a pod, from where it is now, and its path in the kubelet's directory.
func (p *StaticPod) find(pod string) (found *manifest, path string, away bool, err error) {
	for _, extension := range []string{".yaml", ".yml", ".json"} {
		path = filepath.Join(p.Manifests, pod+extension)
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			found, err = readManifest(text)
		}
		if err != nil {
			return nil, path, false, fmt.Errorf("%s: %w", path, err)
		}
		return found, path, false, nil
	}
	text, err := os.ReadFile(p.file(pod, "manifest"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", false, fmt.Errorf("%w (%s has no %s.yaml)", ErrNoService, p.Manifests, pod)
	}
	state, wrong := p.state(pod)
	if err = errors.Join(err, wrong); err != nil {
		return nil, "", true, err
	}
	found, err = readManifest(text)
	return found, state.Manifest, true, err
}

func (p *StaticPod) first(pod string) int {
	m, _, _, err := p.find(pod)
	if err != nil {
		return 0
	}
	if pids := p.containers.firstProcesses(m.namespace(), pod, m.containerName(pod)); len(pids) > 0 {
		return pids[0]
	}
	return 0
}

// Look finds the pod. It is never known to have ended: the kubelet starts it again and again.
func (p *StaticPod) Look(pod string) (Unit, error) {
	if _, _, _, err := p.find(pod); err != nil {
		return Unit{}, err
	}
	return Unit{Program: p.file(pod, "program"), Running: p.first(pod) != 0}, nil
}

// Adopt keeps the program of the image as a file, if that is not done yet, or if somebody has written another manifest since,
// as `kubeadm upgrade` does.
func (p *StaticPod) Adopt(pod, path string) error {
	m, where, _, err := p.find(pod)
	if err != nil {
		return err
	}
	if m.mounted() && exists(path) && exists(p.file(pod, "pod.json")) {
		return nil
	}
	pid := p.first(pod)
	if pid == 0 {
		return fmt.Errorf("got no running container %s of the static pod %s; expected one that containerd runs, whose program can be kept: see crictl ps and the log of the kubelet", m.containerName(pod), pod)
	}
	place := p.Program
	if place == "" {
		if place, err = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil {
			return err
		}
	}
	inside := fmt.Sprintf("/proc/%d/root%s", pid, place)
	digest, err := Digest(inside)
	if err != nil {
		return fmt.Errorf("cannot read %s in the container of the static pod %s; correct path: %w", place, pod, err)
	}
	if err := copyTo(inside, path+".half", inside, digest); err != nil {
		return err
	}
	text, err := os.ReadFile(where)
	if err != nil {
		return err
	}
	return errors.Join(
		writeJSON(p.file(pod, "pod.json"), podState{Manifest: where, Original: digest, Place: place, Text: text}),
		os.Rename(path+".half", path),
	)
}

// Leave has the pod run the program of its image, and forgets what Adopt has kept.
func (p *StaticPod) Leave(pod, path string) error {
	if m, _, away, err := p.find(pod); err == nil && (away || m.mounted()) {
		if err := p.write(pod, m, ""); err != nil {
			return err
		}
	}
	for _, name := range []string{path, path + ".half", p.file(pod, "pod.json")} {
		if err := forget(name); err != nil {
			return err
		}
	}
	return nil
}

// write puts a manifest into the kubelet's directory, with the program of a digest in it; empty for that of the image.
func (p *StaticPod) write(pod string, m *manifest, digest string) error {
	state, err := p.state(pod)
	if err != nil {
		return err
	}
	if digest == "" {
		m.unmount()
	} else if err := m.mount(pod, p.file(pod, "program"), state.Place, digest); err != nil {
		return err
	}
	text, err := m.text()
	if err != nil {
		return err
	}
	if sameObject(text, state.Text) {
		// With its comments and its order.
		text = state.Text
	}
	if there, err := os.ReadFile(state.Manifest); err != nil || string(there) != string(text) {
		// The kubelet does not read what begins with a dot.
		half := filepath.Join(filepath.Dir(state.Manifest), "."+filepath.Base(state.Manifest)+".kubedev-new")
		if err := writeWhole(state.Manifest, half, text); err != nil {
			return err
		}
	}
	return forget(p.file(pod, "manifest"))
}

// Start gives the kubelet the manifest back.
func (p *StaticPod) Start(pod string) error {
	m, _, _, err := p.find(pod)
	if err != nil {
		return err
	}
	state, err := p.state(pod)
	if err != nil {
		return err
	}
	digest, err := Digest(p.file(pod, "program"))
	if err != nil {
		return err
	}
	if digest == state.Original {
		digest = ""
	}
	return p.write(pod, m, digest)
}

// Stop takes the manifest away: the kubelet ends the pod.
func (p *StaticPod) Stop(pod string) error {
	m, path, away, err := p.find(pod)
	if err != nil || away {
		return err
	}
	text, err := m.text()
	if err != nil {
		return err
	}
	kept := p.file(pod, "manifest")
	if err := writeWhole(kept, kept+".new", text); err != nil {
		return err
	}
	return errors.Join(forget(path), syncDir(filepath.Dir(path)))
}

// Watched is what tells that somebody else has changed it: the program is ours alone, the manifest is not.
func (p *StaticPod) Watched(pod string) string {
	state, _ := p.state(pod)
	return state.Manifest
}

// Dependents: none is known.
func (p *StaticPod) Dependents(string) ([]string, error) { return nil, nil }

// Processes are those of the container.
func (p *StaticPod) Processes(pod string) ([]int, error) {
	m, _, _, err := p.find(pod)
	if err != nil {
		return nil, err
	}
	return withChildren(p.containers.firstProcesses(m.namespace(), pod, m.containerName(pod))), nil
}

// Kill kills these processes.
func (p *StaticPod) Kill(pod string, pids []int) error {
	more, err := p.Processes(pod)
	for _, pid := range append(more, pids...) {
		if alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return err
}

// Runs compares what is in the files: the original runs from the image.
func (p *StaticPod) Runs(pid int, path string) bool {
	running := fmt.Sprintf("/proc/%d/exe", pid)
	one, other := p.digest(running), p.digest(path)
	return one != "" && one == other
}

// digest reads a file once.
func (p *StaticPod) digest(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	about, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	key := fmt.Sprint(about.Dev, about.Ino, about.Size, about.Mtim)
	if known, found := p.digests[key]; found {
		return known
	}
	made, err := Digest(path)
	if err != nil {
		return ""
	}
	if p.digests == nil {
		p.digests = map[string]string{}
	}
	p.digests[key] = made
	return made
}

func (p *StaticPod) Alive(pid int) bool { return alive(pid) }

// Words are those of the newest log of the container.
func (p *StaticPod) Words(pod string) string {
	m, _, _, err := p.find(pod)
	if err != nil {
		return ""
	}
	logs, _ := filepath.Glob(filepath.Join(p.Logs, m.namespace()+"_"+pod+"-*_*", m.containerName(pod), "*.log"))
	sort.Slice(logs, func(i, j int) bool { return modified(logs[i]) < modified(logs[j]) })
	if len(logs) == 0 {
		return ""
	}
	text, _ := os.ReadFile(logs[len(logs)-1])
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-40):]
	for i, line := range lines {
		// As the kubelet has it: time, stream, F or P, text.
		if parts := strings.SplitN(line, " ", 4); len(parts) == 4 {
			lines[i] = parts[3]
		}
	}
	return strings.Join(lines, "\n")
}

func modified(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}
