// Package tool is what the builtin agent can do to its checkout: read, list, search, edit, write and run.
//
// It promises that every path stays inside the folder that was opened, symbolic links included (os.Root), that nothing writes
// into .git, that every answer is bounded, and that errors are sentences a model can act on. What a command does, only the
// sandbox bounds. It never asks a model and never decides what the agent may do.
package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// Bounds on answers: a model reads them all again with every request.
const (
	maxReadLines = 2000
	maxReadBytes = 48 << 10
	maxLine      = 2000     // bytes of a line that is read
	maxFile      = 16 << 20 // bytes of a file that is edited or read
	maxListed    = 500
	maxMatches   = 200
	maxMatchLine = 240
	maxSearched  = 2 << 20 // bytes of a file that is searched
	searchTime   = 30 * time.Second
)

// Folder is the agent's checkout.
type Folder struct {
	dir  string
	root *os.Root
}

// Open opens a checkout. Close it when done.
func Open(dir string) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the checkout: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the checkout: %w", err)
	}
	return &Folder{dir: dir, root: root}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Dir is the folder's absolute path.
func (f *Folder) Dir() string { return f.dir }

// local turns what a model calls a path into one below the folder, with forward slashes.
func (f *Folder) local(name string) (string, error) {
	name = strings.TrimSpace(name)
	if strings.ContainsRune(name, 0) {
		return "", errors.New("the path has a zero byte")
	}
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(f.dir, name)
		if err != nil {
			return "", outside(name)
		}
		name = rel
	}
	name = path.Clean(filepath.ToSlash(name))
	if name == ".." || strings.HasPrefix(name, "../") || path.IsAbs(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", outside(name)
	}
	return name, nil
}

func outside(name string) error {
	return fmt.Errorf("%s is outside of the repository; paths are relative to the repository's folder", name)
}

// writable is local for a path that is to be written.
func (f *Folder) writable(name string) (string, error) {
	name, err := f.local(name)
	if err != nil {
		return "", err
	}
	if name == "." {
		return "", errors.New("a file's path is missing")
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.EqualFold(strings.TrimRight(part, " ."), ".git") {
			return "", errors.New(".git is not yours to write; adamant makes the commit")
		}
	}
	return name, nil
}

// bytes reads a whole regular file that is text.
func (f *Folder) bytes(name string) ([]byte, error) {
	file, info, err := f.open(name, os.O_RDONLY)
	if err != nil {
		return nil, f.explain(name, err)
	}
	defer file.Close()
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that can be handled; use run with a command that reads a part", name, info.Size(), maxFile)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, f.explain(name, err)
	}
	if isBinary(data) {
		return nil, fmt.Errorf("%s is a binary file of %d bytes", name, len(data))
	}
	return data, nil
}

var (
	errFolder    = errors.New("is a folder; use list")
	errIrregular = errors.New("is no regular file")
)

// open opens a regular file below the folder. It does not wait for the other end of a pipe.
func (f *Folder) open(name string, flag int) (*os.File, fs.FileInfo, error) {
	file, err := f.root.OpenFile(name, flag|syscall.O_NONBLOCK, 0o644)
	if errors.Is(err, syscall.EISDIR) {
		return nil, nil, errFolder
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	switch {
	case err == nil && info.IsDir():
		err = errFolder
	case err == nil && !info.Mode().IsRegular():
		err = errIrregular
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

func isBinary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

// explain words an error of the file system for a model.
func (f *Folder) explain(name string, err error) error {
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist%s", name, f.similar(name))
	case errors.Is(err, errFolder), errors.Is(err, errIrregular):
		return fmt.Errorf("%s %w", name, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be changed here: the sandbox shows it read-only. If the task needs it, escalate", name)
	case errors.As(err, &at):
		return fmt.Errorf("%s: %w", name, at.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// similar says where a file that is not there may be: left out of a checkout that holds the task's part only, or of the same
// name elsewhere.
func (f *Folder) similar(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	known, err := f.known(ctx)
	if err != nil {
		return ""
	}
	var found []string
	for _, file := range known {
		if _, err := f.root.Lstat(file); err != nil {
			if file == name || strings.HasSuffix(file, "/") && strings.HasPrefix(name+"/", file) {
				return " here: it was deleted, or this checkout leaves it out because it holds the task's part of the repository only"
			}
			continue
		}
		if strings.EqualFold(path.Base(file), path.Base(name)) && len(found) < 5 {
			found = append(found, file)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(found, " or ") + "?"
}

// Read shows lines of a file with their numbers, from line from (1-based; 0 = the first), at most count of them (0 = as many
// as fit).
func (f *Folder) Read(name string, from, count int) (string, error) {
	name, err := f.local(name)
	if err != nil {
		return "", err
	}
	data, err := f.bytes(name)
	if err != nil {
		return "", err
	}
	lines := splitLines(string(data))
	from = max(from, 1)
	switch {
	case len(lines) == 0:
		return "(" + name + " is empty)", nil
	case from > len(lines):
		return "", fmt.Errorf("%s has %d lines; there is no line %d", name, len(lines), from)
	}
	if count <= 0 || count > maxReadLines {
		count = maxReadLines
	}
	text, next := numbered(lines, from, min(from+count-1, len(lines)), maxReadBytes)
	if next <= len(lines) {
		text += fmt.Sprintf("(line %d to %d of %d; read on with from %d)\n", from, next-1, len(lines), next)
	}
	return text, nil
}

// Text is the beginning of a file, without numbers: at most count lines.
func (f *Folder) Text(name string, count int) (string, error) {
	name, err := f.local(name)
	if err != nil {
		return "", err
	}
	data, err := f.bytes(name)
	if err != nil {
		return "", err
	}
	lines := splitLines(string(data))
	text := strings.Join(lines[:min(count, len(lines))], "\n") + "\n"
	if len(lines) > count {
		text += fmt.Sprintf("(%d more lines)\n", len(lines)-count)
	}
	return text, nil
}

// splitLines cuts text into lines without their ends.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// numbered prints lines from..to (1-based) with numbers, within a bound, and says which line comes next.
func numbered(lines []string, from, to, bound int) (text string, next int) {
	var out strings.Builder
	for n := from; n <= to; n++ {
		line := fmt.Sprintf("%5d\t%s\n", n, clip(lines[n-1], maxLine))
		if out.Len() > 0 && out.Len()+len(line) > bound {
			return out.String(), n
		}
		out.WriteString(line)
	}
	return out.String(), to + 1
}

// clip cuts a line at limit bytes, between characters.
func clip(line string, limit int) string {
	line = strings.ToValidUTF8(line, "\uFFFD")
	if len(line) <= limit {
		return line
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes more)", line[:cut], len(line)-cut)
}

// Write makes or replaces a file.
func (f *Folder) Write(name, text string) (string, error) {
	name, err := f.writable(name)
	if err != nil {
		return "", err
	}
	did := "wrote"
	if _, err := f.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		did = "made"
	}
	if err := f.put(name, []byte(text)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s, lines: %d", did, name, len(splitLines(text))), nil
}

// put writes through links that stay inside, and keeps a file's mode.
func (f *Folder) put(name string, data []byte) error {
	if dir := path.Dir(name); dir != "." {
		if err := f.root.MkdirAll(dir, 0o755); err != nil {
			return f.explain(dir, err)
		}
	}
	file, _, err := f.open(name, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return f.explain(name, err)
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = file.Write(data)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return f.explain(name, err)
	}
	return nil
}
