//go:build windows

// The program that works on a Windows host for scripts/host/transport-windows.sh, which brings it there: what
// scripts/host/*.sh are on Linux. "run" takes one request from standard input; "service" is the process of a service, "swap" the one of
// a swap.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("got no verb; expected run, service or swap"))
	}
	exe, err := os.Executable()
	if err != nil {
		fail(err)
	}
	switch os.Args[1] {
	case "run":
		// Before anything else, on both streams: by it the other side knows that this program was there to be run.
		greeting := "kubedev-agent " + strings.TrimSuffix(filepath.Base(exe), filepath.Ext(exe)) + "\n"
		fmt.Fprint(os.Stdout, greeting)
		fmt.Fprint(os.Stderr, greeting)
		os.Exit(run(filepath.Join(filepath.Dir(filepath.Dir(exe)), "state"), limit()))
	case "service":
		if len(os.Args) < 3 {
			fail(fmt.Errorf("got no directory; expected that of a service"))
		}
		os.Exit(runService(os.Args[2]))
	case "swap":
		if len(os.Args) < 3 {
			fail(fmt.Errorf("got no directory; expected that of a swap"))
		}
		runSwap(os.Args[2])
	default:
		fail(fmt.Errorf("got %q; expected run, service or swap", os.Args[1]))
	}
}

// What else is on the command line is for a shell that is PowerShell.
func limit() time.Duration {
	if len(os.Args) > 2 {
		if seconds, err := strconv.Atoi(os.Args[2]); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	}
	return 600 * time.Second
}

func say(text string) { fmt.Fprintln(os.Stderr, text) }

func fail(err error) {
	say("kubedev: " + err.Error())
	os.Exit(1)
}
