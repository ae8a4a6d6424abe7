//go:build !windows

package swap

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The kubelet gives a pod of a file a digest for an id, one of the API server has an id with hyphens.
var staticPodGroup = regexp.MustCompile(`pod[0-9a-f]{32}(\.slice|/|:|$)`)

// containers finds containers of static pods by what containerd's shims keep of them: no program of the node is needed.
type containers struct {
	// Dirs are where containerd keeps what runs: one of the distribution, and one of kubedev's own.
	Dirs []string
	// known are those that were read, by id: what they are never changes.
	known map[string]containerSpec
}

type containerSpec struct {
	Annotations map[string]string `json:"annotations"`
	Linux       struct {
		CgroupsPath string `json:"cgroupsPath"`
	} `json:"linux"`
}

// firstProcesses are those of all containers of this name in a static pod.
func (c *containers) firstProcesses(namespace, pod, container string) []int {
	var paths []string
	for _, dir := range c.Dirs {
		found, _ := filepath.Glob(filepath.Join(dir, "*", "init.pid"))
		paths = append(paths, found...)
	}
	now := map[string]containerSpec{}
	var pids []int
	for _, path := range paths {
		dir := filepath.Dir(path)
		spec, found := c.known[dir]
		if !found {
			text, err := os.ReadFile(filepath.Join(dir, "config.json"))
			if err != nil || json.Unmarshal(text, &spec) != nil {
				continue
			}
		}
		now[dir] = spec
		notes := spec.Annotations
		if notes["io.kubernetes.cri.sandbox-namespace"] != namespace ||
			notes["io.kubernetes.cri.container-name"] != container ||
			!strings.HasPrefix(notes["io.kubernetes.cri.sandbox-name"], pod+"-") ||
			!staticPodGroup.MatchString(spec.Linux.CgroupsPath) {
			continue
		}
		text, _ := os.ReadFile(path)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && alive(pid) {
			pids = append(pids, pid)
		}
	}
	c.known = now
	return pids
}

// withChildren are processes and all that came of them.
func withChildren(pids []int) []int {
	if len(pids) == 0 {
		return nil
	}
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if fields := statFields(pid); len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], pid)
		}
	}
	all := append([]int{}, pids...)
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// statFields are those of a process behind its name, which is in parentheses: its state, its parent and so on.
func statFields(pid int) []string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

// alive: a zombie has ended.
func alive(pid int) bool {
	fields := statFields(pid)
	return len(fields) > 0 && !strings.ContainsRune("ZX", rune(fields[0][0]))
}
