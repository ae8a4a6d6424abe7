package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEndpoints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cds.yaml")
	if found := endpoints(file); found != nil {
		t.Errorf("got %v of no file", found)
	}
	tests := map[string][]string{
		"resources: []": nil,
		"      address: node0\n      port_value: 6443\n      address: node1\n      port_value: 6443": {"node0:6443", "node1:6443"},
		"  address: \"::\"\n  port_value: 6443":                                                      {"[::]:6443"},
	}
	for text, expected := range tests {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if found := endpoints(file); !reflect.DeepEqual(found, expected) {
			t.Errorf("got %v, expected %v", found, expected)
		}
	}
}

func apiServer(t *testing.T, name string, status int) (server *httptest.Server, address string) {
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(status)
			return
		}
		io.WriteString(w, name)
	}))
	t.Cleanup(server.Close)
	return server, strings.TrimPrefix(server.URL, "https://")
}

func TestConnectionsGoToHealthyServersInTurn(t *testing.T) {
	one, first := apiServer(t, "one", http.StatusOK)
	_, second := apiServer(t, "two", http.StatusOK)
	_, ill := apiServer(t, "ill", http.StatusInternalServerError)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	servers := &pool{}
	go serve(listener, servers)
	caller := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	}}
	answers := func() map[string]int {
		count := map[string]int{}
		for range 4 {
			answer, err := caller.Get("https://" + listener.Addr().String() + "/")
			if err != nil {
				count["none"]++
				continue
			}
			name, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			count[string(name)]++
		}
		return count
	}
	if got := answers(); got["none"] != 4 {
		t.Errorf("before anything is known: got %v", got)
	}
	servers.look([]string{first, second, ill})
	if got := answers(); !reflect.DeepEqual(got, map[string]int{"one": 2, "two": 2}) {
		t.Errorf("got %v", got)
	}
	// One that ended since then.
	one.Close()
	if got := answers(); !reflect.DeepEqual(got, map[string]int{"two": 4}) {
		t.Errorf("after one has ended: got %v", got)
	}
}
