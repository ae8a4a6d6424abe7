package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Only whether a server lives is asked; who talks through here verifies it.
var client = &http.Client{
	Timeout: 3 * time.Second,
	Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	},
}

func isHealthy(server string) bool {
	answer, err := client.Get("https://" + server + "/healthz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// look asks all servers at once: one that does not answer must not hide that another one ended.
func (p *pool) look(servers []string) {
	answers := make([]bool, len(servers))
	var asking sync.WaitGroup
	for at, server := range servers {
		asking.Add(1)
		go func() {
			defer asking.Done()
			answers[at] = isHealthy(server)
		}()
	}
	asking.Wait()
	healthy := []string{}
	for at, server := range servers {
		if answers[at] {
			healthy = append(healthy, server)
		}
	}
	p.healthy.Store(&healthy)
}

func serve(listener net.Listener, servers *pool) error {
	for {
		caller, err := listener.Accept()
		if err != nil {
			return err
		}
		go forward(caller, servers.next())
	}
}

// forward connects a caller with the first server that takes the connection.
func forward(caller net.Conn, servers []string) {
	defer caller.Close()
	for _, address := range servers {
		server, err := net.DialTimeout("tcp", address, 2*time.Second)
		if err != nil {
			log.Print(err)
			continue
		}
		defer server.Close()
		done := make(chan struct{})
		go func() {
			pass(server, caller)
			close(done)
		}()
		pass(caller, server)
		<-done
		return
	}
}

// pass copies one direction, and tells the receiver where it ends.
func pass(to, from net.Conn) {
	io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}
