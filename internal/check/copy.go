package check

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// copyTree copies what is below from into the folder to. Folders that exist are merged, files replaced, symlinks copied as
// they are; sockets and the like are left out. Nothing is written outside to, whatever symlinks it holds. A from that does
// not exist is nothing to copy.
func copyTree(from, to string) error {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == from {
			return err
		}
		return copyEntry(root, name, strings.TrimPrefix(name, from+string(filepath.Separator)), entry)
	})
}

func copyEntry(root *os.Root, from, to string, entry fs.DirEntry) error {
	if entry.IsDir() {
		if err := root.Mkdir(to, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	if err := root.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if info.Mode().IsRegular() {
		return copyFile(root, from, to, info.Mode().Perm()|0o600)
	}
	link, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return root.Symlink(link, to)
}

func copyFile(root *os.Root, from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // copy_file_range where the system has it
	return errors.Join(err, out.Close())
}

// moveTree moves a folder, by copying where it cannot be renamed.
func moveTree(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	return copyTree(from, to)
}

// removeKnown removes the files of a tree from its checkout, and the folders that held nothing else: what stays was added.
func removeKnown(tree string, files []git.Entry) error {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return err
	}
	defer root.Close()
	folders := map[string]bool{}
	for _, file := range files {
		if err := root.Remove(file.Path); err != nil && !errors.Is(err, fs.ErrNotExist) && file.Mode != git.ModeGitlink {
			return err
		}
		for dir := filepath.Dir(file.Path); dir != "." && !folders[dir]; dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	for dir := range folders {
		for ; dir != "." && root.Remove(dir) == nil; dir = filepath.Dir(dir) { // fails while something is left in it
		}
	}
	return nil
}

// workDir is the folder of a checkout that a check runs in. None of its parts may be a symlink, which could lead anywhere.
func workDir(tree, dir string) (string, error) {
	path := tree
	for part := range strings.SplitSeq(filepath.ToSlash(filepath.Clean("/"+dir)), "/") {
		if part == "" {
			continue
		}
		path = filepath.Join(path, part)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", &setupError{reason: fmt.Sprintf("the check's directory %s does not exist in the tree", dir)}
		case err != nil:
			return "", fmt.Errorf("look at the check's directory: %w", err)
		case !info.IsDir():
			return "", &setupError{reason: fmt.Sprintf("the check's directory %s is not a real folder", dir)}
		}
	}
	return path, nil
}
