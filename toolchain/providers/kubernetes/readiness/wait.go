package readiness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"kubedev.dev/toolchain/providers/kubernetes/cluster"
	"kubedev.dev/toolchain/providers/kubernetes/manifest"
)

// DefaultTimeout is how long an object may take to become ready or to go.
const DefaultTimeout = 10 * time.Minute

const (
	firstPause = 200 * time.Millisecond
	// A pause grows to this: what takes minutes is not asked after five times a second.
	longestPause = 2 * time.Second
	// explaining bounds the search for reasons once the time is up.
	explaining = 10 * time.Second
)

// errGone says that the object is not there any more.
var errGone = errors.New("it was deleted meanwhile")

// Watched is an object to wait for.
type Watched struct {
	Connection *cluster.Connection
	// Object names it by its kind, namespace and name.
	Object manifest.Object
	// Timeout for the whole wait.
	Timeout time.Duration
	// Progress is told what is missing, each time that changes.
	Progress func(string)
}

// Ready waits until the object is ready. It answers the object as it last was, with an error too.
func (w Watched) Ready(ctx context.Context) (manifest.Object, error) {
	live, err := w.poll(ctx, func(ctx context.Context, live manifest.Object) (State, error) {
		if live == nil {
			return State{}, errGone
		}
		state, err := StateOf(live)
		if err == nil && !state.Ready && waitsForConsumer(ctx, w.Connection, live) {
			return ready, nil
		}
		return state, err
	})
	return live, w.explain(ctx, live, "is not ready", err)
}

// Gone waits until the object with this uid is no more; one of the same name is another.
func (w Watched) Gone(ctx context.Context, uid string) error {
	live, err := w.poll(ctx, func(_ context.Context, live manifest.Object) (State, error) {
		if live == nil || text(live, "metadata", "uid") != uid {
			return ready, nil
		}
		return State{Message: remaining(live)}, nil
	})
	return w.explain(ctx, live, "is not gone", err)
}

// pending is the error of a wait that ended before its object was as wanted.
type pending struct{ why, missing string }

func (p pending) Error() string { return p.why + ": " + p.missing }

func (w Watched) poll(
	ctx context.Context, judge func(context.Context, manifest.Object) (State, error),
) (manifest.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	var last manifest.Object
	message := "nothing is known of it yet"
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		live, err := w.Connection.Get(ctx, manifest.GVK(w.Object), manifest.Namespace(w.Object), manifest.Name(w.Object))
		switch {
		case apierrors.IsNotFound(err) || cluster.IsNoKind(err):
			live = nil
		case err != nil && !passing(err):
			return last, err
		}
		if err == nil || live == nil && !passing(err) {
			if live != nil {
				last = live
			}
			state, err := judge(ctx, live)
			if err != nil || state.Ready {
				return last, err
			}
			if state.Message != message {
				message = state.Message
				w.Progress(message)
			}
			if state.Failed {
				return last, pending{"failed", message}
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return last, pending{"timed out after " + w.Timeout.String(), message}
			}
			return last, pending{"cancelled", message}
		}
	}
}

// passing is a fault of the moment: the API server restarts, or is too busy.
func passing(err error) bool {
	if err == nil {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		// It never got to the server, or the wait is over, which the caller looks at next.
		return !cluster.IsNoKind(err)
	}
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err)
}

// explain adds to a wait's error what the object is and what the cluster knows of the reasons.
func (w Watched) explain(ctx context.Context, live manifest.Object, what string, err error) error {
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explaining)
	defer cancel()
	reasons := reasons(ctx, w.Connection, live)
	text := fmt.Sprintf("%s %s %s, %v", w.Object["kind"], manifest.ID(w.Object), what, err)
	if len(reasons) == 0 {
		return errors.New(text)
	}
	return errors.New(text + "\n  " + strings.Join(reasons, "\n  "))
}
