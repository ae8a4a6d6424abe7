package remote

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kubedev.dev/toolchain/providers/command/output"
)

func open() *ssh.ServerConfig { return &ssh.ServerConfig{NoClientAuth: true} }

func try(t *testing.T, ctx context.Context, c *Connection) (rec *output.Recorder, warnings []string, err error) {
	t.Helper()
	client, err := c.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	rec = output.NewRecorder("none", nil)
	err = execute(ctx, client, request{
		script: "any", rec: rec, warn: func(m string) { warnings = append(warnings, m) },
	})
	return rec, warnings, err
}

func TestPasswordAndKeyboardInteractive(t *testing.T) {
	interactive := &ssh.ServerConfig{
		KeyboardInteractiveCallback: func(
			_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge,
		) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err == nil && (len(answers) != 1 || answers[0] != "right") {
				err = errors.New("wrong answer")
			}
			return nil, err
		},
	}
	for name, config := range map[string]*ssh.ServerConfig{
		"password": passwordOnly("right"), "interactive": interactive,
	} {
		s := &testServer{config: config, play: func(c ssh.Channel, _ <-chan *ssh.Request) {
			exit(c, 0)
			_ = c.Close()
		}}
		c := s.start(t)
		for _, password := range []string{"right", "wrong"} {
			c.Password = &password
			if _, _, err := try(t, context.Background(), c); (err == nil) != (password == "right") {
				t.Errorf("%s, %s password: %v", name, password, err)
			}
		}
	}
}

func TestErrorLimit(t *testing.T) {
	for limit, attempts := range map[int]int32{0: 1, 2: 3} {
		s := &testServer{config: passwordOnly("right")}
		c := s.start(t)
		c.DialErrorLimit = &limit
		_, err := c.dial(context.Background())
		if err == nil || s.dials.Load() != attempts {
			t.Errorf("limit %d: %d attempts, %v", limit, s.dials.Load(), err)
		}
	}
	unlimited := -1
	s := &testServer{config: passwordOnly("right")}
	c := s.start(t)
	c.DialErrorLimit = &unlimited
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if _, err := c.dial(ctx); !errors.Is(err, context.DeadlineExceeded) || s.dials.Load() < 3 {
		t.Errorf("without a limit: %d attempts, %v", s.dials.Load(), err)
	}
}

func TestCancelSendsASignalAndWaitsForTheTrap(t *testing.T) {
	var signal string
	s := &testServer{config: open(), play: func(c ssh.Channel, requests <-chan *ssh.Request) {
		for r := range requests {
			if r.Type == "signal" {
				signal = string(r.Payload[4:])
				_ = r.Reply(true, nil)
				_, _ = io.WriteString(c, "trapped")
				exit(c, 1)
				_ = c.Close()
			}
		}
	}}
	c := s.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	rec, _, err := try(t, ctx, c)
	if err == nil || signal != "TERM" || rec.Both() != "trapped" {
		t.Errorf("got %v, signal %q, output %q", err, signal, rec.Both())
	}
}

func TestCancelClosesTheConnectionOfAServerThatPassesNoSignals(t *testing.T) {
	s := &testServer{config: open(), play: func(_ ssh.Channel, requests <-chan *ssh.Request) {
		for r := range requests {
			_ = r.Reply(false, nil)
		}
	}}
	c := s.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, _, err := try(t, ctx, c)
	if err == nil || time.Since(started) > 4*time.Second {
		t.Errorf("after %s: %v", time.Since(started), err)
	}
}

func TestHeldOutputIsNotWaitedForLong(t *testing.T) {
	s := &testServer{config: open(), play: func(c ssh.Channel, _ <-chan *ssh.Request) {
		_, _ = io.WriteString(c, "started")
		exit(c, 0)
	}}
	rec, warnings, err := try(t, context.Background(), s.start(t))
	if err != nil || len(warnings) != 1 || rec.Both() != "started" {
		t.Errorf("got %v, warnings %q, output %q", err, warnings, rec.Both())
	}
}

func TestALostConnectionIsAnError(t *testing.T) {
	s := &testServer{config: open(), play: func(c ssh.Channel, _ <-chan *ssh.Request) { _ = c.Close() }}
	_, _, err := try(t, context.Background(), s.start(t))
	if err == nil || !strings.Contains(err.Error(), "connection was lost") {
		t.Errorf("got %v", err)
	}
}

func TestKeepAliveClosesAConnectionThatDoesNotAnswer(t *testing.T) {
	for _, silent := range []bool{true, false} {
		c := (&testServer{config: open(), silent: silent}).start(t)
		client, err := c.dial(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { keepAlive(client.Client, 20*time.Millisecond, time.Second); close(ended) }()
		// A live connection is only watched for a few rounds; a dead one is given all the time it needs.
		watch := time.Minute
		if !silent {
			watch = 300 * time.Millisecond
		}
		select {
		case <-ended:
			if !silent {
				t.Error("a connection that answers was closed")
			}
		case <-time.After(watch):
			if silent {
				t.Error("a silent connection was kept")
			}
		}
		client.Close()
	}
}
