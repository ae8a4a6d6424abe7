// Package service says what a service is, for the one that starts it and for the process that becomes it.
package service

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Plan is what runs, in a file of the thing's directory: it may hold secrets, which a command line would show.
type Plan struct {
	Argv        []string          `json:"argv"`
	Environment map[string]string `json:"environment"`
	// Directory it runs in; empty: the thing's own.
	Directory string `json:"directory"`
	LogMib    int64  `json:"logMib"`
	LogKeep   int    `json:"logKeep"`
}

// Health tells how to see that it is healthy; empty: it need only go on running.
type Health struct {
	HTTPURL    string `json:"httpUrl"`
	TCPAddress string `json:"tcpAddress"`
	Command    string `json:"command"`
}

const file = "service.json"

// Write writes the plan into a thing's directory.
func (p Plan) Write(dir string) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file), data, 0o600)
}

// Read reads the plan of a thing's directory.
func Read(dir string) (plan Plan, err error) {
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return plan, err
	}
	if err := json.Unmarshal(data, &plan); err != nil {
		return plan, err
	}
	if len(plan.Argv) == 0 {
		return plan, fmt.Errorf("got no program in %s; expected one", file)
	}
	return plan, nil
}

// Name is what the service manager knows it by, which lists services by name alone: it must differ for two users, stacks and
// things, whatever their case.
func Name(dir, key string) string {
	return fmt.Sprintf("kubedev-%.80s-%x", key, sha256.Sum256([]byte(strings.ToLower(filepath.Clean(dir)))))[:min(len(key), 80)+21]
}
