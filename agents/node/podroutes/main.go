// podroutes is the pod network of a node image that is made from packages. Once the API server answers on its Service
// address, so that Services work, it writes the node's CNI configuration, which makes the node Ready; from then on it keeps
// a route to the pod range of every other node.
package main

import (
	"log"
	"os"
	"time"
)

const configFile = "/etc/cni/net.d/10-podroutes.conflist"

func main() {
	api, err := newAPI()
	if err != nil {
		log.Fatal(err)
	}
	network := newNetwork(os.Getenv("NODE_NAME"))
	for {
		nodes, err := api.nodes()
		if err == nil {
			err = network.follow(nodes)
		}
		if err != nil {
			log.Print(err)
		}
		// Quick until the node is Ready, which others wait for.
		if network.configured {
			time.Sleep(2 * time.Second)
		} else {
			time.Sleep(200 * time.Millisecond)
		}
	}
}
