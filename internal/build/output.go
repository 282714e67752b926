package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Bounds of what one build may leave.
const (
	maxArtifacts = 100_000
	maxBytes     = 16 << 30
)

// outputError says that what a build left is not what may leave.
type outputError struct{ reason string }

func (e *outputError) Error() string { return e.reason }

// collect copies the artifacts that globs name from a build's /out to a folder of ours and takes their digests from the copies, so that
// nothing the build made can change them any more. Links, devices and the like never leave.
func collect(out, to string, globs []string) ([]Artifact, error) {
	set, err := manifest.NewPathSet(globs)
	if err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	from, err := os.OpenRoot(out)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	var artifacts []Artifact
	used, total := make([]bool, len(globs)), int64(0)
	err = fs.WalkDir(from.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		matched := set.Matches(name)
		if len(matched) == 0 {
			return nil
		}
		for _, i := range matched {
			used[i] = true
		}
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return &outputError{fmt.Sprintf("%s/%q is no name that an artifact may have", outPlace, name)}
		}
		a, err := take(from, to, name)
		if err != nil {
			return err
		}
		artifacts = append(artifacts, a)
		if total += a.Size; total > maxBytes || len(artifacts) > maxArtifacts {
			return &outputError{fmt.Sprintf("it left more than %d files or %d bytes in %s", maxArtifacts, int64(maxBytes), outPlace)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, &outputError{fmt.Sprintf("it left nothing in %s that matches %q", outPlace, globs[i])}
	}
	slices.SortFunc(artifacts, func(a, b Artifact) int { return compare(a.Name, b.Name) })
	return artifacts, nil
}

// take copies one file.
func take(from *os.Root, to, name string) (Artifact, error) {
	in, err := openRegular(from, name)
	if err != nil {
		return Artifact{}, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{Name: name, Mode: uint32(plainMode(info)), Path: filepath.Join(to, filepath.FromSlash(name))}
	if err := os.MkdirAll(filepath.Join(to, filepath.FromSlash(path.Dir(name))), 0o755); err != nil {
		return a, err
	}
	out, err := os.OpenFile(a.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return a, err
	}
	sum := sha256.New()
	a.Size, err = io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, maxBytes+1))
	a.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return a, errors.Join(err, out.Chmod(fs.FileMode(a.Mode)), out.Close())
}

// openRegular opens a file and nothing else: a pipe would wait for ever.
func openRegular(from *os.Root, name string) (*os.File, error) {
	info, err := from.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &outputError{fmt.Sprintf("%s/%s is no regular file: only files leave", outPlace, name)}
	}
	return from.Open(name)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// deliver moves collected artifacts to where the caller wants them, each at once: nobody ever sees half of one.
func deliver(artifacts []Artifact, dir string) ([]Artifact, error) {
	moved := slices.Clone(artifacts)
	for i, a := range moved {
		to := filepath.Join(dir, filepath.FromSlash(a.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, fmt.Errorf("deliver %s: %w", a.Name, err)
		}
		if err := move(a.Path, to); err != nil {
			return nil, fmt.Errorf("deliver %s: %w", a.Name, err)
		}
		moved[i].Path = to
	}
	return moved, nil
}

// move renames, or copies beside and renames where the target is on another file system.
func move(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(to), ".adamant-")
	if err != nil {
		return err
	}
	_, err = io.Copy(beside, in)
	if err = errors.Join(err, beside.Chmod(info.Mode().Perm()), beside.Close()); err == nil {
		err = os.Rename(beside.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return nil
}
