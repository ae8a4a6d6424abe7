// Package remote runs commands and copies files over ssh: remote.Command and remote.CopyToRemote.
package remote

import (
	"context"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"kubedev.dev/toolchain/providers/command/lifecycle"
	"kubedev.dev/toolchain/providers/command/output"
)

// Logging says which streams are shown while a command runs.
type Logging string

// Values lists the allowed ones.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout", Description: "Show stdout only"},
		{Name: "stderr", Value: "stderr", Description: "Show stderr only"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr", Description: "Show both"},
		{Name: "none", Value: "none", Description: "Show nothing"},
	}
}

// Command is the resource; every output depends on every input, which is the library's default.
type Command struct{}

// CommandInputs of the resource.
type CommandInputs struct {
	lifecycle.Scripts
	Stdin                  *string           `pulumi:"stdin,optional"`
	Logging                *Logging          `pulumi:"logging,optional"`
	Connection             *Connection       `pulumi:"connection" provider:"secret"`
	Environment            map[string]string `pulumi:"environment,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
}

// CommandState of the resource.
type CommandState struct {
	CommandInputs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Create runs the create script. A failure keeps nothing in the state.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandState], error) {
	resp := infer.CreateResponse[CommandState]{Output: CommandState{CommandInputs: req.Inputs}}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err != nil {
		return resp, err
	}
	resp.ID = id
	if !req.DryRun && req.Inputs.Create != nil {
		err = resp.Output.run(ctx, *req.Inputs.Create)
	}
	return resp, err
}

// Update runs the update script, else create again. Without either the old results stay.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs, Stdout: req.State.Stdout, Stderr: req.State.Stderr}
	var err error
	if script := req.Inputs.OnUpdate(); !req.DryRun && script != nil {
		err = state.run(ctx, *script)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs the delete script with the inputs of the last create or update.
func (*Command) Delete(
	ctx context.Context, req infer.DeleteRequest[CommandState],
) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, req.State.run(ctx, *req.State.Delete)
}

// run executes one script over a connection of its own and, on success, stores what it printed.
func (s *CommandState) run(ctx context.Context, script string) error {
	client, err := s.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()

	// The context of the call ends at a cancel, but the last lines of a script's trap still count.
	log := p.GetLogger(context.WithoutCancel(ctx))
	var mode string
	if s.Logging != nil {
		mode = string(*s.Logging)
	}
	rec := output.NewRecorder(mode, log.InfoStatus)
	started := time.Now()
	err = execute(ctx, client, request{
		script:   script,
		env:      s.Environment,
		previous: lifecycle.PreviousOutput(s.AddPreviousOutputInEnv, s.Stdout, s.Stderr),
		stdin:    s.Stdin,
		rec:      rec,
		warn:     log.Warning,
	})
	rec.End()
	if err != nil {
		return lifecycle.Failure(ctx, err, started, script, rec.Both())
	}
	s.Stdout, s.Stderr = rec.Texts()
	return nil
}
