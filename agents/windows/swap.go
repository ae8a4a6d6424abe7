//go:build windows

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"kubedev/agents/swap"
	"kubedev/agents/windows/thing"
	"kubedev/agents/windows/wire"
)

// swapProgram is what scripts/swap/swap.sh and restore.sh are on Linux.
func swapProgram(place thing.Place, request wire.Request, restore bool) (int, error) {
	if restore {
		if _, err := os.Stat(place.Dir); err != nil {
			return 0, nil
		}
		// First: from now on the program is not what the record says, wherever this is broken off.
		if err := os.Remove(place.Path("record")); err != nil && !os.IsNotExist(err) {
			return 1, err
		}
	}
	if err := place.Make(); err != nil {
		return 1, err
	}
	exe, err := os.Executable()
	if err != nil {
		return 1, err
	}
	values := request.Values
	report, err := swap.Ask(place.Dir, values["KUBEDEV_SWAP"], values["KUBEDEV_SHA256"], restore, request.Input,
		exec.Command(exe, "swap", place.Dir), say)
	if err == nil {
		if status := swap.Show(report, os.Stdout, say); status != 0 {
			// The words are said.
			return status, forgetFailed(place)
		}
		if restore {
			return statusOf(place.Forget())
		}
		fields, err := thing.FileFields(report.Path)
		if err != nil {
			return 1, err
		}
		fields = append(fields, thing.Field{Name: "fact.fingerprint", Value: values["KUBEDEV_FINGERPRINT"]},
			thing.Field{Name: "fact.turn", Value: values["KUBEDEV_TURN"]})
		return statusOf(place.Write(values["KUBEDEV_INCARNATION"], values["KUBEDEV_SPEC"],
			append([]thing.Field{{Name: "kind", Value: "swap"}, {Name: "busy", Value: filepath.Join(place.Dir, "run-lock")}}, fields...)...))
	}
	return 1, errors.Join(err, forgetFailed(place))
}

// forgetFailed leaves nothing of a first swap that failed, but for what a later one must put in order.
func forgetFailed(place thing.Place) error {
	for _, name := range []string{"record", "ledger.json", "journal.json"} {
		if _, err := os.Stat(filepath.Join(place.Dir, name)); err == nil {
			return nil
		}
	}
	return place.Forget()
}

// runSwap is the process of its own that swaps.
func runSwap(dir string) {
	manager, err := newServices()
	if err == nil {
		err = swap.Run(dir, func(*swap.Request) swap.Manager { return manager })
	}
	if err != nil {
		fail(err)
	}
}
