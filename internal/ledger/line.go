package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const timeFormat = "2006-01-02T15:04:05.000Z"

// errVersion says that a line has a version that is not known.
var errVersion = errors.New("unknown version")

// Line is the entry's one canonical line, without a newline: what the next entry's Prev is the hash of.
func (e Entry) Line() []byte { return appendLine(nil, &e) }

// appendLine writes an entry's canonical line, without a newline.
func appendLine(dst []byte, e *Entry) []byte {
	dst = strconv.AppendInt(append(dst, `{"v":`...), int64(e.V), 10)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), e.Seq, 10)
	dst = e.Time.UTC().AppendFormat(append(dst, `,"time":"`...), timeFormat)
	dst = appendText(append(dst, `","actor":`...), e.Actor)
	dst = appendText(append(dst, `,"kind":`...), e.Kind)
	if e.Change != "" {
		dst = appendText(append(dst, `,"change":`...), e.Change)
	}
	if e.Task != "" {
		dst = appendText(append(dst, `,"task":`...), e.Task)
	}
	dst = appendText(append(dst, `,"prev":`...), e.Prev)
	if e.Body != nil {
		dst = append(append(dst, `,"body":`...), e.Body...)
	}
	return append(dst, '}')
}

// parseLine reads a canonical line and refuses every other spelling of it. Body shares line's memory.
func parseLine(line []byte) (Entry, error) {
	if len(line) > LineLimit {
		return Entry{}, fmt.Errorf("the line has %d bytes, over the limit of %d", len(line), LineLimit)
	}
	s := &scanner{data: string(line)}
	var e Entry
	if err := s.version(&e); err != nil {
		return Entry{}, err
	}
	if err := s.header(&e); err != nil {
		return Entry{}, err
	}
	if s.literal(`,"body":`) {
		start := s.at
		if s.peek() != '{' {
			return Entry{}, s.fail("want an object")
		}
		if err := s.value(1); err != nil {
			return Entry{}, err
		}
		e.Body = json.RawMessage(line[start:s.at:s.at])
	}
	if !s.literal("}") || s.at != len(s.data) {
		return Entry{}, s.fail("want the end of the entry")
	}
	return e, e.check()
}

func (s *scanner) version(e *Entry) error {
	if !s.literal(`{"v":`) {
		return s.fail(`want {"v":`)
	}
	v, err := s.count()
	if err != nil {
		return err
	}
	if v != Version {
		return fmt.Errorf("%w %d; this adamant reads %d", errVersion, v, Version)
	}
	e.V = int(v)
	return nil
}

func (s *scanner) header(e *Entry) error {
	var err error
	if !s.literal(`,"seq":`) {
		return s.fail(`want ,"seq":`)
	}
	if e.Seq, err = s.count(); err != nil {
		return err
	}
	var at string
	for _, field := range []struct {
		name     string
		value    *string
		optional bool
	}{{"time", &at, false}, {"actor", &e.Actor, false}, {"kind", &e.Kind, false}, {"change", &e.Change, true}, {"task", &e.Task, true}, {"prev", &e.Prev, false}} {
		if !s.literal(`,"` + field.name + `":`) {
			if field.optional {
				continue
			}
			return s.fail(`want ,"` + field.name + `":`)
		}
		if *field.value, err = s.text(); err != nil {
			return err
		}
		if *field.value == "" {
			return s.fail(field.name + " is empty")
		}
	}
	if e.Time, err = time.Parse(timeFormat, at); err != nil || e.Time.Format(timeFormat) != at {
		return s.fail("want a time as " + timeFormat)
	}
	return nil
}

// count reads a whole number without a sign or a leading zero.
func (s *scanner) count() (uint64, error) {
	start := s.at
	if !s.digits() || s.data[start] == '0' {
		return 0, s.fail("want a whole number from 1")
	}
	n, err := strconv.ParseUint(s.data[start:s.at], 10, 63)
	if err != nil {
		return 0, s.fail("the number is too large")
	}
	return n, nil
}

// check holds the fields to their limits.
func (e *Entry) check() error {
	switch {
	case e.Actor == "":
		return errors.New("an entry needs an actor")
	case len(e.Actor) > fieldLimit || len(e.Change) > fieldLimit || len(e.Task) > fieldLimit:
		return fmt.Errorf("actor, change and task have at most %d bytes", fieldLimit)
	case len(e.Kind) > 64 || !isWord(e.Kind, ".-"):
		return fmt.Errorf("%q is not a kind: want lower-case words joined by dots and dashes", e.Kind)
	case e.Time.Year() < 1970 || e.Time.Year() > 9999:
		return fmt.Errorf("%s is not a time for an entry", e.Time)
	}
	return nil
}

// makeEntry is the entry of a record, without its place in a chain.
func makeEntry(record Record, now time.Time) (Entry, error) {
	e := Entry{V: Version, Time: now.UTC().Truncate(time.Millisecond), Actor: record.Actor, Kind: record.Kind,
		Change: record.Change, Task: record.Task}
	if record.Body != nil {
		raw, err := json.Marshal(record.Body)
		if err == nil {
			e.Body, err = canonical(raw)
		}
		if err != nil {
			return e, err
		}
	}
	e.Seq, e.Prev = 1, genesis("none").text() // for the check alone
	line := appendLine(nil, &e)
	if len(line)+64 > LineLimit {
		return e, fmt.Errorf("it has %d bytes, over the limit of %d; store large content as a blob and name its hash", len(line), LineLimit)
	}
	return parseLine(line) // as it will be read
}

// sum is the SHA-256 of a line.
type sum [sha256.Size]byte

func (s sum) text() string { return hex.EncodeToString(s[:]) }

// genesis is what the first line of a writer continues, so that no chain can be passed off as another writer's.
func genesis(writer string) sum {
	return sha256.Sum256([]byte("adamant ledger v1\n" + writer + "\n"))
}
