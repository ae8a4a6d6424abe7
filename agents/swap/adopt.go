//go:build !windows

package swap

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// podState is what is known of a pod whose program is a file of the node.
type podState struct {
	// Manifest is its path.
	Manifest string `json:"manifest"`
	// Original is the digest of the image's program, Place its path in the container.
	Original string `json:"original"`
	Place    string `json:"place"`
	// Text is the manifest as it was.
	Text []byte `json:"text"`
	// Times are those of the last manifests, by the digests of their texts: one that is put back is as if nobody had touched
	// it, also for who looks at its time.
	Times []manifestTime `json:"times"`
}

type manifestTime struct {
	Text  string `json:"text"`
	Nanos int64  `json:"nanos"`
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
	inside, err := insideOf(pid, place)
	digest := ""
	if err == nil {
		digest, err = Digest(inside)
	}
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
		p.keep(pod, podState{Manifest: where, Original: digest, Place: place, Text: text}),
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
	return errors.Join(forget(path), forget(path+".half"), forget(p.file(pod, "pod.json")))
}

// Foreign tells whether somebody else has written the manifest since the program was put into it.
func (p *StaticPod) Foreign(pod string) bool {
	m, _, away, err := p.find(pod)
	return err == nil && !away && !m.mounted()
}

// keep writes down a pod whose manifest is as its text.
func (p *StaticPod) keep(pod string, state podState) error {
	state.Times = []manifestTime{{digestOf(state.Text), modified(state.Manifest)}}
	return writeJSON(p.file(pod, "pod.json"), state)
}

// forgetState removes what was kept of a pod that has its manifest again.
func (p *StaticPod) forgetState(pod string) error {
	if err := forget(p.file(pod, "pod.json")); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(p.Kept, pod))
	return nil
}

// insideOf is a file of a container as the node sees it. A link would lead to a file of the node.
func insideOf(pid int, place string) (string, error) {
	path := fmt.Sprintf("/proc/%d/root", pid)
	for _, part := range strings.Split(strings.Trim(place, "/"), "/") {
		path = filepath.Join(path, part)
		if target, err := os.Readlink(path); err == nil && filepath.IsAbs(target) {
			return "", fmt.Errorf("%s of it is a link to %s; give the path of the file itself", part, target)
		}
	}
	return path, nil
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
		if err := errors.Join(writeWhole(state.Manifest, half, text), p.keepTime(pod, state, text)); err != nil {
			return err
		}
	}
	return forget(p.file(pod, "manifest"))
}

// keepTime gives a manifest the time that it had before, or writes down the one that it has now.
func (p *StaticPod) keepTime(pod string, state podState, text []byte) error {
	digest := digestOf(text)
	for _, known := range state.Times {
		if known.Text == digest {
			at := time.Unix(0, known.Nanos)
			return os.Chtimes(state.Manifest, at, at)
		}
	}
	state.Times = append(state.Times, manifestTime{digest, modified(state.Manifest)})
	// The one before is what a failure goes back to.
	state.Times = state.Times[max(0, len(state.Times)-4):]
	return writeJSON(p.file(pod, "pod.json"), state)
}

// Watched is what tells that somebody else has changed it: the program is ours alone, the manifest is not.
func (p *StaticPod) Watched(pod string) string {
	state, _ := p.state(pod)
	return state.Manifest
}

func digestOf(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }

func modified(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}
