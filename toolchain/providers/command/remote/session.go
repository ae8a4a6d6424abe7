package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"kubedev.dev/toolchain/providers/command/lifecycle"
	"kubedev.dev/toolchain/providers/command/output"
)

// request is one command to execute over a connection.
type request struct {
	script string
	// env must be accepted by the server; previous need not be.
	env, previous map[string]string
	stdin         *string
	rec           *output.Recorder
	warn          func(string)
}

// execute runs one command. It speaks the session protocol itself since the library's Session
// reports the exit status only after the output has ended, which a background process can delay
// for ever.
func execute(ctx context.Context, c *client, r request) error {
	channel, events, err := c.OpenChannel("session", nil)
	if err != nil {
		return fmt.Errorf("could not open a session: %w", err)
	}
	defer channel.Close()
	ended := make(chan error, 1)
	go func() { ended <- exitStatus(events) }()
	finished := make(chan struct{})
	defer close(finished)
	stop := context.AfterFunc(ctx, func() { interrupt(c, channel, finished) })
	defer stop()

	if err := setEnv(channel, r); err != nil {
		return err
	}
	accepted, err := channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{r.script}))
	if err == nil && !accepted {
		err = errors.New("refused by the server")
	}
	if err != nil {
		return fmt.Errorf("could not start the command: %w", err)
	}

	var streams sync.WaitGroup
	streams.Go(func() { _, _ = io.Copy(r.rec.Stdout, channel) })
	streams.Go(func() { _, _ = io.Copy(r.rec.Stderr, channel.Stderr()) })
	go func() {
		if r.stdin != nil {
			_, _ = io.Copy(channel, strings.NewReader(*r.stdin))
		}
		_ = channel.CloseWrite()
	}()

	err = <-ended
	drained := make(chan struct{})
	go func() { streams.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(lifecycle.Grace):
		r.warn(lifecycle.HeldOutput)
		_ = channel.Close()
		c.Close()
		<-drained
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}

func setEnv(channel ssh.Channel, r request) error {
	set := func(name, value string) (bool, error) {
		return channel.SendRequest("env", true, ssh.Marshal(struct{ Name, Value string }{name, value}))
	}
	for _, name := range slices.Sorted(maps.Keys(r.env)) {
		accepted, err := set(name, r.env[name])
		if err != nil {
			return fmt.Errorf("could not set %s: %w", name, err)
		}
		if !accepted {
			return fmt.Errorf("the server refused the environment variable %q: its sshd_config needs "+
				"\"AcceptEnv %s\"; or write the command as %s='...' COMMAND, or pass values by stdin",
				name, name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.previous)) {
		accepted, err := set(name, r.previous[name])
		if err != nil {
			return fmt.Errorf("could not set %s: %w", name, err)
		}
		if !accepted {
			r.warn(fmt.Sprintf("the server refused %s (its sshd_config needs AcceptEnv); the command runs "+
				"without it. Set addPreviousOutputInEnv to false if it is not needed", name))
		}
	}
	return nil
}

// exitStatus reads how the command ended: nil for status 0.
func exitStatus(events <-chan *ssh.Request) error {
	for event := range events {
		if event.WantReply {
			_ = event.Reply(false, nil)
		}
		switch event.Type {
		case "exit-status":
			var exit struct{ Status uint32 }
			if err := ssh.Unmarshal(event.Payload, &exit); err != nil {
				return err
			}
			go ssh.DiscardRequests(events)
			if exit.Status != 0 {
				return fmt.Errorf("exit status %d", exit.Status)
			}
			return nil
		case "exit-signal":
			var exit struct {
				Signal     string
				CoreDumped bool
				Message    string
				Language   string
			}
			if err := ssh.Unmarshal(event.Payload, &exit); err != nil {
				return err
			}
			go ssh.DiscardRequests(events)
			return fmt.Errorf("ended by signal %s", exit.Signal)
		}
	}
	return errors.New("the connection was lost before the command ended")
}

// interrupt asks the remote command to end, and closes the connection if it does not or if the
// server passes no signals on (OpenSSH does so for users other than root).
func interrupt(c *client, channel ssh.Channel, finished <-chan struct{}) {
	signal := func(name string) bool {
		ok, err := channel.SendRequest("signal", true, ssh.Marshal(struct{ Signal string }{name}))
		return ok && err == nil
	}
	go func() {
		select {
		case <-finished:
		case <-time.After(lifecycle.Grace):
			c.Close()
		}
	}()
	if !signal("TERM") {
		c.Close()
	}
}
