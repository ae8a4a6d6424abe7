// Package rotate writes a log that begins anew at a size.
package rotate

import (
	"fmt"
	"os"
)

// Log is a file to write to: when it is full it becomes file.1, that file.2 and so on.
type Log struct {
	path string
	max  int64
	keep int
	file *os.File
	size int64
}

// Open begins a new log; what is there becomes the first of the old ones.
func Open(path string, max int64, keep int) (*Log, error) {
	log := &Log{path: path, max: max, keep: keep}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := log.shift(); err != nil {
			return nil, err
		}
	}
	return log, log.open()
}

func (l *Log) open() (err error) {
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := l.file.Stat()
	if err == nil {
		l.size = info.Size()
	}
	return err
}

func (l *Log) shift() error {
	for number := l.keep; number > 1; number-- {
		older, newer := fmt.Sprintf("%s.%d", l.path, number), fmt.Sprintf("%s.%d", l.path, number-1)
		if err := os.Rename(newer, older); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return os.Rename(l.path, l.path+".1")
}

// Write writes what a process said, which must never wait for a log in vain: one that somebody holds open is rotated later.
func (l *Log) Write(data []byte) (int, error) {
	if l.size > 0 && l.size+int64(len(data)) > l.max {
		l.file.Close()
		if l.shift() != nil {
			l.size = 0
		}
		size := l.size
		if err := l.open(); err != nil {
			return len(data), nil
		}
		if size == 0 {
			// Not rotated: as much again before the next try.
			l.size = 0
		}
	}
	written, _ := l.file.Write(data)
	l.size += int64(written)
	return len(data), nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }
