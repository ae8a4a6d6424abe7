package swap

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Beside the program, so that a rename is enough. The original is never removed but by being put back.
const (
	stagedSuffix   = ".kubedev-new"
	originalSuffix = ".kubedev-original"
	asideSuffix    = ".kubedev-before"
	failedSuffix   = ".kubedev-failed"
	lockSuffix     = ".kubedev-lock"
)

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Digest is the SHA-256 of a file.
func Digest(path string) (string, error) {
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

// copyTo copies a program, with the permissions of a third one, onto the disk; it must have the digest then.
func copyTo(from, to, like, digest string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := forget(to); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Sync(), out.Close(), alike(to, like))
	if err == nil {
		var got string
		if got, err = Digest(to); err == nil && got != digest {
			err = fmt.Errorf("%s has sha256 %s; expected %s: it did not arrive whole, or was changed on the way", to, got, digest)
		}
	}
	if err != nil {
		return errors.Join(err, forget(to))
	}
	return nil
}

// machineOf names the format and the machine that a program is for; empty for what is neither ELF nor PE.
func machineOf(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(file, head)
	head = head[:n]
	switch {
	case n >= 20 && bytes.HasPrefix(head, []byte("\x7fELF")):
		order := binary.ByteOrder(binary.LittleEndian)
		if head[5] == 2 {
			order = binary.BigEndian
		}
		return fmt.Sprintf("ELF, %d bits, machine %d%s", 32*int(head[4]), order.Uint16(head[18:]), known[order.Uint16(head[18:])])
	case n >= 64 && bytes.HasPrefix(head, []byte("MZ")):
		at := int(binary.LittleEndian.Uint32(head[60:]))
		if at >= 0 && at+6 <= n && bytes.Equal(head[at:at+4], []byte("PE\x00\x00")) {
			machine := binary.LittleEndian.Uint16(head[at+4:])
			return fmt.Sprintf("PE, machine %d%s", machine, known[machine])
		}
	}
	return ""
}

var known = map[uint16]string{62: " (amd64)", 183: " (arm64)", 0x8664: " (amd64)", 0xaa64: " (arm64)", 0x14c: " (386)", 3: " (386)"}

// rename tries for ten seconds: a virus scanner may hold a new file open.
func (s *Swapper) rename(from, to string) error {
	err := os.Rename(from, to)
	for tries := 0; err != nil && inUse(err) && tries < 10; tries++ {
		s.Say(fmt.Sprintf("cannot rename %s to %s: in use, tried again", filepath.Base(from), filepath.Base(to)))
		time.Sleep(s.pause(time.Second))
		err = os.Rename(from, to)
	}
	if err != nil {
		return fmt.Errorf("cannot rename %s to %s; expected that no other program holds it: %w", from, to, err)
	}
	return syncDir(filepath.Dir(to))
}

// makeWay removes what is left of an earlier run. One that still runs can be renamed, not removed, on Windows.
func (s *Swapper) makeWay(path string) error {
	if forget(path) == nil {
		return nil
	}
	return s.rename(path, fmt.Sprintf("%s-%d", path, time.Now().UnixNano()))
}

// moveAside keeps the program for a return. Where a file may be replaced while it runs, its place is never empty.
func (s *Swapper) moveAside(path string) error {
	if !s.TwoRenames && os.Link(path, path+asideSuffix) == nil {
		return nil
	}
	return s.rename(path, path+asideSuffix)
}

// putBack takes moveAside and what came after it back, as far as they went.
func (s *Swapper) putBack(path string) error {
	aside := path + asideSuffix
	kept, err := os.Stat(aside)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if now, err := os.Stat(path); err == nil {
		if os.SameFile(now, kept) {
			return forget(aside)
		}
		if s.TwoRenames {
			if err := s.makeWay(path + failedSuffix); err != nil {
				return err
			}
			if err := s.rename(path, path+failedSuffix); err != nil {
				return err
			}
		}
	}
	if err := s.rename(aside, path); err != nil {
		return err
	}
	_ = forget(path + failedSuffix)
	return nil
}
