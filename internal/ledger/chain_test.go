package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chained makes the lines of a writer.
func chained(t interface{ Fatal(...any) }, writer string, n int) [][]byte {
	e := end{chain: newChain(writer)}
	var group []*pending
	for i := range n {
		entry, err := makeEntry(Record{Actor: "a", Kind: "k", Body: map[string]int{"i": i}}, start)
		if err != nil {
			t.Fatal(err)
		}
		group = append(group, &pending{entry: entry})
	}
	e.take(group)
	return bytes.SplitAfter(bytes.TrimSuffix(e.segment, []byte("\n")), []byte("\n"))
}

func check(writer string, lines [][]byte) error {
	c := newChain(writer)
	at := Place{Ref: RefPrefix + writer, File: "2026/11/01/000000000001.jsonl"}
	return c.lines(append(bytes.TrimSuffix(bytes.Join(lines, nil), []byte("\n")), '\n'), 0, at, func(Entry) error { return nil })
}

// No change to a chain goes unnoticed, but cutting its end, which only the history tells.
func TestChainProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "n")
		lines := chained(t, "w", n)
		if err := check("w", lines); err != nil {
			t.Fatal(err)
		}
		if check("v", lines) == nil {
			t.Fatal("it passes for another writer's")
		}
		i, j := rapid.IntRange(0, n-1).Draw(t, "i"), rapid.IntRange(0, n-1).Draw(t, "j")
		changed := slices.Clone(lines)
		kinds := []string{}
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0: // a line is gone
			i = min(i, n-2)
			changed, kinds = slices.Delete(changed, i, i+1), []string{Gap}
		case 1: // a line comes again
			changed, kinds = slices.Insert(changed, j, lines[i]), []string{Gap, Reordered, Malformed}
		case 2: // two change places
			if i == j {
				return
			}
			changed[i], changed[j] = changed[j], changed[i]
			kinds = []string{Gap, Malformed}
		case 3: // a bit is another
			if i == n-1 {
				return
			}
			changed[i] = bytes.Clone(changed[i])
			at := rapid.IntRange(0, len(changed[i])-2).Draw(t, "at")
			changed[i][at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			kinds = []string{Malformed, NewVersion, Gap, Reordered, Broken}
		}
		var found *Alarm
		if err := check("w", changed); !errors.As(err, &found) || !slices.Contains(kinds, found.Kind) {
			t.Fatalf("%v; want one of %v", err, kinds)
		}
	})
}

// Entries of one writer keep their order, and writers are merged by time; where the clock went back, by the latest time so far.
func TestUnionProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		writers := rapid.IntRange(1, 5).Draw(t, "writers")
		var streams []iter.Seq2[Entry, error]
		total := 0
		for w := range writers {
			steps := rapid.SliceOfN(rapid.IntRange(-3, 5), 0, 20).Draw(t, "steps")
			total += len(steps)
			streams = append(streams, func(yield func(Entry, error) bool) {
				at := start
				for i, step := range steps {
					at = at.Add(time.Duration(step) * time.Second)
					if !yield(Entry{Writer: fmt.Sprintf("w%d", w), Seq: uint64(i + 1), Time: at}, nil) {
						return
					}
				}
			})
		}
		order := func(streams []iter.Seq2[Entry, error]) (text []string) {
			seen, latest, before := map[string]uint64{}, map[string]time.Time{}, time.Time{}
			merge(streams, func(e Entry, err error) bool {
				if seen[e.Writer]++; err != nil || e.Seq != seen[e.Writer] {
					t.Fatalf("%+v, %v", e, err)
				}
				if e.Time.After(latest[e.Writer]) {
					latest[e.Writer] = e.Time
				}
				if latest[e.Writer].Before(before) {
					t.Fatalf("%s comes too late", e.Writer)
				}
				before = latest[e.Writer]
				text = append(text, fmt.Sprint(e.Writer, e.Seq))
				return true
			})
			return text
		}
		one := order(streams)
		slices.Reverse(streams)
		if other := order(streams); len(one) != total || !slices.Equal(one, other) {
			t.Fatalf("%v\n%v", one, other)
		}
	})
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"2026/11/01/000000000001.jsonl":    true,
		"2026/11/01/1000000000000.jsonl":   true,
		"2026/11/01/000000000000.jsonl":    false,
		"2026/11/01/00000000001.jsonl":     false,
		"2026/11/01/0000000000001.jsonl":   false,
		"2026/13/01/000000000001.jsonl":    false,
		"2026-11-01/000000000001.jsonl":    false,
		"2026/11/01/000000000001.json":     false,
		"2026/11/01/x/000000000001.jsonl":  false,
		"../2026/11/01/000000000001.jsonl": false,
		"":                                 false,
	} {
		if _, ok := parsePath(path); ok != want {
			t.Errorf("%q: %v", path, ok)
		}
	}
}

func TestCheckWriter(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"gate": true, "k-0a1b": true, "a.b_c": true, "": false, "A": false, "a/b": false, "a..b": false, "-a": false, "a.lock": false, "a b": false, "a\x1b": false} {
		if err := CheckWriter(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
