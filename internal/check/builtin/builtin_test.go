package builtin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

func TestLines(t *testing.T) {
	t.Parallel()
	var got []string
	for line := range builtin.Lines([]byte("a\r\n\nb\rc\nd")) {
		got = append(got, fmt.Sprintf("%d@%d %q %q", line.Number, line.Offset, line.Text, line.End))
	}
	want := []string{`1@0 "a" "\r\n"`, `2@3 "" "\n"`, `3@4 "b\rc" "\n"`, `4@8 "d" ""`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func changed(text, other string) []string {
	var got []string
	f := builtin.File{Text: []byte(text), Other: []byte(other)}
	for line := range f.Changed() {
		got = append(got, fmt.Sprintf("%d %s", line.Number, line.Text))
	}
	return got
}

func TestChanged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, other string
		want              []string
	}{
		{"new file", "a\nb\n", "", []string{"1 a", "2 b"}},
		{"same", "a\nb\n", "a\nb\n", nil},
		{"added", "a\nx\nb\n", "a\nb\n", []string{"2 x"}},
		{"removed", "a\nb\n", "a\nx\nb\n", nil},
		{"moved", "b\na\n", "a\nb\n", nil},
		{"edited", "a\nb1\nc\n", "a\nb2\nc\n", []string{"2 b1"}},
		{"repeated", "a\na\na\n", "a\n", []string{"2 a", "3 a"}},
		{"last line ended", "a\nb\n", "a\nb", []string{"2 b"}},
		{"ending changed", "a\r\nb\n", "a\nb\n", []string{"1 a"}},
		{"common beginning of a line", "abc\n", "abd\n", []string{"1 abc"}},
		{"common end of a line", "xb\n", "yb\n", []string{"1 xb"}},
		{"line in front", "x\na\n", "a\n", []string{"1 x"}},
	}
	for _, tt := range tests {
		if got := changed(tt.text, tt.other); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestChangedIsTheDifference fails when a line that only one side has is missed, or one that both have is taken: removing
// the changed lines from both sides must leave the same lines.
func TestChangedIsTheDifference(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(t *rapid.T) string {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", ""}), 0, 8).Draw(t, "lines"), "\n")
		if s != "" && rapid.Bool().Draw(t, "ended") {
			s += "\n"
		}
		return s
	})
	rest := func(text, other string) []string {
		var lines []string
		for line := range builtin.Lines([]byte(text)) {
			lines = append(lines, string(line.Text)+line.End)
		}
		f := builtin.File{Text: []byte(text), Other: []byte(other)}
		for line := range f.Changed() {
			at := slices.Index(lines, string(line.Text)+line.End)
			lines = slices.Delete(lines, at, at+1)
		}
		slices.Sort(lines)
		return lines
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if x, y := rest(a, b), rest(b, a); !slices.Equal(x, y) {
			t.Fatalf("%q and %q: %q and %q", a, b, x, y)
		}
	})
}

func TestFolders(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"a": ".", "a/b/c": "a/b a .", "/": " .", "../a": ".. ."} {
		if got := strings.Join(slices.Collect(builtin.Folders(file)), " "); got != want {
			t.Errorf("%q: got %q, want %q", file, got, want)
		}
	}
}

// find reports every x.
func find(f *builtin.File) error {
	for i, c := range f.Text {
		if c == 'x' {
			f.Report(finding.Finding{Rule: "test/x", Severity: finding.Error}, i, "x", "")
		}
	}
	return nil
}

func scan(t *testing.T, in builtin.Input) builtin.Result {
	t.Helper()
	result, err := builtin.Scan(t.Context(), in, "test", func(path string) bool { return path != "unwanted" }, find)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestScan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		base, merged map[string]string
		base1        int // findings at base
		want         []string
		state        string
	}{
		{"added", nil, map[string]string{"a": "\n x"}, 0, []string{"a:2:2 test/x"}, facts.Failed},
		{"deleted", map[string]string{"a": "x"}, nil, 1, nil, facts.Passed},
		{"one more", map[string]string{"a": "x"}, map[string]string{"a": "xx"}, 1, []string{"a:1:1 test/x", "a:1:2 test/x"}, facts.Failed},
		{"one less", map[string]string{"a": "xx"}, map[string]string{"a": "x"}, 2, []string{"a:1:1 test/x"}, facts.Passed},
		{"unwanted", nil, map[string]string{"unwanted": "x"}, 0, nil, facts.Passed},
		{"too large", nil, map[string]string{"a": "\x00" + builtin.TooLarge}, 0, []string{"a:0:0 test/unread"}, facts.Passed},
		{"binary", nil, map[string]string{"a": "\x00" + builtin.Binary}, 0, nil, facts.Passed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := scan(t, builtintest.Input(tt.base, tt.merged))
			if got := builtintest.Places(result); !slices.Equal(got, tt.want) || result.State != tt.state || len(result.Base) != tt.base1 {
				t.Errorf("got %q, %d at base, %s", got, len(result.Base), result.State)
			}
		})
	}
}

func TestScanFollowsRenames(t *testing.T) {
	t.Parallel()
	in := builtin.Input{Base: builtintest.Tree{"old": "x"}, Merged: builtintest.Tree{"new": "x"}, Files: []facts.File{{Path: "new", OldPath: "old", Status: "renamed"}}}
	result := scan(t, in)
	if result.State != facts.Passed || len(result.Base) != 1 || result.Base[0].Path != "old" || result.Merged[0].Fingerprint != result.Base[0].Fingerprint {
		t.Errorf("got %+v", result)
	}
}

func TestScanOfEverything(t *testing.T) {
	t.Parallel()
	in := builtin.Input{Base: builtintest.Tree{"a": "x"}, Merged: builtintest.Tree{"a": "x", "b": "x"}, All: true}
	if result := scan(t, in); len(result.Merged) != 2 || len(result.Base) != 0 {
		t.Errorf("got %+v", result)
	}
}

func TestScanStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := builtin.Scan(ctx, builtintest.Input(nil, map[string]string{"a": "x"}), "test", func(string) bool { return true }, find)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEmptyFileIsNotAbsent(t *testing.T) {
	t.Parallel()
	f, err := builtin.Open(t.Context(), builtintest.Tree{"a": ""}, "a")
	if err != nil || f.Text == nil {
		t.Errorf("got %+v, %v", f, err)
	}
}
