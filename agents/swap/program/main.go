//go:build !windows

// The program that scripts/swap/swap.sh runs on a Linux host; on Windows agents/windows does the same.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"kubedev/agents/swap"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("got %d arguments; expected put, restore or run, and a directory", len(os.Args)-1))
	}
	verb, dir := os.Args[1], os.Args[2]
	if verb == "run" {
		if err := swap.Run(dir, managerFor); err != nil {
			fail(err)
		}
		return
	}
	// Where the connection is cut, nobody listens any more: the report is awaited all the same.
	signal.Ignore(syscall.SIGPIPE)
	exe, err := os.Executable()
	if err != nil {
		fail(err)
	}
	report, err := swap.Ask(dir, os.Getenv("KUBEDEV_SWAP"), os.Getenv("KUBEDEV_SHA256"), verb == "restore", os.Stdin,
		exec.Command(exe, "run", dir), say)
	if err != nil {
		fail(err)
	}
	os.Exit(swap.Show(report, os.Stdout, say))
}

func managerFor(request *swap.Request) swap.Manager {
	if request.StaticPod {
		return swap.NewStaticPod(request)
	}
	return swap.Systemd{}
}

func say(text string) { fmt.Fprintln(os.Stderr, text) }

func fail(err error) {
	say("kubedev: " + err.Error())
	os.Exit(1)
}
