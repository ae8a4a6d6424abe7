package thing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Content is what a file is to be.
type Content struct {
	Path string
	From io.Reader
	// Overwrite: a file that something else made may be replaced.
	Overwrite         bool
	Incarnation, Spec string
}

// WriteFile writes a file by rename. One that was there before is kept, and put back by RemoveFile.
func (p Place) WriteFile(content Content) (err error) {
	if err := p.Make(); err != nil {
		return err
	}
	path, temporary := content.Path, content.Path+".kubedev-new"
	// Whether the file at the path is ours, also if the run that wrote it was killed before it wrote the record.
	ours := p.has("record") || p.has("written")
	defer func() {
		os.Remove(temporary)
		// A failed first write leaves nothing behind.
		if err != nil && !ours {
			p.removeParents(path)
			err = errors.Join(err, p.Forget())
		}
	}()
	found, lookErr := os.Lstat(path)
	if lookErr == nil {
		if err := p.admit(found, content, ours); err != nil {
			return err
		}
	}
	data, err := io.ReadAll(content.From)
	if err != nil {
		return fmt.Errorf("the content of %s broke off: %w", path, err)
	}
	if err := p.makeParents(path); err != nil {
		return fmt.Errorf("cannot make the directory of %s: %w", path, err)
	}
	if present, err := os.ReadFile(path); err != nil || !bytes.Equal(present, data) {
		if err := os.WriteFile(temporary, data, 0o644); err != nil {
			return fmt.Errorf("cannot write %s; expected a directory that this user may write to: %w", path, err)
		}
		if err := os.WriteFile(p.Path("written"), nil, 0o600); err != nil {
			return err
		}
		if err := replace(temporary, path); err != nil {
			if found != nil && !p.has("record") {
				os.Remove(p.Path("written"))
			}
			return err
		}
	}
	ours = true
	fields, err := FileFields(path)
	if err != nil {
		return err
	}
	return p.Write(content.Incarnation, content.Spec, append([]Field{{"kind", "file"}}, fields...)...)
}

// FileFields are those by which a file is known to be as it was left.
func FileFields(path string) ([]Field, error) {
	size, mtime, err := look(path)
	return []Field{{"path", path}, {"size", size}, {"mtime", mtime}}, err
}

// admit keeps what is at the path, or refuses to touch it.
func (p Place) admit(found os.FileInfo, content Content, ours bool) error {
	if found.IsDir() {
		return fmt.Errorf("cannot write the file %s: got a directory of that name; expected a free path or a file", content.Path)
	}
	if ours {
		return nil
	}
	if !content.Overwrite {
		return fmt.Errorf("%s is there already and was not made by kubedev; remove it, choose another path, or set overwrite: true (it is put back on destroy)", content.Path)
	}
	if !found.Mode().IsRegular() {
		return fmt.Errorf("cannot replace %s: got a link; expected a free path or a file", content.Path)
	}
	return keep(content.Path, p.Path("original"))
}

// RemoveFile removes the file of WriteFile, and the directories that were made for it; puts back what was there before.
func (p Place) RemoveFile(path string) error {
	if !exists(p.Dir) {
		return nil
	}
	os.Remove(path + ".kubedev-new")
	if p.has("original") {
		if err := putBack(p.Path("original"), path); err != nil {
			return err
		}
	} else if err := removeFile(path); err != nil {
		return fmt.Errorf("cannot remove %s; expected that no program holds it open: %w", path, err)
	}
	p.removeParents(path)
	return p.Forget()
}
