package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// chain is how far a writer's lines have been checked.
type chain struct {
	writer string
	seq    uint64
	head   sum
	open   uint64 // the landing that was begun and has not ended, by its seq
}

func newChain(writer string) chain { return chain{writer: writer, head: genesis(writer)} }

// next checks the line that follows and moves on.
func (c *chain) next(line []byte, at Place) (Entry, error) {
	e, err := parseLine(line)
	if err != nil {
		return e, c.refuse(err, at)
	}
	if err := c.follows(&e, at); err != nil {
		return e, err
	}
	if err := c.landing(&e, at); err != nil {
		return e, err
	}
	e.Writer, e.Place = c.writer, at
	c.seq, c.head = e.Seq, sha256.Sum256(line)
	return e, nil
}

func (c *chain) refuse(err error, at Place) error {
	kind := Malformed
	if errors.Is(err, errVersion) {
		kind = NewVersion
	}
	return alarm(kind, c.writer, at, "%v", err)
}

func (c *chain) follows(e *Entry, at Place) error {
	switch {
	case e.Seq > c.seq+1:
		return alarm(Gap, c.writer, at, "entry %d follows entry %d: what was between them is gone", e.Seq, c.seq)
	case e.Seq <= c.seq:
		return alarm(Reordered, c.writer, at, "entry %d follows entry %d", e.Seq, c.seq)
	case e.Prev != c.head.text():
		return alarm(Broken, c.writer, at, "entry %d does not continue entry %d: it names %.12s, and that one is %.12s", e.Seq, c.seq, e.Prev, c.head.text())
	}
	return nil
}

// landing holds landings to one at a time: exactly one may be unfinished, the last.
func (c *chain) landing(e *Entry, at Place) error {
	switch e.Kind {
	case LandingIntent:
		if c.open != 0 {
			return alarm(Unfinished, c.writer, at, "entry %d begins a landing, and the landing of entry %d has not ended", e.Seq, c.open)
		}
		c.open = e.Seq
	case LandingDone, LandingAborted:
		c.open = 0
	}
	return nil
}

// segmentPath is where the segment that starts with e is kept.
func segmentPath(e *Entry) string {
	return fmt.Sprintf("%s/%012d.jsonl", e.Time.UTC().Format("2006/01/02"), e.Seq)
}

// parsePath reads a segment's first sequence number off its path.
func parsePath(path string) (first uint64, ok bool) {
	if len(path) < len("2006/01/02/000000000001.jsonl") {
		return 0, false
	}
	day, name := path[:10], path[11:]
	if at, err := time.Parse("2006/01/02", day); err != nil || at.Format("2006/01/02") != day || path[10] != '/' {
		return 0, false
	}
	digits, found := strings.CutSuffix(name, ".jsonl")
	first, err := strconv.ParseUint(digits, 10, 63)
	return first, found && err == nil && first > 0 && fmt.Sprintf("%012d", first) == digits
}

// lines checks the lines of a segment, or those behind the first skip bytes of it, and hands out each.
func (c *chain) lines(data []byte, skip int, at Place, each func(Entry) error) error {
	at.Line = bytes.Count(data[:skip], []byte("\n"))
	for rest := data[skip:]; len(rest) > 0; {
		at.Line++
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return alarm(Malformed, c.writer, at, "the last line has no end")
		}
		e, err := c.next(rest[:end], at)
		if err == nil && at.Line == 1 && segmentPath(&e) != at.File {
			err = alarm(Malformed, c.writer, at, "the segment belongs in %s", segmentPath(&e))
		}
		if err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
		rest = rest[end+1:]
	}
	if at.Line == 0 {
		return alarm(Malformed, c.writer, at, "the segment is empty")
	}
	return nil
}

// parseSum reads a SHA-256 in hex.
func parseSum(text string) (sum, error) {
	var s sum
	if len(text) != 2*len(s) || strings.ToLower(text) != text {
		return s, fmt.Errorf("%q is not a SHA-256 in hex", text)
	}
	_, err := hex.Decode(s[:], []byte(text))
	return s, err
}
