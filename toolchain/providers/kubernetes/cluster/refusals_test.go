package cluster

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

func TestConflictsSayWhoOwnsWhat(t *testing.T) {
	object := manifest.Object{"kind": "Deployment", "metadata": manifest.Object{"name": "d", "namespace": "n"}}
	err := conflict(object, apierrors.NewApplyConflict([]metav1.StatusCause{
		{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.replicas", Message: `conflict with "kubectl" using apps/v1`},
		{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.paused", Message: `conflict with "hpa"`},
	}, "Apply failed"))
	want := "Deployment n/d has fields that others own:\n" +
		"  spec.replicas belongs to \"kubectl\" using apps/v1\n" +
		"  spec.paused belongs to \"hpa\"\n" +
		"Leave these fields out of the program, or take them over with the annotation pulumi.com/patchForce: \"true\""
	if err.Error() != want || !errors.As(err, &Conflict{}) {
		t.Errorf("got %v", err)
	}
	other := errors.New("other")
	if conflict(object, other) != other {
		t.Error("another error was changed")
	}
}

func TestRefusals(t *testing.T) {
	gk := schema.GroupKind{Kind: "ConfigMap"}
	path := field.NewPath("data")
	invalid := apierrors.NewInvalid(gk, "n", field.ErrorList{field.Invalid(path, "x", "field is immutable")})
	if got := Refusals(invalid); len(got) != 1 || got[0].Field != "data" || !got[0].IsImmutable() {
		t.Errorf("got %v", got)
	}
	if got := Refusals(errors.New("other")); got != nil {
		t.Errorf("got %v", got)
	}
}
