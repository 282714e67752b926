package ratchet_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/ratchet"
)

const a, b, c = "000000000000000a", "000000000000000b", "000000000000000c"

func mark(scopes map[string]ratchet.Units) *ratchet.Mark {
	return &ratchet.Mark{Rule: "lint/r", Version: "1", Scopes: scopes}
}

func units(scope string, fingerprints ...string) []ratchet.Unit {
	var out []ratchet.Unit
	for _, f := range fingerprints {
		out = append(out, ratchet.Unit{Scope: scope, Fingerprint: f})
	}
	return out
}

func TestLaw(t *testing.T) {
	t.Parallel()
	x := func(fingerprints ...string) map[string]ratchet.Units {
		m := ratchet.Mark{}
		for _, f := range fingerprints {
			m.Add("x/", f, 1)
		}
		return m.Scopes
	}
	tests := []struct {
		name       string
		c          ratchet.Case
		over       bool
		wants      bool // base measured
		mark, left int  // total of the mark after landing, and whether Land knows one (-1: no mark)
	}{
		{"nothing", ratchet.Case{Mark: mark(x(a))}, false, false, 1, 1},
		{"one more", ratchet.Case{New: units("x/", b)}, true, false, 0, -1},
		{"one more, over the mark", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a)), New: units("x/", b)}, true, false, 1, 1},
		{"one more, base not measured", ratchet.Case{Mark: mark(x(a)), New: units("x/", b)}, true, true, 1, 1},
		{"one more, within the mark", ratchet.Case{Mark: mark(x(a, b)), Base: mark(x(a)), New: units("x/", c)}, false, false, 2, 2},
		{"one for one", ratchet.Case{Mark: mark(x(a)), New: units("x/", b), Gone: units("x/", a)}, false, false, 1, 1},
		{"two for one", ratchet.Case{Mark: mark(x(a, b)), New: units("x/", c), Gone: units("x/", a, b)}, false, false, 1, 1},
		{"one for two", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a)), New: units("x/", b, c), Gone: units("x/", a)}, true, false, 1, 1},
		{"fewer", ratchet.Case{Mark: mark(x(a, b)), Gone: units("x/", a)}, false, false, 1, 1},
		{"none left", ratchet.Case{Mark: mark(x(a)), Gone: units("x/", a)}, false, false, 0, 0},
		{"base above its mark, untouched", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a, b)), New: units("x/", c), Gone: units("x/", a)}, false, false, 1, 1},
		{"base above its mark, one of the others gone", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a, b)), Gone: units("x/", b)}, false, false, 1, 1},
		{"base above its mark, one more", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a, b)), New: units("x/", c)}, true, false, 1, 1},
		{"one in, one out, of two folders", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a)), New: units("y/", b), Gone: units("x/", a)}, true, false, 0, 0},
		{"moved", ratchet.Case{Mark: mark(x(a)), Moved: []ratchet.Move{{From: units("x/", a)[0], To: units("y/", a)[0]}}}, false, false, 1, 1},
		{"moved into a folder that has a new one", ratchet.Case{Mark: mark(x(a)), Base: mark(x(a)), New: units("y/", b),
			Moved: []ratchet.Move{{From: units("x/", a)[0], To: units("y/", a)[0]}}}, true, false, 1, 1},
		{"another version", ratchet.Case{Version: "2", Mark: mark(x(a)), Base: mark(x(b, c)), Gone: units("x/", b)}, false, false, 1, 1},
		{"another version, one more", ratchet.Case{Version: "2", Mark: mark(x(a, b, c)), Base: mark(x(b)), New: units("x/", a)}, true, false, 1, 1},
		{"another version, base not measured", ratchet.Case{Version: "2", Mark: mark(x(a)), Gone: units("x/", a)}, false, true, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.c.Rule = "lint/r"
			if tt.c.Version == "" {
				tt.c.Version = "1"
			}
			over := false
			for _, s := range tt.c.Standings() {
				over = over || s.Over
			}
			if over != tt.over || tt.c.WantsBase() != tt.wants {
				t.Errorf("over %t, wants base %t: %+v", over, tt.c.WantsBase(), tt.c.Standings())
			}
			after, _ := tt.c.Land()
			if tt.left >= 0 && after.Total() != tt.mark {
				t.Errorf("after landing %+v, want %d", after.Scopes, tt.mark)
			}
		})
	}
}

// Growth that every folder's old mark allows may still be growth of the whole.
func TestTotalHasAMarkOfItsOwn(t *testing.T) {
	t.Parallel()
	c := ratchet.Case{Rule: "lint/r", Version: "1",
		Mark: mark(map[string]ratchet.Units{"x/": {a: 3}}), Base: mark(map[string]ratchet.Units{"x/": {a: 1}, "y/": {b: 2}}), New: units("x/", a)}
	got := c.Standings()
	if got[0].Scope != ratchet.Total || !got[0].Over || got[1].Over {
		t.Errorf("total must be over and the folder not: %+v", got)
	}
}

func randomMark(t *rapid.T, label string) ratchet.Mark {
	m := ratchet.Mark{Rule: "lint/r", Version: "1", Scopes: map[string]ratchet.Units{}}
	for range rapid.IntRange(0, 8).Draw(t, label) {
		m.Add(rapid.SampledFrom([]string{"x/", "y/", "component:default/c"}).Draw(t, "scope"), rapid.SampledFrom([]string{a, b, c}).Draw(t, "fingerprint"), 1)
	}
	m.Reason = rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "reason")
	return m
}

func merge(t *rapid.T, x, y ratchet.Mark) ratchet.Mark {
	m, err := ratchet.Merge(x, y)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Marks are a semilattice: clones may be merged in any order, any number of times, and no mark ever rises.
func TestMergeIsASemilattice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, y, z := randomMark(t, "x"), randomMark(t, "y"), randomMark(t, "z")
		if !merge(t, x, y).Equal(merge(t, y, x)) {
			t.Fatal("order matters")
		}
		if !merge(t, merge(t, x, y), z).Equal(merge(t, x, merge(t, y, z))) {
			t.Fatal("grouping matters")
		}
		if !merge(t, x, x).Equal(x) {
			t.Fatal("a mark merged with itself is another one")
		}
		if m := merge(t, x, y); m.Raises(x) || m.Raises(y) {
			t.Fatal("merging raised a mark")
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	good := mark(map[string]ratchet.Units{"x/": {a: 1}}).Encode()
	other := bytes.Replace(good, []byte(`"version": "1"`), []byte(`"version": "2"`), 1)
	if _, err := ratchet.MergeFiles(good, good, other); !errors.As(err, new(*ratchet.VersionError)) {
		t.Errorf("two versions: %v", err)
	}
	renamed := bytes.Replace(good, []byte("lint/r"), []byte("lint/s"), 1)
	if _, err := ratchet.MergeFiles(good, good, renamed); err == nil {
		t.Error("marks of two rules were merged")
	}
	markers := append([]byte("<<<<<<< ours\n"), good...)
	for i := range 3 {
		sides := [3][]byte{good, good, good}
		sides[i] = markers
		if _, err := ratchet.MergeFiles(sides[0], sides[1], sides[2]); err == nil || !strings.Contains(err.Error(), "conflict markers") {
			t.Errorf("conflict markers in side %d: %v", i, err)
		}
	}
	for _, broken := range []string{"", "{", "null", string(good[:len(good)/2])} {
		if _, err := ratchet.MergeFiles(good, good, []byte(broken)); err == nil {
			t.Errorf("%q was merged", broken)
		}
	}
	if out, err := ratchet.MergeFiles(nil, good, good); err != nil || !bytes.Equal(out, good) {
		t.Errorf("both sides added the file: %v", err)
	}
}

func TestFileRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := randomMark(t, "m")
		m.Rule = rapid.StringMatching(`[a-z@.]{1,6}(/[a-zA-Z .:%-]{1,8}){0,2}`).Draw(t, "rule")
		path := ratchet.PathOf(m.Rule)
		if rule, ok := ratchet.RuleOf(path); !ok || rule != m.Rule {
			t.Fatalf("%q lies in %q, which is the mark of %q", m.Rule, path, rule)
		}
		read, problems := ratchet.Parse(path, m.Encode())
		if len(problems) > 0 || !read.Equal(m) {
			t.Fatalf("%s\nread as %+v: %v", m.Encode(), read, problems)
		}
		if !bytes.Equal(read.Encode(), m.Encode()) {
			t.Fatal("other bytes")
		}
	})
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := string(mark(map[string]ratchet.Units{"x/": {a: 1, b: 2}}).Encode())
	path := ratchet.PathOf("lint/r")
	tests := []struct{ name, old, new, want string }{
		{"another rule's file", `"lint/r"`, `"lint/s"`, ":5: this is the mark of rule \"lint/s\", which belongs into .adamant/ratchets/lint/s.json"},
		{"unknown field", `"scopes"`, `"limit": 3, "scopes"`, ":8:"},
		{"no version", `"version": "1"`, `"reason": "r"`, "version"},
		{"another kind", `"Ratchet"`, `"Ratchets"`, ":3:"},
		{"another apiVersion", `adamant.dev/v1`, `adamant.dev/v2`, ":2:"},
		{"none of it", `": 2`, `": 0`, "1 to 1000000 times, not 0"},
		{"less than none", `": 2`, `": -2`, "1 to 1000000 times, not -2"},
		{"too many", `": 2`, `": 9000000000`, "1 to 1000000 times"},
		{"a fraction", `": 2`, `": 2.5`, ":11:"},
		{"no fingerprint", a, "some text", ":9:"},
		{"capitals", a, strings.ToUpper(a), "no fingerprint"},
		{"twice", a, b, "twice"},
		{"conflict markers", `    "scopes"`, "<<<<<<< HEAD\n    \"scopes\"", ":8:1: a merge left its conflict markers here"},
	}
	for _, tt := range tests {
		edited := strings.Replace(good, tt.old, tt.new, 1)
		if edited == good {
			t.Fatalf("%s: nothing was edited", tt.name)
		}
		_, problems := ratchet.Parse(path, []byte(edited))
		var text strings.Builder
		for _, p := range problems {
			fmt.Fprintln(&text, p.Error())
		}
		if !strings.Contains(text.String(), tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, text.String(), tt.want)
		}
	}
}

func TestPathOf(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"golangci-lint/errcheck":           "golangci-lint/errcheck.json",
		"eslint/@typescript-eslint/no-any": "eslint/@typescript-eslint/no-any.json",
		"x/../../adamant":                  "x/%2E./%2E./adamant.json",
		"a b:c":                            "a%20b%3Ac.json",
	} {
		if got := ratchet.PathOf(rule); got != ratchet.Dir+want {
			t.Errorf("%s: %s", rule, got)
		}
	}
	for _, path := range []string{"x.json", ratchet.Dir + "x", ratchet.Dir + ".json", ratchet.Dir + "a/%2e.json", ratchet.Dir + "a%zz.json", ratchet.Dir + "a//b.json"} {
		if rule, ok := ratchet.RuleOf(path); ok {
			t.Errorf("%s is the mark of %q", path, rule)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("{}"))
	f.Add(mark(map[string]ratchet.Units{"x/": {a: 1, b: 2}, "component:default/c": {c: 3}}).Encode())
	f.Add([]byte("<<<<<<< a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, problems := ratchet.Parse(ratchet.PathOf("lint/r"), data)
		if len(problems) > 0 {
			return
		}
		again, problems := ratchet.Parse(ratchet.PathOf("lint/r"), read.Encode())
		if len(problems) > 0 || !again.Equal(read) {
			t.Fatalf("%s\nis written as\n%s\nwhich is not the same: %v", data, read.Encode(), problems)
		}
		if merged, err := ratchet.MergeFiles(data, data, data); err != nil || !bytes.Equal(merged, read.Encode()) {
			t.Fatalf("merged with itself: %v", err)
		}
	})
}
