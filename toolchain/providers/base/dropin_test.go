package base

import (
	"context"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

type Known struct{}

type args struct {
	Value string `pulumi:"value"`
}

func (*Known) Create(context.Context, infer.CreateRequest[args]) (infer.CreateResponse[args], error) {
	return infer.CreateResponse[args]{ID: "1"}, nil
}

func urn(token string) resource.URN {
	return resource.NewURN("stack", "project", "", tokens.Type(token), "name")
}

func TestServesTheListedTypesAndRefusesOthersByName(t *testing.T) {
	d := DropIn{Name: "thing", Version: "4.5.6", Options: infer.Options{
		Resources: []infer.InferredResource{infer.Resource(&Known{})},
	}}
	provider := d.Provider()
	ctx := context.Background()

	if _, err := provider.Check(ctx, p.CheckRequest{Urn: urn("thing:base:Known")}); err != nil {
		t.Errorf("a listed type was refused: %v", err)
	}
	refusals := map[string]func() error{
		"Check": func() error {
			_, err := provider.Check(ctx, p.CheckRequest{Urn: urn("thing:base:Other")})
			return err
		},
		"Diff": func() error {
			_, err := provider.Diff(ctx, p.DiffRequest{Urn: urn("thing:base:Other")})
			return err
		},
		"Read": func() error {
			_, err := provider.Read(ctx, p.ReadRequest{Urn: urn("thing:base:Other")})
			return err
		},
		"Delete": func() error {
			return provider.Delete(ctx, p.DeleteRequest{Urn: urn("thing:base:Other")})
		},
		"Invoke": func() error {
			_, err := provider.Invoke(ctx, p.InvokeRequest{Token: "thing:base:Other"})
			return err
		},
		"Construct": func() error {
			_, err := provider.Construct(ctx, p.ConstructRequest{Urn: urn("thing:base:Other")})
			return err
		},
		"Call": func() error {
			_, err := provider.Call(ctx, p.CallRequest{Tok: "thing:base:Other"})
			return err
		},
	}
	for call, refuse := range refusals {
		err := refuse()
		if err == nil {
			t.Errorf("%s: a type that is not listed was served", call)
			continue
		}
		for _, part := range []string{
			"kubedev drop-in for thing 4.5.6 has no thing:base:Other", "only: thing:base:Known",
			"pulumi plugin install resource thing 4.5.6",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", call, err, part)
			}
		}
	}
}
