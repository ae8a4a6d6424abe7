package thing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Artifact is a file of any size that is to be at a path, known by its digest.
type Artifact struct {
	Path string
	From io.Reader
	// Sha256 is the digest, 64 lower-case hexadecimal digits.
	Sha256            string
	Incarnation, Spec string
}

// Install writes an artifact by rename, once all of it is there and has its digest. RemoveFile removes it.
func (p Place) Install(artifact Artifact) (err error) {
	if err := p.Make(); err != nil {
		return err
	}
	path, temporary := artifact.Path, artifact.Path+".kubedev-new"
	ours := p.has("record") || p.has("written")
	defer func() {
		os.Remove(temporary)
		// A failed first run leaves nothing behind.
		if err != nil && !ours {
			p.removeParents(path)
			err = errors.Join(err, p.Forget())
		}
	}()
	if found, err := os.Lstat(path); err == nil && (!ours || found.IsDir()) {
		return fmt.Errorf("%s is there already and was not installed by kubedev; remove it or choose another path", path)
	}
	if present, err := digestOf(path); err != nil || present != artifact.Sha256 {
		if err := p.makeParents(path); err != nil {
			return fmt.Errorf("cannot make the directory of %s: %w", path, err)
		}
		if err := receive(artifact, temporary); err != nil {
			return err
		}
		if err := os.WriteFile(p.Path("written"), nil, 0o600); err != nil {
			return err
		}
		if err := replace(temporary, path); err != nil {
			if !ours {
				// What is put there later is not ours.
				err = errors.Join(err, os.Remove(p.Path("written")))
			}
			return err
		}
	}
	ours = true
	fields, err := FileFields(path)
	if err != nil {
		return err
	}
	return p.Write(artifact.Incarnation, artifact.Spec, append([]Field{{"kind", "artifact"}}, fields...)...)
}

// receive writes what comes to a file, which must have the digest then.
func receive(artifact Artifact, to string) error {
	file, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("cannot write %s; expected a directory that this user may write to: %w", to, err)
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), artifact.From)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot receive %s; expected free disk, and a connection that lasts: %w", artifact.Path, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != artifact.Sha256 {
		return fmt.Errorf("wrong digest of the given file: got sha256 %s; expected %s; correct sha256 if the file is the right one", got, artifact.Sha256)
	}
	return nil
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
