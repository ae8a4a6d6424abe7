package remote

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pkg/sftp"
)

// CopyToRemote is the resource. It has no delete: what was copied stays.
type CopyToRemote struct{}

// CopyInputs of the resource.
type CopyInputs struct {
	Connection *Connection          `pulumi:"connection" provider:"secret"`
	Triggers   *[]any               `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
}

// CopyState of the resource.
type CopyState struct{ CopyInputs }

// Check takes a file, a text or an archive that is a path.
func (*CopyToRemote) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CopyInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyInputs](ctx, req.NewInputs)
	if err != nil || len(failures) > 0 {
		return infer.CheckResponse[CopyInputs]{Inputs: inputs, Failures: failures}, err
	}
	asset, archive := inputs.Source.Asset, inputs.Source.Archive
	fail := func(property, reason string) {
		failures = append(failures, p.CheckFailure{Property: property, Reason: reason})
	}
	switch {
	case asset == nil && archive == nil:
		fail("source", "got nothing; expected a FileAsset, a StringAsset or a FileArchive")
	case asset != nil && archive != nil:
		fail("source", "got an asset and an archive; expected one of them")
	case asset != nil && !asset.IsPath() && !asset.IsText():
		fail("source", "got an asset by URI; expected a FileAsset or a StringAsset")
	case archive != nil && !archive.IsPath():
		fail("source", "got an archive of assets or by URI; expected a FileArchive")
	}
	return infer.CheckResponse[CopyInputs]{Inputs: inputs, Failures: failures}, nil
}

// Create copies.
func (*CopyToRemote) Create(
	ctx context.Context, req infer.CreateRequest[CopyInputs],
) (infer.CreateResponse[CopyState], error) {
	resp := infer.CreateResponse[CopyState]{Output: CopyState{req.Inputs}}
	if req.DryRun {
		return resp, nil
	}
	if err := req.Inputs.copy(ctx); err != nil {
		return resp, err
	}
	var err error
	resp.ID, err = resource.NewUniqueHex("", 8, 0)
	return resp, err
}

// Update copies again when the content or the destination differs; another connection alone does not.
func (*CopyToRemote) Update(
	ctx context.Context, req infer.UpdateRequest[CopyInputs, CopyState],
) (infer.UpdateResponse[CopyState], error) {
	resp := infer.UpdateResponse[CopyState]{Output: CopyState{req.Inputs}}
	same := req.Inputs.hash() == req.State.hash() && req.Inputs.RemotePath == req.State.RemotePath
	if req.DryRun || same {
		return resp, nil
	}
	return resp, req.Inputs.copy(ctx)
}

func (in *CopyInputs) hash() string {
	if in.Source.Archive != nil {
		return in.Source.Archive.Hash
	}
	return in.Source.Asset.Hash
}

func (in *CopyInputs) copy(ctx context.Context) error {
	client, err := in.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, client.Close)
	defer stop()

	files, err := sftp.NewClient(client.Client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return fmt.Errorf("could not start sftp: %w", err)
	}
	defer files.Close()
	up := uploader{files}
	switch {
	case in.Source.Archive != nil:
		err = up.path(in.Source.Archive.Path, in.RemotePath)
	case in.Source.Asset.IsText():
		err = up.text(in.Source.Asset.Text, in.RemotePath)
	default:
		err = up.path(in.Source.Asset.Path, in.RemotePath)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("copy stopped (%w): %w", ctx.Err(), err)
	}
	return err
}
