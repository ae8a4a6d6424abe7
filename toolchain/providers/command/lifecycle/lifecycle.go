// Package lifecycle is what local and remote commands have in common: which script runs when, and
// what a failed or ended one says.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Grace is how long a cancelled command may take to clean up before it is killed, and how long a
// background process may keep the output open after its command has ended.
const Grace = 5 * time.Second

// HeldOutput is the warning when that time is over.
const HeldOutput = "a background process still holds the output of this command, which has ended; " +
	"what it prints from now on is lost. Redirect its streams: setsid CMD </dev/null >LOG 2>&1 &"

// Scripts are the inputs that say what to run, for the `Command` resources.
type Scripts struct {
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// OnUpdate is the script that an update runs: create again where there is no update.
func (s Scripts) OnUpdate() *string {
	if s.Update != nil {
		return s.Update
	}
	return s.Create
}

// PreviousOutput is the environment by which a script sees what the run before it printed.
func PreviousOutput(enabled *bool, stdout, stderr string) map[string]string {
	env := map[string]string{}
	if enabled != nil && !*enabled {
		return env
	}
	if stdout != "" {
		env["PULUMI_COMMAND_STDOUT"] = stdout
	}
	if stderr != "" {
		env["PULUMI_COMMAND_STDERR"] = stderr
	}
	return env
}

// Failure says why a command failed, with its text and all that it printed.
func Failure(ctx context.Context, err error, started time.Time, command, output string) error {
	ran := time.Since(started).Round(100 * time.Millisecond)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("timed out after %s (customTimeouts), stopped: %w", ran, err)
	case ctx.Err() != nil:
		err = fmt.Errorf("cancelled after %s, stopped: %w", ran, err)
	}
	return fmt.Errorf("%w: running %s:\n%s", err, excerpt(command), strings.ToValidUTF8(output, "\uFFFD"))
}

// excerpt keeps a long script from hiding the output, which is what explains a failure.
func excerpt(command string) string {
	const limit = 400
	if len(command) <= limit {
		return fmt.Sprintf("%q", command)
	}
	return fmt.Sprintf("%q... (%d bytes)", strings.ToValidUTF8(command[:limit], ""), len(command))
}
