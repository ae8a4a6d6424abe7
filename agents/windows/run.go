//go:build windows

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"kubedev/agents/windows/thing"
	"kubedev/agents/windows/wire"
)

// Exit status of a run that took too long, as of timeout on Linux.
const late = 124

// run does what one request asks for; answers the exit status.
func run(root string, limit time.Duration) int {
	own, err := newJob()
	if err != nil {
		fail(fmt.Errorf("cannot make a job object: %w", err))
	}
	timer := time.AfterFunc(limit, func() {
		own.late.Store(true)
		own.endOthers()
		// Whoever waited for them cleans up now.
		time.Sleep(10 * time.Second)
		os.Exit(late)
	})
	defer timer.Stop()
	request, err := wire.Read(os.Stdin)
	if err != nil {
		fail(err)
	}
	status, err := serve(root, request)
	if own.late.Load() {
		own.endOthers()
		return late
	}
	if err != nil {
		say("kubedev: " + err.Error())
		return 1
	}
	// What a script that ended by itself has left running goes on.
	own.letGo()
	return status
}

func serve(root string, request wire.Request) (int, error) {
	values := request.Values
	if request.Script == "probe" {
		return statusOf(thing.Probe(os.Stdout, thing.StackDir(root, values["KUBEDEV_SCOPE"]), processLives, isLocked))
	}
	place := thing.In(root, values["KUBEDEV_SCOPE"], values["KUBEDEV_KEY"])
	unlock, err := takeLock(place.Dir, values["KUBEDEV_LOCK_SEC"])
	if err != nil {
		return 1, err
	}
	defer unlock()
	switch request.Script {
	case "command-create":
		return command(place, request, values["KUBEDEV_CREATE"])
	case "command-update":
		return command(place, request, values["KUBEDEV_UPDATE"])
	case "command-delete":
		return command(place, request, values["KUBEDEV_DELETE"])
	case "file-write":
		path := values["KUBEDEV_PATH"]
		err := place.WriteFile(thing.Content{
			Path: path, From: request.Input, Overwrite: values["KUBEDEV_OVERWRITE"] == "true",
			Incarnation: values["KUBEDEV_INCARNATION"], Spec: values["KUBEDEV_SPEC"],
		})
		if err != nil {
			return 1, err
		}
		return statusOf(report(map[string]any{"path": path}))
	case "artifact-fetch":
		path := values["KUBEDEV_PATH"]
		err := place.Install(thing.Artifact{
			Path: path, From: request.Input, Sha256: values["KUBEDEV_SHA256"],
			Incarnation: values["KUBEDEV_INCARNATION"], Spec: values["KUBEDEV_SPEC"],
		})
		if err != nil {
			return 1, err
		}
		return statusOf(report(map[string]any{"path": path}))
	case "service-start", "service-remove":
		unit, err := unitOf(place, request)
		if err != nil {
			return 1, err
		}
		if request.Script == "service-remove" {
			return statusOf(unit.remove())
		}
		return statusOf(unit.start())
	case "swap", "restore":
		return swapProgram(place, request, request.Script == "restore")
	case "program", "program-remove":
		// This one is it.
		return statusOf(keepProgram(place, values, request.Script == "program-remove"))
	case "file-remove", "artifact-remove":
		return statusOf(place.RemoveFile(values["KUBEDEV_PATH"]))
	}
	return 1, fmt.Errorf("got the script %q; expected one that this program has", request.Script)
}

// keepProgram is the thing that scripts/swap/program.sh keeps on Linux.
func keepProgram(place thing.Place, values map[string]string, remove bool) error {
	if remove {
		return place.Forget()
	}
	if err := place.Make(); err != nil {
		return err
	}
	return place.Write(values["KUBEDEV_INCARNATION"], values["KUBEDEV_SPEC"], thing.Field{Name: "kind", Value: "program"})
}

func statusOf(err error) (int, error) {
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// report prints the last line, one JSON object.
func report(result map[string]any) error { return json.NewEncoder(os.Stdout).Encode(result) }
