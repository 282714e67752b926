package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// EachChange compares two trees or commits and calls fn for each path that differs, without renames, line counts or hunks, in
// git's order and bounded memory. An error from fn ends it and is returned.
func (r *Repo) EachChange(ctx context.Context, from, to OID, fn func(FileChange) error) error {
	if err := r.check(from, to); err != nil {
		return err
	}
	var stopped error
	c := r.private("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--end-of-options", string(from), string(to))
	err := c.stream(ctx, func(out *bufio.Reader) error {
		stopped = readRaw(out, fn)
		if stopped != nil {
			return errStop
		}
		return nil
	})
	if stopped != nil {
		return stopped
	}
	if err != nil {
		return fmt.Errorf("comparing %s with %s: %w", to.Short(), from.Short(), r.explain(ctx, err, from, to))
	}
	return nil
}

// readRaw reads ":mode mode oid oid S\0path\0" records.
func readRaw(out *bufio.Reader, fn func(FileChange) error) error {
	for {
		if _, err := out.Peek(1); err != nil {
			return nil // the end, or git died and says so itself
		}
		meta, err := readToken(out, recordLimit)
		if err != nil {
			return err
		}
		path, err := readToken(out, recordLimit)
		if err != nil {
			return err
		}
		f := strings.Fields(strings.TrimPrefix(meta, ":"))
		if len(f) != 5 || f[4] == "" || path == "" {
			return fmt.Errorf("git diff-tree wrote %q", meta)
		}
		change := FileChange{Status: Status(f[4][0]), Path: path, OldMode: Mode(f[0]), NewMode: Mode(f[1])}
		if change.OldMode != ModeNone {
			change.Before = OID(f[2])
		}
		if change.NewMode != ModeNone {
			change.After = OID(f[3])
		}
		if err := fn(change); err != nil {
			return err
		}
	}
}

// Patch writes the differences between two trees or commits as git diff shows them, renames found, without attributes, filters
// or drivers of anybody. Stat writes a line a file instead. The bytes of paths and contents are as they are: make them printable.
func (r *Repo) Patch(ctx context.Context, from, to OID, stat bool, w io.Writer) error {
	if err := r.check(from, to); err != nil {
		return err
	}
	form := "--patch"
	if stat {
		form = "--stat=100"
	}
	c := r.private("diff-tree", "-r", form, "--no-ext-diff", "--no-textconv", "--no-color", "-M", "--end-of-options", string(from), string(to))
	err := c.stream(ctx, func(out *bufio.Reader) error {
		_, err := io.Copy(w, out)
		return err
	})
	if err != nil {
		return fmt.Errorf("showing what differs between %s and %s: %w", from.Short(), to.Short(), r.explain(ctx, err, from, to))
	}
	return nil
}
