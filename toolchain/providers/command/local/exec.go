package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"

	"kubedev.dev/toolchain/providers/command/lifecycle"
	"kubedev.dev/toolchain/providers/command/output"
)

// run executes one script. results holds those of the run before and, on success only, gets the new.
func run(ctx context.Context, script string, s Settings, results *Results) error {
	dir, err := workingDir(s.Dir)
	if err != nil {
		return err
	}
	argv := []string{"/bin/sh", "-c"}
	if s.Interpreter != nil && len(*s.Interpreter) > 0 {
		argv = *s.Interpreter
	}
	argv = append(argv[:len(argv):len(argv)], script)

	// The context of the call ends at a cancel, but the last lines of a script's trap still count.
	log := p.GetLogger(context.WithoutCancel(ctx))
	rec := output.NewRecorder(string(deref(s.Logging)), log.InfoStatus)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, rec.Stdout, rec.Stderr
	cmd.Env = environment(s, results)
	if stdin := deref(s.Stdin); stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var cancelled time.Time
	cmd.Cancel = func() error {
		cancelled = time.Now()
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	}
	// Bounds both the clean-up after a cancel and the wait for a background process that keeps the
	// output open after the script has ended.
	cmd.WaitDelay = lifecycle.Grace

	started := time.Now()
	err = cmd.Run()
	if !cancelled.IsZero() {
		killGroup(cmd.Process.Pid, cancelled.Add(lifecycle.Grace))
	}
	rec.End()
	if errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		log.Warning(lifecycle.HeldOutput)
		err = nil
	}
	if errors.Is(err, syscall.E2BIG) {
		err = fmt.Errorf("%w: one argument or variable may have 128 KiB (the script has %d bytes, the "+
			"previous stdout %d, stderr %d). Pass long text by stdin and set addPreviousOutputInEnv to false",
			err, len(script), len(results.Stdout), len(results.Stderr))
	}
	if err != nil {
		return lifecycle.Failure(ctx, err, started, script, rec.Both())
	}
	if err := results.collect(dir, s); err != nil {
		return err
	}
	results.Stdout, results.Stderr = rec.Texts()
	return nil
}

// killGroup leaves what remains of a cancelled script's process group until the deadline to end by
// itself, then kills it.
func killGroup(pgid int, deadline time.Time) {
	for ; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(-pgid, 0) != nil {
			return
		}
	}
	_ = syscall.Kill(-pgid, syscall.SIGKILL)
}

func environment(s Settings, previous *Results) []string {
	env := os.Environ()
	for k, v := range deref(s.Environment) {
		env = append(env, k+"="+v)
	}
	for k, v := range lifecycle.PreviousOutput(s.AddPreviousOutputInEnv, previous.Stdout, previous.Stderr) {
		env = append(env, k+"="+v)
	}
	return env
}

func workingDir(dir *string) (string, error) {
	if dir != nil {
		return *dir, nil
	}
	return os.Getwd()
}

// deref is the zero value for an input that is not set.
func deref[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
