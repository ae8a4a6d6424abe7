package main

import (
	"net"
	"os"
	"regexp"
)

var endpoint = regexp.MustCompile(`address: "?([^\s"]+)"?\s+port_value: (\d+)`)

// endpoints returns the socket addresses of one of kind's files; none if it is not there yet.
func endpoints(file string) (found []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for _, match := range endpoint.FindAllStringSubmatch(string(text), -1) {
		found = append(found, net.JoinHostPort(match[1], match[2]))
	}
	return found
}
