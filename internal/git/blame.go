package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Blame says where a line of a file comes from.
type Blame struct {
	Commit OID    // that wrote it last; it may be a boundary in a shallow clone
	Path   string // of the file in that commit
	Line   int    // there, from 1
	Text   string // the line
}

// LineError says that a file has no such line.
type LineError struct {
	Path  string
	Line  int
	Cause string // what git says
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Cause) }

// Blame finds the commit that wrote a line (from 1) of a file as it is at a commit. It follows renames, and no configuration of
// the repository. A file or line that is not there is a *LineError.
func (r *Repo) Blame(ctx context.Context, at OID, path string, line int) (Blame, error) {
	if err := r.check(at); err != nil {
		return Blame{}, err
	}
	if line < 1 || path == "" || strings.ContainsRune(path, 0) {
		return Blame{}, &LineError{Path: path, Line: line, Cause: "there is no such line"}
	}
	b := Blame{}
	err := r.private("blame", "--porcelain", "-L", fmt.Sprintf("%d,%d", line, line), string(at), "--", path).stream(ctx, func(in *bufio.Reader) error {
		return b.read(in, r.hexLen())
	})
	if failed := (*commandError)(nil); errors.As(err, &failed) && (strings.Contains(failed.stderr, "no such path") || strings.Contains(failed.stderr, "has only")) {
		return Blame{}, &LineError{Path: path, Line: line, Cause: strings.TrimPrefix(strings.TrimSpace(failed.stderr), "fatal: ")}
	}
	if err == nil && (b.Commit == "" || b.Path == "") {
		err = errors.New("git blame said nothing")
	}
	if err != nil {
		return Blame{}, fmt.Errorf("finding who wrote %s:%d: %w", path, line, err)
	}
	return b, nil
}

// read takes git's porcelain form: "<commit> <line there> <line here> <count>", headers, and the line behind a tab.
func (b *Blame) read(in *bufio.Reader, hexLen int) error {
	for {
		text, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) && text == "" {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		text = strings.TrimSuffix(text, "\n")
		if rest, ok := strings.CutPrefix(text, "\t"); ok {
			b.Text = rest
		} else if rest, ok := strings.CutPrefix(text, "filename "); ok {
			b.Path = rest
		} else if fields := strings.Fields(text); len(fields) >= 3 && len(fields[0]) == hexLen && isHex(fields[0]) {
			b.Commit = OID(fields[0])
			if b.Line, err = strconv.Atoi(fields[1]); err != nil {
				return fmt.Errorf("git blame said %q", text)
			}
		}
	}
}
