// Package local runs commands on this machine: local.Command and local.run.
package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"kubedev.dev/toolchain/providers/command/lifecycle"
)

// Settings are the inputs of everything that runs here.
type Settings struct {
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Results are the outputs of everything that runs here.
type Results struct {
	Stdout  string                            `pulumi:"stdout"`
	Stderr  string                            `pulumi:"stderr"`
	Assets  *map[string]*types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                 `pulumi:"archive,optional"`
}

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
	Settings
}

// CommandState of the resource.
type CommandState struct {
	CommandInputs
	Results
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
		err = run(ctx, *req.Inputs.Create, req.Inputs.Settings, &resp.Output.Results)
	}
	return resp, err
}

// Update runs the update script, else create again. Without either the old results stay.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs, Results: req.State.Results}
	var err error
	if script := req.Inputs.OnUpdate(); !req.DryRun && script != nil {
		err = run(ctx, *script, req.Inputs.Settings, &state.Results)
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
	return infer.DeleteResponse{}, run(ctx, *req.State.Delete, req.State.Settings, &req.State.Results)
}

// Run is the function: it runs its command whenever the program runs.
type Run struct{}

// RunInputs of the function.
type RunInputs struct {
	Settings
	Command string `pulumi:"command"`
}

// RunResult of the function.
type RunResult struct {
	RunInputs
	Results
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunResult], error) {
	result := RunResult{RunInputs: req.Input}
	err := run(ctx, req.Input.Command, req.Input.Settings, &result.Results)
	return infer.FunctionResponse[RunResult]{Output: result}, err
}
