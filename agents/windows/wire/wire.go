// Package wire reads what scripts/host/transport-windows.sh sends: two sizes, that many bytes of values, that many of the
// script's name; what follows is the script's input.
package wire

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Longer than any value that an environment variable could have carried to the transport.
const limit = 16 << 20

// Request is what is asked for.
type Request struct {
	Script string
	Values map[string]string
	// Input is the standard input of the script.
	Input io.Reader
}

// Read reads a request up to its input.
func Read(from io.Reader) (Request, error) {
	in := bufio.NewReader(from)
	header, err := in.ReadString('\n')
	if err != nil {
		return Request{}, fmt.Errorf("got a request that breaks off; expected two sizes: %w", err)
	}
	var values, script int
	if _, err := fmt.Sscanf(header, "%d %d\n", &values, &script); err != nil || values < 0 || script < 0 ||
		values > limit || script > limit {
		return Request{}, fmt.Errorf("got a request that begins with %q; expected two sizes", header)
	}
	text := make([]byte, values+script)
	if _, err := io.ReadFull(in, text); err != nil {
		return Request{}, fmt.Errorf("got a request that breaks off; expected %d bytes: %w", len(text), err)
	}
	exports, err := Exports(string(text[:values]))
	if err != nil {
		return Request{}, err
	}
	return Request{Script: string(text[values:]), Values: exports, Input: in}, nil
}

// Exports reads lines as "export NAME='value'" of a POSIX shell, as our side writes them: a word is plain or in single
// quotes, with a backslash before a quote outside of them.
func Exports(text string) (map[string]string, error) {
	values := map[string]string{}
	for text = strings.TrimLeft(text, "\n"); text != ""; text = strings.TrimLeft(text, "\n") {
		line, found := strings.CutPrefix(text, "export ")
		name, rest, assigned := strings.Cut(line, "=")
		if !found || !assigned || strings.ContainsAny(name, " '\n") {
			return nil, fmt.Errorf("got a line that begins with %.20q; expected export NAME=value", text)
		}
		value, after, err := word(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = value
		text = after
	}
	return values, nil
}

// word reads one word up to the end of its line, which it may span.
func word(text string) (value, after string, err error) {
	var read strings.Builder
	for text != "" && text[0] != '\n' {
		switch text[0] {
		case '\'':
			inside, rest, closed := strings.Cut(text[1:], "'")
			if !closed {
				return "", "", fmt.Errorf("got a quote that is not closed; expected another one")
			}
			read.WriteString(inside)
			text = rest
		case '\\':
			if len(text) < 2 {
				return "", "", fmt.Errorf("got a backslash at the end; expected a character behind it")
			}
			read.WriteByte(text[1])
			text = text[2:]
		default:
			read.WriteByte(text[0])
			text = text[1:]
		}
	}
	return read.String(), text, nil
}
