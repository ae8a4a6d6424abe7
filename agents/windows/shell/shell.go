// Package shell says how a Windows shell runs a text: by files, since a command line is limited and others can read it.
package shell

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"
)

//go:embed run.ps1
var runPs1 string

// A file that a run needs.
type File struct{ Name, Text string }

// Run is how a text is run from a directory.
type Run struct {
	Files []File
	// Program is below the system's directory.
	Program string
	// CommandLine is as the program itself reads it.
	CommandLine string
}

// Windows PowerShell reads a file without a byte order mark in the system's old code page.
const byteOrderMark = "\uFEFF"

// Plan says how the named shell runs a text from files in a directory.
func Plan(name, text, dir string) (Run, error) {
	switch name {
	case "", "powershell":
		program := `WindowsPowerShell\v1.0\powershell.exe`
		return Run{
			Files:   []File{{"run.ps1", byteOrderMark + runPs1}, {"script.ps1", byteOrderMark + text}},
			Program: program,
			CommandLine: `powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "` +
				filepath.Join(dir, "run.ps1") + `"`,
		}, nil
	case "cmd":
		// It finds no label in a file with other line ends.
		lines := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		return Run{
			Files:   []File{{"script.cmd", "@echo off\r\nchcp 65001 >nul\r\n" + lines + "\r\n"}},
			Program: "cmd.exe",
			// With /s the outer quotes go, whatever is within.
			CommandLine: `cmd.exe /d /s /c ""` + filepath.Join(dir, "script.cmd") + `""`,
		}, nil
	}
	return Run{}, fmt.Errorf("got the shell %q; expected powershell or cmd", name)
}

// Status is the exit status with which a run's exit code reaches the other side of ssh, and what is to be said of it. Only
// eight bits do, and some of these mean something else there.
func Status(code uint32) (int, string) {
	const late, broken = 124, 255
	if code < 256 && code != late && code != broken {
		return int(code), ""
	}
	return 1, fmt.Sprintf("the script ended with exit code %d (0x%X)", code, code)
}

// Environment is the given one, as NAME=value, with variables in place of those of the same name, whose case does not count.
func Environment(base []string, variables map[string]string) []string {
	taken := map[string]bool{}
	var all []string
	for name, value := range variables {
		taken[strings.ToUpper(name)] = true
		all = append(all, name+"="+value)
	}
	for _, one := range base {
		// Windows keeps the current directory of a drive as =C:=C:\dir.
		name, _, _ := strings.Cut(one[min(1, len(one)):], "=")
		if !taken[strings.ToUpper(one[:min(1, len(one))]+name)] {
			all = append(all, one)
		}
	}
	return all
}
