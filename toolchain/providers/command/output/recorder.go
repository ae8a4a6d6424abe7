// Package output keeps what a command prints and shows its lines while it runs.
package output

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// Logged says which streams the `logging` input shows: "stdout", "stderr", "none", or both when it
// is "stdoutAndStderr" or not set.
func Logged(mode string) (stdout, stderr bool) {
	both := mode == "" || mode == "stdoutAndStderr"
	return both || mode == "stdout", both || mode == "stderr"
}

// maxLine bounds a line that is shown, in bytes; the stored output is always whole.
const maxLine = 4096

// Recorder collects both streams of one command.
type Recorder struct {
	Stdout, Stderr io.Writer

	mu       sync.Mutex
	show     func(line string)
	out, err stream
	// both is for error messages, where the order between the streams matters.
	both bytes.Buffer
}

// NewRecorder shows the lines of the streams that mode names.
func NewRecorder(mode string, show func(line string)) *Recorder {
	r := &Recorder{show: show}
	r.out.rec, r.err.rec = r, r
	r.out.shown, r.err.shown = Logged(mode)
	r.Stdout, r.Stderr = &r.out, &r.err
	return r
}

// End shows what followed the last newline, once nothing writes any more.
func (r *Recorder) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range []*stream{&r.out, &r.err} {
		if len(s.line) > 0 {
			s.flush()
		}
	}
}

// Texts are the streams as resources store them: one trailing newline removed, and valid UTF-8,
// since the engine's protocol refuses anything else.
func (r *Recorder) Texts() (stdout, stderr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.text(), r.err.text()
}

// Both is all that was printed, in the order of arrival.
func (r *Recorder) Both() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.both.String()
}

type stream struct {
	rec   *Recorder
	shown bool
	all   bytes.Buffer
	line  []byte
	cut   bool
}

func (s *stream) Write(p []byte) (int, error) {
	s.rec.mu.Lock()
	defer s.rec.mu.Unlock()
	s.all.Write(p)
	s.rec.both.Write(p)
	if !s.shown {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte{'\n'})
		room := maxLine - len(s.line)
		if len(part) > room {
			part, s.cut = part[:room], true
		}
		s.line = append(s.line, part...)
		if ended {
			s.flush()
		}
		rest = after
	}
	return len(p), nil
}

func (s *stream) flush() {
	line := strings.ToValidUTF8(string(s.line), "\uFFFD")
	if s.cut {
		line += " [cut]"
	}
	s.rec.show(line)
	s.line, s.cut = s.line[:0], false
}

func (s *stream) text() string {
	return strings.ToValidUTF8(strings.TrimSuffix(s.all.String(), "\n"), "\uFFFD")
}
