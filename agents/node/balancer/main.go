// balancer stands before several control planes, in the place of the image that kind would pull. kind starts it as
// `envoy -c FILE` and tells it by two more files in that directory where to listen and which API servers there are; both
// may come, and change, later. A connection goes to a server whose /healthz answers, to each in turn.
package main

import (
	"flag"
	"log"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"
)

func main() {
	file := flag.String("c", "/home/envoy/envoy.yaml", "file beside which lds.yaml and cds.yaml are")
	flag.Parse()
	dir := filepath.Dir(*file)

	var listen []string
	for ; len(listen) == 0; time.Sleep(100 * time.Millisecond) {
		listen = endpoints(filepath.Join(dir, "lds.yaml"))
	}
	listener, err := net.Listen("tcp", listen[0])
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listen[0])
	servers := &pool{}
	go func() {
		for ; ; time.Sleep(time.Second) {
			servers.look(endpoints(filepath.Join(dir, "cds.yaml")))
		}
	}()
	log.Fatal(serve(listener, servers))
}

// pool knows the servers that answered last.
type pool struct {
	healthy atomic.Pointer[[]string]
	turn    atomic.Uint64
}

// next returns the healthy servers, another one first each time.
func (p *pool) next() []string {
	healthy := p.healthy.Load()
	if healthy == nil || len(*healthy) == 0 {
		return nil
	}
	first := int(p.turn.Add(1) % uint64(len(*healthy)))
	return append(append([]string{}, (*healthy)[first:]...), (*healthy)[:first]...)
}
