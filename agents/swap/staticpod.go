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
		containers: containers{Dirs: []string{
			"/run/containerd/io.containerd.runtime.v2.task/k8s.io",
			// As components/cluster/containerd-config.ts has it.
			"/run/kubedev/containerd/io.containerd.runtime.v2.task/k8s.io",
		}},
	}
	request.Path = ""
	return made
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
	if state.Original == "" {
		// One that was stopped for another alone.
		return errors.Join(p.write(pod, m, ""), p.forgetState(pod))
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
	_, path, away, err := p.find(pod)
	if err != nil || away {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(p.Kept, pod), 0o755); err != nil {
		return err
	}
	if !exists(p.file(pod, "pod.json")) {
		if err := p.keep(pod, podState{Manifest: path, Text: text}); err != nil {
			return err
		}
	}
	kept := p.file(pod, "manifest")
	if err := writeWhole(kept, kept+".new", text); err != nil {
		return err
	}
	return errors.Join(forget(path), syncDir(filepath.Dir(path)))
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
