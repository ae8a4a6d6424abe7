//go:build windows

// Holds a file open, as a virus scanner may: others may read it, and neither write, rename nor remove it. Ends after the given
// number of seconds.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

func main() {
	name, err := syscall.UTF16PtrFromString(os.Args[1])
	check(err)
	seconds, err := strconv.Atoi(os.Args[2])
	check(err)
	_, err = syscall.CreateFile(name, syscall.GENERIC_READ, syscall.FILE_SHARE_READ, nil, syscall.OPEN_EXISTING,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	check(err)
	fmt.Println("held")
	time.Sleep(time.Duration(seconds) * time.Second)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
