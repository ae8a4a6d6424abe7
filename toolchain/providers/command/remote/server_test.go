package remote

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// testServer is an ssh server whose sessions are played by a function.
type testServer struct {
	config *ssh.ServerConfig
	// silent servers answer no global request.
	silent bool
	// play is one session: it gets the requests that follow "exec".
	play  func(channel ssh.Channel, requests <-chan *ssh.Request)
	dials atomic.Int32
}

func (s *testServer) start(t *testing.T) *Connection {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.config.AddHostKey(signer)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.dials.Add(1)
			go s.serve(conn)
		}
	}()
	host, text, _ := net.SplitHostPort(listener.Addr().String())
	port, _ := strconv.ParseFloat(text, 64)
	hostKey := string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	user, limit, timeout := "me", 0, 5
	return &Connection{endpoint: endpoint{
		User: &user, Host: &host, Port: &port, HostKey: &hostKey,
		DialErrorLimit: &limit, PerDialTimeout: &timeout,
	}}
}

func (s *testServer) serve(conn net.Conn) {
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		_ = conn.Close()
		return
	}
	if !s.silent {
		go ssh.DiscardRequests(requests)
	}
	for offer := range channels {
		channel, requests, err := offer.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				_ = r.Reply(true, nil)
				if r.Type == "exec" {
					s.play(channel, requests)
					return
				}
			}
		}()
	}
}

func exit(channel ssh.Channel, status uint32) {
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
}

func passwordOnly(password string) *ssh.ServerConfig {
	return &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, got []byte) (*ssh.Permissions, error) {
		if string(got) != password {
			return nil, fmt.Errorf("wrong password")
		}
		return nil, nil
	}}
}
