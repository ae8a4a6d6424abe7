package swap

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Request is what is asked for.
type Request struct {
	// ID tells the report on this request from an earlier one.
	ID      string `json:"id"`
	Service string `json:"service"`
	// Path of the program that is replaced; empty: as the service manager tells.
	Path string `json:"path"`
	// StaticPod: the service is a pod that the kubelet runs from a file, the path one in its container.
	StaticPod bool `json:"staticPod"`
	Restore   bool `json:"restore"`
	// Incoming is the new program, Sha256 its digest.
	Incoming   string   `json:"incoming"`
	Sha256     string   `json:"sha256"`
	Dependents []string `json:"dependents"`
	Health     Health   `json:"health"`
	// Shell texts.
	NodeCheck string `json:"nodeCheck"`
	Drain     string `json:"drain"`
	Undrain   string `json:"undrain"`
	// VersionArguments: with them the new program must end well before anything is touched.
	VersionArguments []string `json:"versionArguments"`
	StopSec          int      `json:"stopSec"`
	HealthSec        int      `json:"healthSec"`
	SettleSec        int      `json:"settleSec"`
}

// Health is how to tell that the service is healthy; empty: its process goes on.
type Health struct {
	HTTPURL    string `json:"httpUrl"`
	TCPAddress string `json:"tcpAddress"`
	Command    string `json:"command"`
}

// Outcomes of a run.
const (
	Swapped   = "swapped"
	Unchanged = "unchanged"
	Restored  = "restored"
	// Refused: nothing was exchanged, the service runs what it ran.
	Refused = "refused"
	// RolledBack: the new program was not healthy, the one before it runs again.
	RolledBack = "rolled-back"
	// Unfinished: the new program runs and is healthy, but what comes after failed; another run goes on with it.
	Unfinished = "unfinished"
	// NeedsHands: the one before it was put back, but is not healthy either, or could not be put back.
	NeedsHands = "needs-hands"
)

// Report is what came of a request.
type Report struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
	Service string `json:"service"`
	Path    string `json:"path"`
	// Watch is the file that changes when somebody else changes what the service runs.
	Watch string `json:"watch"`
	// Old and Runs are digests of the program before and after the run.
	Old     string `json:"old"`
	Runs    string `json:"runs"`
	Version string `json:"version"`
	Why     string `json:"why"`
	// Recovered says what an earlier run that was broken off had left.
	Recovered string `json:"recovered"`
	Log       string `json:"log"`
	// DowntimeMs is from the stop of the service until it was healthy again, or, where it needs hands, until the end of the
	// run; 0 if it was not stopped.
	DowntimeMs int64 `json:"downtimeMs"`
}

// Status is the exit status that goes with the outcome.
func (r Report) Status() int {
	switch r.Outcome {
	case Swapped, Unchanged, Restored:
		return 0
	case RolledBack:
		return 20
	case NeedsHands:
		return 30
	}
	return 1
}

// Show prints a report: its last line as one JSON object, what went wrong in words; answers the exit status.
func Show(r Report, to io.Writer, say func(string)) int {
	if r.Recovered != "" {
		say("an earlier run of the swap was broken off while it was " + r.Recovered + ": that was put in order first")
	}
	if r.Status() != 0 {
		if r.Log != "" {
			say("last lines of " + r.Service + ":\n" + r.Log)
		}
		down := ""
		if r.DowntimeMs > 0 {
			was := "was"
			if r.Outcome == NeedsHands {
				was = "has been"
			}
			down = fmt.Sprintf(", and %s down for %.1f s", was, float64(r.DowntimeMs)/1000)
		}
		runs := "It runs what it ran"
		if r.Runs != "" {
			runs = "It runs sha256 " + r.Runs
		}
		say(fmt.Sprintf("kubedev: %s: %s. %s%s", map[string]string{
			Refused:    "nothing was swapped",
			RolledBack: "the new program was taken back, and the one before it runs again",
			Unfinished: "the new program runs",
			NeedsHands: r.Service + " needs hands",
		}[r.Outcome], strings.TrimSuffix(r.Why, "."), runs, down))
	}
	_ = json.NewEncoder(to).Encode(r)
	return r.Status()
}
