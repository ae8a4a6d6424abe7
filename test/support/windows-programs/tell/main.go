// What a script or a service runs in tests: writes its arguments, its standard input and variables to a file, as JSON, and
// then serves HTTP if it is told an address.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	told := map[string]any{"arguments": os.Args[1:], "directory": directory()}
	if os.Getenv("TELL_STDIN") != "" {
		input, err := io.ReadAll(os.Stdin)
		check(err)
		told["stdin"] = string(input)
	}
	variables := map[string]string{}
	for _, one := range os.Environ() {
		if name, value, found := strings.Cut(one, "="); found && strings.HasPrefix(name, "TELL_") {
			variables[name] = value
		}
	}
	told["variables"] = variables
	data, err := json.Marshal(told)
	check(err)
	if file := os.Getenv("TELL_FILE"); file != "" {
		check(os.WriteFile(file, data, 0o644))
	}
	address := os.Getenv("TELL_ADDRESS")
	if address == "" {
		return
	}
	fmt.Println("serving", os.Args[1:])
	http.HandleFunc("/", func(to http.ResponseWriter, _ *http.Request) { to.Write(data) })
	check(http.ListenAndServe(address, nil))
}

func directory() string {
	dir, err := os.Getwd()
	check(err)
	return dir
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
