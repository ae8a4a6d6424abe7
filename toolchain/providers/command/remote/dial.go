package remote

import (
	"context"
	"fmt"
	"net"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// A live server is asked this often and may take this long to answer, so that a machine that dies
// in the middle of a command is noticed.
const (
	keepAliveEvery = 15 * time.Second
	keepAliveLimit = 45 * time.Second
)

// client is a connection with what has to be closed after it.
type client struct {
	*ssh.Client
	after func()
}

func (c *client) Close() {
	_ = c.Client.Close()
	c.after()
}

// dial connects, if need be through the proxy; a failed attempt is repeated up to the error limit.
func (c *Connection) dial(ctx context.Context) (*client, error) {
	if c.Proxy == nil {
		direct := &net.Dialer{}
		return c.connect(ctx, "", direct.DialContext)
	}
	proxy, err := c.Proxy.connect(ctx, "proxy: ", (&net.Dialer{}).DialContext)
	if err != nil {
		return nil, err
	}
	target, err := c.connect(ctx, "through the proxy: ", proxy.DialContext)
	if err != nil {
		proxy.Close()
		return nil, err
	}
	done := target.after
	target.after = func() { done(); proxy.Close() }
	return target, nil
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (e *endpoint) connect(ctx context.Context, prefix string, dial dialer) (*client, error) {
	config, done, err := e.clientConfig()
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix, err)
	}
	ssh, err := retry(ctx, *e.DialErrorLimit, func() (*ssh.Client, error) { return e.attempt(ctx, config, dial) })
	if err != nil {
		done()
		return nil, fmt.Errorf("%scould not connect to %s@%s: %w", prefix, *e.User, e.address(), err)
	}
	go keepAlive(ssh, keepAliveEvery, keepAliveLimit)
	return &client{ssh, done}, nil
}

// attempt dials and shakes hands within the time of one attempt. (The library's own time-out ends
// with the TCP connection, and a server that accepts but never speaks would block for ever.)
func (e *endpoint) attempt(ctx context.Context, config *ssh.ClientConfig, dial dialer) (*ssh.Client, error) {
	if e.timeout() > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, e.timeout())
		defer cancel()
	}
	conn, err := dial(ctx, "tcp", e.address())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	link, channels, requests, err := ssh.NewClientConn(conn, e.address(), config)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("ssh handshake: %w", ctx.Err())
		}
		return nil, err
	}
	return ssh.NewClient(link, channels, requests), nil
}

// retry repeats a failed attempt: limit errors are forgiven, -1 for any number of them.
func retry[T any](ctx context.Context, limit int, attempt func() (T, error)) (T, error) {
	delay := 100 * time.Millisecond
	for failed := 1; ; failed++ {
		result, err := attempt()
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return result, fmt.Errorf("given up at attempt %d (%w): %w", failed, ctx.Err(), err)
		}
		if limit >= 0 && failed > limit {
			return result, fmt.Errorf("%d failed attempts, dialErrorLimit is %d: %w", failed, limit, err)
		}
		p.GetLogger(ctx).InfoStatusf("connection attempt %d failed, trying again: %v", failed, err)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		delay = min(delay*3/2, 5*time.Second)
	}
}

func keepAlive(c *ssh.Client, every, limit time.Duration) {
	for {
		time.Sleep(every)
		answered := make(chan error, 1)
		go func() {
			_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case err := <-answered:
			if err != nil {
				return
			}
		case <-time.After(limit):
			_ = c.Close()
			return
		}
	}
}
