// A service that answers with its version, for tests of swaps: on Linux and on Windows. What is appended to its file says which
// version it is, and what it does: one build is enough for all.
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// does is "exits", "sick": answers that it is not healthy, "dies" soon after its first answer, "hangs" instead of ending; or
// nothing.
var version, does = told()

// told reads the last line of the program's own file: "swap-service", version, and what it does.
func told() (string, string) {
	exe, err := os.Executable()
	if err != nil {
		return "", ""
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		return "", ""
	}
	words := strings.Split(string(data[bytes.LastIndexByte(data, '\n')+1:]), " ")
	if len(words) != 3 || words[0] != "swap-service" {
		return "v0", ""
	}
	return words[1], words[2]
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println(version)
		return
	}
	if does == "exits" {
		os.Exit(3)
	}
	run()
}

// serve answers at the address in the file "address" beside the program.
func serve() {
	exe, err := os.Executable()
	if err != nil {
		os.Exit(4)
	}
	address, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "address"))
	if err != nil {
		os.Exit(5)
	}
	if does == "hangs" {
		signal.Ignore(syscall.SIGTERM)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if does == "sick" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		if does == "dies" {
			time.AfterFunc(300*time.Millisecond, func() { os.Exit(8) })
		}
		fmt.Fprint(w, version)
	})
	// The one before may only just let go of it.
	for tries := 0; tries < 50; tries++ {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(strings.TrimSpace(string(address)), nil))
		time.Sleep(100 * time.Millisecond)
	}
	os.Exit(6)
}
