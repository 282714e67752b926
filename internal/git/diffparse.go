package git

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// diffReader collects the changes of one diff from git's NUL-separated --raw and --numstat records.
type diffReader struct {
	in      *bufio.Reader
	changes []FileChange
	byPath  map[string]int
}

// parseDiff reads raw records, numstat records, and behind an empty record the patch.
func parseDiff(in *bufio.Reader) ([]FileChange, error) {
	d := &diffReader{in: in}
	for {
		record, err := readToken(in, recordLimit)
		if errors.Is(err, io.EOF) {
			return d.changes, nil
		}
		if err != nil {
			return nil, err
		}
		if record == "" {
			return d.changes, parsePatch(in, d.changes)
		}
		if err := d.add(record); err != nil {
			return nil, err
		}
	}
}

// add takes one record and reads the paths that follow it.
func (d *diffReader) add(record string) error {
	if record[0] == ':' {
		return d.addRaw(record)
	}
	return d.addCounts(record)
}

// addRaw takes ":oldmode newmode old new status" and its one or two paths.
func (d *diffReader) addRaw(record string) error {
	change, err := parseRaw(record)
	if err != nil {
		return err
	}
	if change.Path, err = d.path(); err != nil {
		return err
	}
	if change.Status == Renamed {
		change.OldPath = change.Path
		if change.Path, err = d.path(); err != nil {
			return err
		}
	}
	if d.byPath == nil {
		d.byPath = map[string]int{}
	}
	d.byPath[change.Path] = len(d.changes)
	d.changes = append(d.changes, change)
	return nil
}

func (d *diffReader) path() (string, error) {
	path, err := readToken(d.in, recordLimit)
	switch {
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case err == nil && path == "":
		return "", errors.New("git wrote a change without a path")
	}
	return path, err
}

func parseRaw(record string) (FileChange, error) {
	bad := fmt.Errorf("git wrote the change %q", record)
	fields := strings.Split(record[1:], " ")
	if len(fields) != 5 || len(fields[4]) == 0 || !isHex(fields[2]) || !isHex(fields[3]) {
		return FileChange{}, bad
	}
	change := FileChange{
		Status:  Status(fields[4][0]),
		OldMode: Mode(fields[0]), NewMode: Mode(fields[1]),
		Before: orNone(fields[2]), After: orNone(fields[3]),
	}
	switch change.Status {
	case Added, Deleted, Modified, TypeChanged:
		return change, nil
	case Renamed:
		score, err := strconv.Atoi(fields[4][1:])
		if err != nil || score < 0 || score > 100 {
			return FileChange{}, bad
		}
		change.Similarity = score
		return change, nil
	}
	return FileChange{}, bad
}

// orNone turns the all-zero name into the empty one.
func orNone(id string) OID {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return OID(id)
}

// addCounts takes "added\tdeleted\tpath", or with an empty path and two more records for a rename.
func (d *diffReader) addCounts(record string) error {
	fields := strings.SplitN(record, "\t", 3)
	if len(fields) != 3 {
		return fmt.Errorf("git wrote the line counts %q", record)
	}
	path := fields[2]
	if path == "" {
		if _, err := d.path(); err != nil { // the old path
			return err
		}
		var err error
		if path, err = d.path(); err != nil {
			return err
		}
	}
	i, ok := d.byPath[path]
	if !ok {
		return fmt.Errorf("git counted lines of %q, which it did not list", path)
	}
	return d.changes[i].count(fields[0], fields[1])
}

func (c *FileChange) count(added, deleted string) error {
	if added == "-" && deleted == "-" {
		c.Binary = true
		return nil
	}
	var err1, err2 error
	c.Added, err1 = strconv.Atoi(added)
	c.Deleted, err2 = strconv.Atoi(deleted)
	if err1 != nil || err2 != nil || c.Added < 0 || c.Deleted < 0 {
		return fmt.Errorf("git counted %q added and %q deleted lines of %q", added, deleted, c.Path)
	}
	return nil
}

// parsePatch reads hunks. Patches come in the order of the raw records; their quoted names are not looked at. A type change
// is written as two patches, a deletion and an addition.
func parsePatch(in *bufio.Reader, changes []FileChange) error {
	next, parts := -1, 0
	for {
		line, err := skipLine(in)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		switch {
		case bytes.HasPrefix(line, []byte("diff --git ")):
			if parts--; parts <= 0 {
				next++
				parts = 1
				if next < len(changes) && changes[next].Status == TypeChanged {
					parts = 2
				}
			}
			if next >= len(changes) {
				return errors.New("git wrote more patches than changes")
			}
		case bytes.HasPrefix(line, []byte("@@ ")):
			if next < 0 {
				return errors.New("git wrote a hunk without a file")
			}
			if err := addHunk(in, &changes[next], string(line)); err != nil {
				return err
			}
		}
	}
	if next != len(changes)-1 {
		return fmt.Errorf("git wrote patches for %d of %d changes", next+1, len(changes))
	}
	return nil
}

// addHunk reads a hunk's header and passes over its lines, whatever they hold.
func addHunk(in *bufio.Reader, change *FileChange, header string) error {
	hunk, err := parseHunk(header)
	if err != nil {
		return err
	}
	for left := hunk.OldLines + hunk.NewLines; left > 0; {
		line, err := skipLine(in)
		if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
			return fmt.Errorf("reading a hunk of %q: %w", change.Path, io.ErrUnexpectedEOF)
		}
		switch line[0] {
		case '+', '-':
			left--
		case '\\': // "\ No newline at end of file"
		default:
			return fmt.Errorf("a hunk of %q holds the line %q", change.Path, line[:min(len(line), 80)])
		}
	}
	change.Hunks = append(change.Hunks, hunk)
	return nil
}

// parseHunk reads "@@ -start[,lines] +start[,lines] @@ ...".
func parseHunk(header string) (Hunk, error) {
	fields := strings.SplitN(header, " ", 4)
	bad := fmt.Errorf("git wrote the hunk header %q", header)
	if len(fields) != 4 || !strings.HasPrefix(fields[3], "@@") {
		return Hunk{}, bad
	}
	oldStart, oldLines, ok1 := parseRange(fields[1], "-")
	newStart, newLines, ok2 := parseRange(fields[2], "+")
	if !ok1 || !ok2 {
		return Hunk{}, bad
	}
	return Hunk{OldStart: oldStart, OldLines: oldLines, NewStart: newStart, NewLines: newLines}, nil
}

func parseRange(text, sign string) (start, lines int, ok bool) {
	text, ok = strings.CutPrefix(text, sign)
	first, count, both := strings.Cut(text, ",")
	start, err1 := strconv.Atoi(first)
	lines, err2 := 1, error(nil)
	if both {
		lines, err2 = strconv.Atoi(count)
	}
	return start, lines, ok && err1 == nil && err2 == nil && start >= 0 && lines >= 0
}
