// Package store keeps the subscription of a stack in a file beside the state of the user's stacks, under a lock, since the
// engine asks for many things at once.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"kubedev.dev/toolchain/providers/azure-native/arm"
)

// mark says what the file is to whoever finds it, and to this package.
const mark = "kubedev stand-in for Azure: nothing of this is there"

type content struct {
	Mark string `json:"mark"`
	arm.Subscription
}

// Path of the file of a stack.
func Path(project, stack string) string {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, _ := os.UserHomeDir()
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "kubedev", "azure-stand-in", project, stack+".json")
}

// Read the subscription; an empty one if there is no file.
func Read(path string) (*arm.Subscription, error) {
	var subscription *arm.Subscription
	err := locked(path, syscall.LOCK_SH, func() error {
		var err error
		subscription, err = read(path)
		return err
	})
	return subscription, err
}

// Change the subscription. What fails changes nothing. The file goes with the last resource.
func Change(path string, change func(*arm.Subscription) error) error {
	return locked(path, syscall.LOCK_EX, func() error {
		subscription, err := read(path)
		if err != nil {
			return err
		}
		if err := change(subscription); err != nil {
			return err
		}
		if len(subscription.Resources) == 0 {
			return remove(path)
		}
		return write(path, subscription)
	})
}

func read(path string) (*arm.Subscription, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &arm.Subscription{}, nil
	}
	if err != nil {
		return nil, err
	}
	var there content
	if err := json.Unmarshal(text, &there); err != nil || there.Mark != mark {
		return nil, fmt.Errorf("%s is not what this stand-in for Azure wrote; expected its resources. "+
			"Move it away, and take the stack's Azure resources out of its state (pulumi state delete)", path)
	}
	return &there.Subscription, nil
}

func write(path string, subscription *arm.Subscription) error {
	text, err := json.MarshalIndent(content{mark, *subscription}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// Whole or not at all.
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// remove the file, and the project's directory with the last one.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(path))
	return nil
}

// locked works under a lock that all projects share.
func locked(path string, how int, work func() error) error {
	root := filepath.Dir(filepath.Dir(path))
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	lock, err := os.Open(root)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), how); err != nil {
		return err
	}
	return work()
}
