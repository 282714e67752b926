package fetch

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Verify reads a layer again and compares it with its digest.
func (l Layer) Verify(ctx context.Context) error {
	got, err := Digest(ctx, l.Dir)
	if err != nil {
		return fmt.Errorf("verify a layer of %s: %w", l.Lock, err)
	}
	if got != l.Digest {
		return fmt.Errorf("verify a layer of %s: it has the content %s, not %s; delete %s", l.Lock, got, l.Digest, l.Dir)
	}
	return nil
}

// Digest is the SHA-256 over a folder's content, as sha256:<hex>: over one line for every entry below it, in the order of their paths,
// "d <path>", "f <sha256> <path>", "x <sha256> <path>" for a program or "l <path>\x00<target>", each ended by a zero byte. Owners and
// times do not count.
func Digest(ctx context.Context, dir string) (string, error) {
	sum := sha256.New()
	w := bufio.NewWriter(sum)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || name == dir {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		line, err := describe(name, filepath.ToSlash(relative), entry)
		if err == nil {
			_, err = w.WriteString(line + "\x00")
		}
		return err
	})
	if err = errors.Join(err, w.Flush()); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

func describe(name, relative string, entry fs.DirEntry) (string, error) {
	switch kind := entry.Type(); {
	case kind.IsDir():
		return "d " + relative, nil
	case kind == fs.ModeSymlink:
		target, err := os.Readlink(name)
		return "l " + relative + "\x00" + target, err
	case !kind.IsRegular():
		return "", fmt.Errorf("%s is neither a file nor a folder", relative)
	}
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	content, err := hashFile(name)
	mark := "f "
	if info.Mode()&0o111 != 0 {
		mark = "x "
	}
	return mark + content + " " + relative, err
}

func hashFile(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// sealed is the time of everything in a layer: the first that zip files can hold.
var sealed = time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)

// seal makes a folder that a sandbox has filled this process's own, read-only for everybody, and refuses what has no place in it. The
// sandbox has ended: nobody else writes here.
func seal(dir string) error {
	var folders []string
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if err := os.Lchown(name, os.Getuid(), os.Getgid()); err != nil {
			return err
		}
		switch kind := entry.Type(); {
		case kind.IsDir():
			folders = append(folders, name)
			return os.Chmod(name, 0o755)
		case kind == fs.ModeSymlink:
			return inside(name, filepath.ToSlash(relative))
		case kind.IsRegular():
			return sealFile(name, entry)
		}
		return fmt.Errorf("%s is neither a file nor a folder", relative)
	})
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = errors.Join(os.Chtimes(folders[i], sealed, sealed), os.Chmod(folders[i], 0o555))
	}
	return err
}

func sealFile(name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o444)
	if info.Mode()&0o111 != 0 {
		mode = 0o555
	}
	return errors.Join(os.Chtimes(name, sealed, sealed), os.Chmod(name, mode))
}

// inside refuses a symbolic link whose target is not within the source or the layer.
func inside(name, relative string) error {
	target, err := os.Readlink(name)
	if err != nil {
		return err
	}
	to := path.Join(path.Dir(relative), target)
	if path.IsAbs(target) || to == ".." || strings.HasPrefix(to, "../") {
		return fmt.Errorf("%s is a link to %s, which is outside", relative, target)
	}
	return nil
}

// removeAll removes a folder with read-only ones in it.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(name, 0o700)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(dir))
}
