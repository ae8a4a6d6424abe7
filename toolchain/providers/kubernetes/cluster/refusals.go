package cluster

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kubedev.dev/toolchain/providers/kubernetes/manifest"
	"kubedev.dev/toolchain/providers/kubernetes/replacement"
)

// Conflict is the error for fields that belong to somebody else.
type Conflict struct{ text string }

func (c Conflict) Error() string { return c.text }

// conflict rewords an error about fields that others own, and leaves any other as it is.
func conflict(object manifest.Object, err error) error {
	var owned []string
	for _, cause := range causes(err) {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			owner := strings.TrimPrefix(cause.Message, "conflict with ")
			owned = append(owned, fmt.Sprintf("  %s belongs to %s", strings.TrimPrefix(cause.Field, "."), owner))
		}
	}
	if len(owned) == 0 {
		return err
	}
	kind, _ := object["kind"].(string)
	return Conflict{fmt.Sprintf("%s %s has fields that others own:\n%s\n"+
		"Leave these fields out of the program, or take them over with the annotation %s: \"true\"",
		kind, manifest.ID(object), strings.Join(owned, "\n"), manifest.PatchForce)}
}

// Refusals are the fields that the server finds fault with, and what it says of each.
func Refusals(err error) []replacement.Refused {
	if !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
		return nil
	}
	var all []replacement.Refused
	for _, cause := range causes(err) {
		all = append(all, replacement.Refused{Field: cause.Field, Message: cause.Message})
	}
	return all
}

func causes(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return status.Status().Details.Causes
}
