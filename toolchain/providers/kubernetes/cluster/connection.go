package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	// probeTimeout bounds the question whether there is a cluster.
	probeTimeout = 5 * time.Second
	// requestTimeout bounds every single request; nothing here is a stream.
	requestTimeout = 30 * time.Second
	// A probe that failed is not repeated for this many times as long as it took: a run with many
	// resources does not wait for a dead address with each of them, while a port that refuses, or a
	// kubeconfig that is not there, is looked at anew each time.
	patience = 4
)

// Unreachable is the error for a cluster that does not answer.
type Unreachable struct{ Reason error }

func (u Unreachable) Error() string {
	return fmt.Sprintf("the Kubernetes cluster cannot be reached: %v", u.Reason)
}

func (u Unreachable) Unwrap() error { return u.Reason }

// Cluster is the one that the settings name. It is connected to when it is first needed: it may
// come to life in the middle of a run.
type Cluster struct {
	Settings

	mu         sync.Mutex
	connection *Connection
	failed     error
	// retry is when a failure is looked into again.
	retry time.Time
}

// Connection is a cluster that answered.
type Connection struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// Connect answers within seconds; its error is Unreachable.
func (c *Cluster) Connect(ctx context.Context) (*Connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.connection != nil {
		return c.connection, nil
	}
	began := time.Now()
	if c.failed != nil && began.Before(c.retry) {
		return nil, c.failed
	}
	connection, err := connect(ctx, c.Settings)
	if err != nil {
		c.failed, c.retry = Unreachable{err}, time.Now().Add(patience*time.Since(began))
		return nil, c.failed
	}
	c.connection = connection
	return connection, nil
}

func connect(ctx context.Context, s Settings) (*Connection, error) {
	loader, err := clientConfig(s)
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.UserAgent = "kubedev-drop-in"
	// Discovery alone takes dozens of requests.
	config.QPS, config.Burst = 100, 200
	config.WarningHandlerWithContext = warnings{s.SuppressWarnings}

	probe := rest.CopyConfig(config)
	probe.Timeout = probeTimeout
	prober, err := discovery.NewDiscoveryClientForConfig(probe)
	if err != nil {
		return nil, err
	}
	if err := prober.RESTClient().Get().AbsPath("/version").Do(ctx).Error(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Host, err)
	}

	config.Timeout = requestTimeout
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(finder))
	return &Connection{client: client, mapper: mapper}, nil
}

// Forget makes the next question about kinds go to the server, which has new ones.
func (c *Connection) Forget() {
	c.mapper.Reset()
}

// IsNoKind tells whether the server does not know the kind of an object.
func IsNoKind(err error) bool { return meta.IsNoMatchError(err) }

// warnings shows what the API server warns of, deprecated versions mostly, beside the resource.
type warnings struct{ suppressed bool }

func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _ string, text string) {
	const warning = 299
	if code == warning && text != "" && !w.suppressed {
		p.GetLogger(ctx).Warning(text)
	}
}
