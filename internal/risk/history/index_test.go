package history

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

func oid(n int) git.OID { return git.OID(fmt.Sprintf("%040x", n)) }

// at is the time of the nth change: one a day.
func at(n int) time.Time { return time.Unix(1_700_000_000, 0).Add(time.Duration(n) * 24 * time.Hour) }

func entry(n int, who, message string, files ...git.FileChange) git.LogEntry {
	return git.LogEntry{
		Commit:  git.Commit{OID: oid(n), Author: git.Signature{Email: who}, Committer: git.Signature{When: at(n)}, Message: message},
		Changes: files,
	}
}

func add(path string) git.FileChange {
	return git.FileChange{Status: git.Added, Path: path, After: git.OID("content of " + path)}
}

func edit(path string) git.FileChange { return git.FileChange{Status: git.Modified, Path: path} }

func remove(path string) git.FileChange {
	return git.FileChange{Status: git.Deleted, Path: path, Before: git.OID("content of " + path)}
}

func build(t testing.TB, entries ...git.LogEntry) *Index {
	t.Helper()
	b := NewBuilder()
	for _, e := range entries {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Index()
}

func view(t testing.TB, x *Index, n int) View {
	t.Helper()
	v, ok := x.At(oid(n))
	if !ok {
		t.Fatalf("no change %d", n)
	}
	return v
}

func past(t testing.TB, h facts.History, path string) facts.Past {
	t.Helper()
	for _, p := range h.Paths {
		if p.Path == path {
			return p
		}
	}
	return facts.Past{}
}

func TestPastOfAFile(t *testing.T) {
	t.Parallel()
	x := build(t,
		entry(0, "a@example.com", "start", add("a.go"), add("b.go")),
		entry(1, "b@example.com", "fix the offset", edit("a.go")),
		entry(2, "A@example.com", `Revert "x"`, edit("a.go"), edit("b.go")),
		entry(5, "a@example.com", "more", edit("b.go")),
	)
	h := view(t, x, 5).History([]string{"b.go", "a.go", "a.go", "new.go"}, "A <a@Example.com>")
	want := facts.Past{Path: "a.go", Prior: 3, Fixes: 1, RecentFixes: 992, AgeHours: 72, BornHours: 120, FixHours: 96}
	if got := past(t, h, "a.go"); got != want {
		t.Errorf("a.go: got  %+v\nwant %+v", got, want)
	}
	if got := past(t, h, "b.go"); got.Prior != 3 || got.FixHours != -1 || got.AgeHours != 0 {
		t.Errorf("b.go: %+v", got)
	}
	if h.Window != 4 || !h.Complete || h.Developers != 2 || h.Prior != 4 || h.Fixes != 1 || h.Reverts != 1 || h.Experience != 3 || h.AgeHours != 36 || len(h.Paths) != 2 {
		t.Errorf("history: %+v", h)
	}
}

func TestNothingThatCameLaterIsSeen(t *testing.T) {
	t.Parallel()
	x := build(t, entry(0, "a", "start", add("a.go")), entry(1, "a", "fix", edit("a.go")), entry(2, "b", "fix", edit("a.go")))
	h := view(t, x, 0).History([]string{"a.go"}, "<b>")
	if got := past(t, h, "a.go"); got.Prior != 1 || got.Fixes != 0 || h.Experience != 0 {
		t.Errorf("%+v, %+v", got, h)
	}
}

func TestAFileAddedAgainIsAnother(t *testing.T) {
	t.Parallel()
	x := build(t, entry(0, "a", "fix", add("a.go")), entry(1, "a", "drop", remove("a.go")), entry(2, "a", "again", add("a.go")))
	if got := past(t, view(t, x, 1).History([]string{"a.go"}, ""), "a.go"); got.Prior != 0 {
		t.Errorf("while it is gone: %+v", got)
	}
	if got := past(t, view(t, x, 2).History([]string{"a.go"}, ""), "a.go"); got.Prior != 1 || got.Fixes != 0 {
		t.Errorf("after it came back: %+v", got)
	}
}

func TestAMoveKeepsThePast(t *testing.T) {
	t.Parallel()
	moved := add("z/b.go")
	moved.After = "content of a.go"
	x := build(t, entry(0, "a", "fix", add("a.go")), entry(1, "a", "move", remove("a.go"), moved), entry(2, "a", "on", edit("z/b.go")), entry(3, "a", "new", add("a.go")))
	if got := past(t, view(t, x, 3).History([]string{"z/b.go"}, ""), "z/b.go"); got.Prior != 3 || got.Fixes != 1 || got.BornHours != 72 {
		t.Errorf("moved: %+v", got)
	}
	if got := past(t, view(t, x, 3).History([]string{"a.go"}, ""), "a.go"); got.Prior != 1 {
		t.Errorf("new file at the old place: %+v", got)
	}
}

func TestCutHistoryIsIncomplete(t *testing.T) {
	t.Parallel()
	e := entry(0, "a", "start", add("a.go"))
	e.Cut = true
	x := build(t, e, entry(1, "a", "on", edit("a.go")))
	if h := view(t, x, 1).History([]string{"a.go"}, ""); h.Complete {
		t.Errorf("a shallow history calls itself complete: %+v", h)
	}
}

func TestHalved(t *testing.T) {
	t.Parallel()
	for hours, want := range map[int]int{0: 1_000_000, halfLife: 500_000, 2 * halfLife: 250_000, halfLife / 2: 707_107, 100 * halfLife: 0} {
		if got := halved(hours); got != want {
			t.Errorf("halved(%d) = %d, want %d", hours, got, want)
		}
	}
	for h := range 3 * halfLife {
		if halved(h+1) > halved(h) {
			t.Fatalf("halved rises after %d hours", h)
		}
	}
}

// anyHistory is a random history with moves, deletions and re-additions that git could have written.
func anyHistory(t *rapid.T) []git.LogEntry {
	names := []string{"a", "b", "c", "d/e", "d/f"}
	here := map[string]bool{}
	var out []git.LogEntry
	for n := range rapid.IntRange(1, 30).Draw(t, "changes") {
		var files []git.FileChange
		for _, name := range names {
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case what == 0:
			case !here[name]:
				files = append(files, git.FileChange{Status: git.Added, Path: name, After: git.OID(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "content"))})
				here[name] = true
			case what == 1:
				files = append(files, git.FileChange{Status: git.Deleted, Path: name, Before: git.OID(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "content"))})
				here[name] = false
			default:
				files = append(files, edit(name))
			}
		}
		out = append(out, entry(n, rapid.SampledFrom([]string{"p", "q"}).Draw(t, "who"), rapid.SampledFrom([]string{"fix", "add"}).Draw(t, "message"), files...))
	}
	return out
}

func TestGoingOnEqualsBuildingAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		entries := anyHistory(rt)
		whole := build(t, entries...)
		cut := rapid.IntRange(0, len(entries)).Draw(rt, "cut")
		extra := rapid.IntRange(cut, len(entries)).Draw(rt, "thrown away")
		b := build(t, entries[:extra]...).builder(cut)
		for _, e := range entries[cut:] {
			if err := b.Add(e); err != nil {
				rt.Fatal(err)
			}
		}
		grown := b.Index()
		for n := range entries {
			paths := []string{"a", "b", "c", "d/e", "d/f"}
			one, two := view(t, whole, n).History(paths, "<p>"), view(t, grown, n).History(paths, "<p>")
			if fmt.Sprint(one) != fmt.Sprint(two) {
				rt.Fatalf("at %d:\n%+v\n%+v", n, one, two)
			}
		}
	})
}

func TestParseRefusesEveryDamage(t *testing.T) {
	t.Parallel()
	good := build(t, entry(0, "a", "start", add("a.go")), entry(1, "b", "fix", edit("a.go"))).Bytes()
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if _, err := Parse(bad); err == nil {
			t.Fatalf("byte %d of %d was damaged and nobody saw it", i, len(good))
		}
		if _, err := Parse(good[:i]); err == nil {
			t.Fatalf("%d of %d bytes were taken for the whole", i, len(good))
		}
	}
}

func TestOtherHashFunction(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	if err := b.Add(entry(0, "a", "start")); err != nil {
		t.Fatal(err)
	}
	e := entry(1, "a", "next")
	e.OID = git.OID(fmt.Sprintf("%064x", 1))
	if err := b.Add(e); err == nil {
		t.Error("a history with two hash functions was taken")
	}
	e.OID = "main"
	if err := NewBuilder().Add(e); err == nil {
		t.Error("a name was taken for an object name")
	}
}

// Whatever a file says whose checksum is right, reading it ends and does not panic.
func FuzzParse(f *testing.F) {
	f.Add(build(f, entry(0, "a", "start", add("a.go")), entry(1, "b", "fix", edit("a.go"))).Bytes())
	moved := add("b")
	moved.After = "content of a"
	f.Add(build(f, entry(0, "a", "start", add("a")), entry(1, "a", "move", remove("a"), moved)).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Parse(seal(data))
		if err != nil {
			return
		}
		if tip := x.Tip(); tip != "" {
			if v, ok := x.At(tip); ok {
				v.History([]string{"a", "b", "a.go"}, "<a>")
			}
		}
		x.builder(x.Len()).Index()
	})
}

func BenchmarkView(b *testing.B) {
	builder := NewBuilder()
	for n := range 30_000 {
		var files []git.FileChange
		for i := range 4 {
			path := fmt.Sprintf("dir%d/file%d.go", (n+i)%200, (n*7+i)%20_000)
			if n < 5000 {
				files = append(files, add(path))
			} else {
				files = append(files, edit(path))
			}
		}
		if err := builder.Add(entry(n, fmt.Sprint("dev", n%300), "fix", files...)); err != nil {
			b.Fatal(err)
		}
	}
	data := builder.Index().Bytes()
	b.ReportMetric(float64(len(data)), "bytes")
	for b.Loop() {
		x, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		v, _ := x.At(x.Tip())
		v.History([]string{"dir1/file1.go", "dir2/file9.go"}, "<dev1>")
	}
}
