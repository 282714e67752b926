package tool

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// maxFiles is how many files are listed and searched at most.
const maxFiles = 200_000

// files lists the files that are there and not ignored, sorted.
func (f *Folder) files(ctx context.Context) ([]string, error) {
	known, err := f.known(ctx)
	if err != nil {
		return nil, err
	}
	there := slices.DeleteFunc(known, func(name string) bool {
		info, err := f.root.Lstat(name)
		return err != nil || info.IsDir()
	})
	return there[:min(len(there), maxFiles)], nil
}

// known lists what git knows of and does not ignore, sorted: also what was deleted, and what a sparse checkout leaves out (as
// folders with a slash at the end, where its index is sparse too). git runs here as the agent, inside its sandbox, in a repository
// that is the agent's own; where it does not answer, the folder is walked.
func (f *Folder) known(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "-C", f.dir, "-c", "core.fsmonitor=false", "ls-files", "-z", "--sparse", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Env = commandEnv()
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var files []string
	if err != nil {
		files, err = f.walk(ctx)
	} else {
		files = strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	}
	slices.Sort(files)
	return files, err
}

// walk lists every file but those of folders that hold no sources.
func (f *Folder) walk(ctx context.Context) ([]string, error) {
	var files []string
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // a folder that cannot be read holds nothing for this agent
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", ".venv", "__pycache__"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		files = append(files, name)
		if len(files) >= maxFiles {
			return fs.SkipAll
		}
		return nil
	})
	return files, err
}

// below keeps the files of a folder, or the file itself, that a glob matches. A glob without a slash matches names.
func below(files []string, folder, glob string) ([]string, error) {
	if glob != "" && !strings.Contains(glob, "/") {
		glob = "**/" + glob
	}
	if glob != "" {
		if err := manifest.CheckGlob(glob); err != nil {
			return nil, fmt.Errorf("glob %q: %w", glob, err)
		}
	}
	var kept []string
	for _, file := range files {
		rest := file
		if folder != "." && file != folder {
			var ok bool
			if rest, ok = strings.CutPrefix(file, folder+"/"); !ok {
				continue
			}
		}
		if glob == "" || manifest.MatchPath(glob, rest) || manifest.MatchPath(glob, file) {
			kept = append(kept, file)
		}
	}
	return kept, nil
}

// List shows what a folder holds: its files and, with the number of files below, its folders. With a glob it lists every
// file below that matches.
func (f *Folder) List(ctx context.Context, folder, glob string) (string, error) {
	folder, err := f.local(cmp.Or(folder, "."))
	if err != nil {
		return "", err
	}
	info, err := f.root.Stat(folder)
	if err != nil {
		return "", f.explain(folder, err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is a file; use read", folder)
	}
	files, err := f.files(ctx)
	if err != nil {
		return "", fmt.Errorf("list %s: %w", folder, err)
	}
	files, err = below(files, folder, glob)
	if err != nil {
		return "", err
	}
	lines := files
	if glob == "" {
		lines = entries(files, folder)
	}
	if len(lines) == 0 {
		return "(nothing; ignored files are not listed)", nil
	}
	text := strings.Join(lines[:min(len(lines), maxListed)], "\n") + "\n"
	if more := len(lines) - maxListed; more > 0 {
		text += fmt.Sprintf("(%d more; narrow it with path or glob)\n", more)
	}
	return text, nil
}

// entries folds files into the entries of one folder.
func entries(files []string, folder string) []string {
	var out []string
	count := 0
	last := ""
	flush := func() {
		if count > 0 {
			out = append(out, fmt.Sprintf("%s/ (%d)", last, count))
		}
		count, last = 0, ""
	}
	for _, file := range files {
		name := file
		if folder != "." {
			name = strings.TrimPrefix(file, folder+"/")
		}
		first, _, deep := strings.Cut(name, "/")
		if first != last {
			flush()
		}
		if !deep {
			out = append(out, first)
			continue
		}
		last, count = first, count+1
	}
	flush()
	return out
}

// Search finds lines that a regular expression (RE2) matches in the files that are not ignored, below a folder or in one file,
// as path:line: text.
func (f *Folder) Search(ctx context.Context, pattern, folder, glob string) (string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", fmt.Errorf("%w; the syntax is Go's RE2: no lookaround, and ( [ { . need a backslash when meant literally", err)
	}
	folder, err = f.local(cmp.Or(folder, "."))
	if err != nil {
		return "", err
	}
	if _, err := f.root.Stat(folder); err != nil {
		return "", f.explain(folder, err)
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	files, err := f.files(ctx)
	if err != nil {
		return "", fmt.Errorf("search: %w", err)
	}
	files, err = below(files, folder, glob)
	if err != nil {
		return "", err
	}
	return f.searchAll(ctx, re, files)
}

func (f *Folder) searchAll(ctx context.Context, re *regexp.Regexp, files []string) (string, error) {
	var hits hits
	for i, file := range files {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			fmt.Fprintf(&hits.text, "(stopped after %s at %d of %d files; narrow it with path or glob)\n", searchTime, i, len(files))
			return hits.text.String(), nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		f.searchFile(re, file, &hits)
	}
	if hits.count == 0 {
		return fmt.Sprintf("(no match in %d files; ignored, binary and very large files are not searched)", len(files)), nil
	}
	if more := hits.count - hits.shown; more > 0 {
		fmt.Fprintf(&hits.text, "(%d more matches; narrow it with path, glob or pattern)\n", more)
	}
	return hits.text.String(), nil
}

// hits collects matches up to the bound and counts the rest.
type hits struct {
	text         strings.Builder
	count, shown int
}

// searchFile passes over what is no text: it is found by list and read.
func (f *Folder) searchFile(re *regexp.Regexp, name string, to *hits) {
	file, info, err := f.open(name, os.O_RDONLY)
	if err != nil {
		return
	}
	defer file.Close()
	if info.Size() > maxSearched {
		return
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSearched))
	if err != nil || isBinary(data) || !re.Match(data) && !anchoredToLines(re) {
		return
	}
	in := bufio.NewScanner(bytes.NewReader(data))
	in.Buffer(nil, maxSearched+1)
	for n := 1; in.Scan(); n++ {
		if !re.Match(in.Bytes()) {
			continue
		}
		to.count++
		if to.shown < maxMatches {
			to.shown++
			fmt.Fprintf(&to.text, "%s:%d: %s\n", name, n, clip(strings.TrimSpace(in.Text()), maxMatchLine))
		}
	}
}

// anchoredToLines says whether an expression may match a line though it does not match the whole text.
func anchoredToLines(re *regexp.Regexp) bool { return strings.ContainsAny(re.String(), `^$\`) }

// Has says whether a file exists and has at least that many lines; line 0 is none in particular.
func (f *Folder) Has(name string, line int) error {
	name, err := f.local(name)
	if err != nil {
		return err
	}
	data, err := f.bytes(name)
	if err != nil {
		return err
	}
	if lines := len(splitLines(string(data))); line < 0 || line > lines {
		return fmt.Errorf("%s has %d lines; there is no line %d", path.Clean(name), lines, line)
	}
	return nil
}
