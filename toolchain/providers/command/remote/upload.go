package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// uploader copies to one host. Where a source ends up:
//
//	source  destination is a directory  is absent                   is a file
//	file    into it                     there, parents are created  overwrites it
//	dir     into it, as its child       as a child of the new one   error
//	dir/    its content into it         its content into the new    error
type uploader struct{ *sftp.Client }

func (u uploader) text(content, destination string) error {
	isDir, err := u.isDir(destination)
	if err != nil {
		return err
	}
	if isDir {
		return fmt.Errorf("remotePath %s is a directory; a text needs the path of a file", destination)
	}
	return u.write(strings.NewReader(content), destination)
}

func (u uploader) path(source, destination string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	isDir, err := u.isDir(destination)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if isDir {
			destination = path.Join(destination, filepath.Base(source))
		}
		return u.file(source, destination)
	}
	if !strings.HasSuffix(source, "/") {
		destination = path.Join(destination, filepath.Base(source))
	}
	return fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := path.Join(destination, name)
		if entry.IsDir() {
			if err := u.MkdirAll(target); err != nil {
				return fmt.Errorf("could not create the directory %s: %w", target, err)
			}
			return nil
		}
		return u.file(filepath.Join(source, name), target)
	})
}

func (u uploader) file(source, destination string) error {
	local, err := os.Open(source)
	if err != nil {
		return err
	}
	defer local.Close()
	return u.write(local, destination)
}

func (u uploader) write(from io.Reader, destination string) error {
	if err := u.MkdirAll(path.Dir(destination)); err != nil {
		return fmt.Errorf("could not create the parents of %s: %w", destination, err)
	}
	remote, err := u.Create(destination)
	if err != nil {
		return fmt.Errorf("could not create %s: %w", destination, err)
	}
	_, err = remote.ReadFrom(from)
	// The server reports a full disk only at the end.
	if err = errors.Join(err, remote.Close()); err != nil {
		return fmt.Errorf("could not write %s: %w", destination, err)
	}
	return nil
}

func (u uploader) isDir(name string) (bool, error) {
	info, err := u.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("could not look at %s: %w", name, err)
	}
	return info.IsDir(), nil
}
