// Package exportstest is the suite that every language of interfaces passes: tables of edits, hostile sources, fuzzing.
package exportstest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// Edit is one file before, after, and what is to be found: "removed! Name: reason", ! for breaking, ? for unsure, ~ for the
// wire; additions have no reason. One change a line, sorted by name.
type Edit [3]string

// Edits checks a table of edits of the file at path.
func Edits(t *testing.T, l exports.Language, path string, table map[string]Edit) {
	t.Helper()
	for name, tt := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := exports.Diff([]exports.Language{l}, []exports.File{{OldPath: path, Path: path, Before: []byte(tt[0]), After: []byte(tt[1])}},
				func(string) []exports.Source { return nil })
			if got := Show(d); got != strings.TrimSpace(tt[2]) {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt[2])
			}
		})
	}
}

// Show writes a delta in the form of Edit.Want.
func Show(d *exports.Delta) string {
	var out []string
	for _, c := range d.Changes {
		mark := ""
		for _, m := range []struct {
			on   bool
			text string
		}{{c.Breaking, "!"}, {c.Unsure, "?"}, {c.Wire, "~"}} {
			if m.on {
				mark += m.text
			}
		}
		line := c.Change + mark + " " + c.Name
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		out = append(out, line)
	}
	for _, u := range d.Unread {
		out = append(out, fmt.Sprintf("unread %s: %s", u.Path, u.Message))
	}
	return strings.Join(out, "\n")
}

// Hostile reads and compares each source with itself and with nothing, within a time that only more than linear work exceeds.
func Hostile(t *testing.T, l exports.Language, path string, sources map[string]string) {
	t.Helper()
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			s := l.Read(path, []byte(src))
			if s == nil {
				s = &exports.Surface{}
			}
			l.Compare(s, s)
			l.Compare(s, &exports.Surface{})
			l.Compare(&exports.Surface{}, s)
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Fuzz reads any two sources and compares them: lines lie in the file, and what is equal has not changed.
func Fuzz(f *testing.F, l exports.Language, path string, seeds ...string) {
	f.Helper()
	for i, seed := range seeds {
		f.Add([]byte(seed), []byte(seeds[(i+1)%len(seeds)]))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		lines := strings.Count(string(before), "\n") + strings.Count(string(before), "\r") + 1
		old, now := l.Read(path, before), l.Read(path, after)
		if old == nil || now == nil {
			return
		}
		for _, s := range old.Symbols {
			if int(s.Line) < 0 || int(s.Line) > lines || s.Kind == "" {
				t.Errorf("symbol %+v in a source of %d lines", s, lines)
			}
		}
		if changes := l.Compare(old, old); len(changes) > 0 {
			t.Errorf("a source differs from itself: %+v", changes[0])
		}
		l.Compare(old, now)
	})
}
