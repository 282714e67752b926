package check

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// maxReports is how many files one report glob may match.
const maxReports = 10_000

// fromStdout is the path of a report that is the command's standard output.
const fromStdout = "stdout"

// reportFile is one report as the command left it.
type reportFile struct {
	format string
	path   string // relative to the checkout, or "stdout"
	data   []byte
}

// clearReports removes whatever lies in a fresh checkout where the reports are to be written, so that a committed report
// is never taken for a result. It follows no symlink.
func clearReports(tree string, reports []manifest.Report) error {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return fmt.Errorf("open the checkout: %w", err)
	}
	defer root.Close()
	for _, report := range reports {
		paths, err := matchReports(root, report)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := root.RemoveAll(path); err != nil {
				return fmt.Errorf("remove the committed report %s: %w", path, err)
			}
		}
	}
	return nil
}

// collectReports reads the reports that exist after the run, sorted by path within each declaration. The standard output
// is left to the caller.
func collectReports(tree string, reports []manifest.Report) ([]reportFile, error) {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return nil, fmt.Errorf("open the checkout: %w", err)
	}
	defer root.Close()
	var files []reportFile
	for _, report := range reports {
		paths, err := matchReports(root, report)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			data, err := readReport(root, path)
			if err != nil {
				return nil, err
			}
			files = append(files, reportFile{format: report.Format, path: path, data: data})
		}
	}
	return files, nil
}

// matchReports lists what a report's glob names, sorted, symlinks and folders included: those are refused when read.
func matchReports(root *os.Root, report manifest.Report) ([]string, error) {
	if report.Path == fromStdout {
		return nil, nil
	}
	glob := anchored(report.Path)
	start := strings.TrimPrefix(fixedPart(glob), "/")
	if start == "" {
		start = "."
	}
	if info, err := root.Lstat(start); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err == nil && !info.IsDir() {
		return []string{start}, nil
	}
	var paths []string
	err := fs.WalkDir(root.FS(), start, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case manifest.MatchPath(glob, name):
			paths = append(paths, name)
		case entry.IsDir() && skipFolder(entry.Name(), glob):
			return fs.SkipDir
		}
		if len(paths) > maxReports {
			return fmt.Errorf("%s matches more than %d files", report.Path, maxReports)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for reports %s: %w", report.Path, err)
	}
	return paths, nil
}

func skipFolder(name, glob string) bool {
	return (name == "node_modules" || name == ".git") && !strings.Contains(glob, name)
}

// fixedPart is the path up to the first component with a wildcard; the whole glob when it has none.
func fixedPart(glob string) string {
	meta := strings.IndexAny(glob, `*?{}\`)
	if meta < 0 {
		return glob
	}
	return glob[:strings.LastIndexByte(glob[:meta], '/')]
}

// readReport reads one report. Nothing on its path may be a symlink: what it points to was not written as a report.
func readReport(root *os.Root, name string) ([]byte, error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		part := strings.Join(parts[:i+1], "/")
		info, err := root.Lstat(part)
		if err != nil {
			return nil, fmt.Errorf("read report %s: %w", name, err)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("report %s: %s is a symbolic link, which is not read", name, part)
		}
		if i == len(parts)-1 && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("report %s is not a regular file", name)
		}
	}
	before, err := root.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	file, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	defer file.Close()
	if after, err := file.Stat(); err != nil || !os.SameFile(before, after) {
		return nil, fmt.Errorf("report %s changed while it was opened", name)
	}
	data, err := readBounded(file, maxReport)
	if err != nil {
		return nil, fmt.Errorf("read report %s: %w", name, err)
	}
	return data, nil
}

func readBounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, err
}

// overlay makes a checkout of the merged tree into merged source with base's tests. It never writes outside the checkout,
// whatever symlinks the merged tree holds.
func overlay(tree string, edits []Overlay, blobs map[string][]byte) error {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return fmt.Errorf("open the checkout: %w", err)
	}
	defer root.Close()
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Overlay) int { // deletions first: a file may make room for a folder
		if a.Delete != b.Delete {
			if a.Delete {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	for _, edit := range edits {
		if err := applyOverlay(root, edit, blobs[string(edit.Blob)]); err != nil {
			return fmt.Errorf("put base's %s in place: %w", edit.Path, err)
		}
	}
	return nil
}

func applyOverlay(root *os.Root, edit Overlay, content []byte) error {
	switch {
	case edit.Delete:
		return root.RemoveAll(edit.Path)
	case edit.Mode == git.ModeGitlink:
		return errors.New("it is a submodule, whose content is not in this repository")
	}
	parts := strings.Split(edit.Path, "/")
	for i := range parts[:len(parts)-1] {
		if err := ensureFolder(root, strings.Join(parts[:i+1], "/")); err != nil {
			return err
		}
	}
	if err := root.RemoveAll(edit.Path); err != nil {
		return err
	}
	if edit.symlink() {
		return root.Symlink(string(content), edit.Path)
	}
	return root.WriteFile(edit.Path, content, edit.permission())
}

// ensureFolder makes name a real folder: base had one there.
func ensureFolder(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.Mkdir(name, 0o700)
}
