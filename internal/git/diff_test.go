package git

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// hunks drops what the expectations of most tests do not say.
func brief(changes []FileChange) []string {
	var out []string
	for _, c := range changes {
		text := fmt.Sprintf("%c %q +%d -%d", c.Status, c.Path, c.Added, c.Deleted)
		if c.OldPath != "" {
			text += fmt.Sprintf(" from %q", c.OldPath)
		}
		if c.Binary {
			text += " binary"
		}
		for _, h := range c.Hunks {
			text += fmt.Sprintf(" [%d,%d %d,%d]", h.OldStart, h.OldLines, h.NewStart, h.NewLines)
		}
		out = append(out, text)
	}
	return out
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestDiffKinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sub := newFixture(t)
	subHead := sub.commit("sub", "f", "1\n")
	f.symlink("text", "link")
	f.symlink("text", "becomes-file")
	base := f.commit("base", "text", lines(40, nil), "mode", "m\n", "gone", "1\n2\n", "bin", "a\x00b", "moved", lines(30, nil),
		"same", lines(25, nil)+"same\n", "Case", "case\n", "file", "f\n", "dir/x", "x\n", "crlf", "a\r\nb\r\n", "no-newline", "a\nb")
	for _, name := range []string{"gone", "moved", "same", "Case", "file", "dir", "link", "becomes-file"} {
		f.remove(name)
	}
	f.symlink("elsewhere", "link")
	f.git("update-index", "--add", "--cacheinfo", "160000,"+string(subHead)+",sub")
	f.write("text", lines(40, map[int]string{2: "two", 30: "thirty\nthirty a"}))
	f.write("moved2", lines(30, map[int]string{5: "five"}))
	f.write("to/same", lines(25, nil)+"same\n")
	f.write("case", "case\n")
	f.write("file/inside", "i\n")
	f.write("dir", "now a file\n")
	f.write("bin", "a\x00c")
	f.write("becomes-file", "b\n")
	f.write("crlf", "a\nb\n")
	f.write("no-newline", "a\nb\n")
	f.write("empty", "")
	if err := os.Chmod(f.path("mode"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.git("add", "-A", "--", ".", ":!sub")
	f.git("commit", "-q", "-m", "head")
	head := f.rev("HEAD")
	r := f.open()
	got := must[[]FileChange](t)(r.Diff(t.Context(), base, head, DiffOptions{Hunks: true}))
	equal(t, brief(got), []string{
		`T "becomes-file" +1 -1 [1,1 0,0] [0,0 1,1]`,
		`M "bin" +0 -0 binary`,
		`R "case" +0 -0 from "Case"`,
		`M "crlf" +2 -2 [1,2 1,2]`,
		`A "dir" +1 -0 [0,0 1,1]`,
		`D "dir/x" +0 -1 [1,1 0,0]`,
		`A "empty" +0 -0`,
		`D "file" +0 -1 [1,1 0,0]`,
		`A "file/inside" +1 -0 [0,0 1,1]`,
		`D "gone" +0 -2 [1,2 0,0]`,
		`M "link" +1 -1 [1,1 1,1]`,
		`M "mode" +0 -0`,
		`R "moved2" +1 -1 from "moved" [5,1 5,1]`,
		`M "no-newline" +1 -1 [2,1 2,1]`,
		`A "sub" +1 -0 [0,0 1,1]`,
		`M "text" +3 -2 [2,1 2,1] [30,1 30,2]`,
		`R "to/same" +0 -0 from "same"`,
	})
	for _, change := range got {
		switch change.Path {
		case "mode":
			if change.OldMode != ModeFile || change.NewMode != ModeExec || change.Before != change.After {
				t.Errorf("%+v", change)
			}
		case "sub":
			if change.NewMode != ModeGitlink || change.After != subHead || change.Before != "" {
				t.Errorf("%+v", change)
			}
		case "gone":
			if change.After != "" || change.NewMode != ModeNone {
				t.Errorf("%+v", change)
			}
		case "to/same":
			if change.Similarity != 100 {
				t.Errorf("%+v", change)
			}
		}
	}
	plain := must[[]FileChange](t)(r.Diff(t.Context(), base, head, DiffOptions{NoRenames: true, Paths: []string{"moved", "moved2", "to"}}))
	equal(t, brief(plain), []string{`D "moved" +0 -30`, `A "moved2" +30 -0`, `A "to/same" +26 -0`})
	whole := must[[]FileChange](t)(r.Diff(t.Context(), "", base, DiffOptions{Hunks: true}))
	if len(whole) != 13 {
		t.Errorf("%d files against the empty tree", len(whole))
	}
	if none := must[[]FileChange](t)(r.Diff(t.Context(), base, base, DiffOptions{Hunks: true})); len(none) != 0 {
		t.Errorf("a tree against itself: %v", none)
	}
}

var oddPaths = []string{"new\nline", "tab\tquote\"back\\slash", "latin\xe9", " space ", "*glob?[x]", ":(top)x", "-dash", "diff --git a b", "@@ -1 +1 @@", "snow\u2603"}

func TestOddPaths(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	base := f.commit("base", "f", "1\n")
	var files []string
	for _, path := range oddPaths {
		files = append(files, "d/"+path, "+++ b/x\n--- a/x\n@@ -1 +1 @@\ndiff --git a/x b/x\n"+path)
	}
	head := f.commit("head", files...)
	for _, path := range oddPaths {
		f.git("mv", "d/"+path, "e"+path)
	}
	moved := f.commit("moved")
	r := f.open()
	ctx := t.Context()
	changes := must[[]FileChange](t)(r.Diff(ctx, base, head, DiffOptions{Hunks: true}))
	found := map[string]bool{}
	for _, c := range changes {
		found[strings.TrimPrefix(c.Path, "d/")] = c.Status == Added && len(c.Hunks) == 1 && c.Hunks[0].NewLines == c.Added
	}
	for _, path := range oddPaths {
		if !found[path] {
			t.Errorf("diff lacks %q", path)
		}
		must[OID](t)(r.Lookup(ctx, head, "d/"+path))
		only := must[[]FileChange](t)(r.Diff(ctx, base, head, DiffOptions{Paths: []string{"d/" + path}}))
		if len(only) != 1 || only[0].Path != "d/"+path {
			t.Errorf("diff of %q alone: %v", path, brief(only))
		}
	}
	for entry, err := range r.Log(ctx, LogOptions{From: moved, Max: 1, Changes: ChangesNumstat, Renames: true}) {
		if err != nil || len(entry.Changes) != len(oddPaths) || entry.Changes[0].Status != Renamed {
			t.Errorf("log: %v, %v", brief(entry.Changes), err)
		}
	}
	if entries := must[[]Entry](t)(r.Tree(ctx, moved)); len(entries) != len(oddPaths)+1 {
		t.Errorf("tree: %v", entries)
	}
	f.write("x", "x")
	if snap := must[OID](t)(r.Snapshot(ctx, Worktree)); len(must[[]FileChange](t)(r.Diff(ctx, moved, snap, DiffOptions{}))) != 1 {
		t.Error("the snapshot differs in more than one file")
	}
	for _, path := range oddPaths {
		f.write("e"+path, "changed")
	}
	snap := must[OID](t)(r.Snapshot(ctx, Worktree))
	if got := must[[]FileChange](t)(r.Diff(ctx, moved, snap, DiffOptions{})); len(got) != len(oddPaths)+1 {
		t.Errorf("the snapshot differs in %d files", len(got))
	}
}

// TestDiffIgnoresSettings sets everything that changes what a user's git diff shows.
func TestDiffIgnoresSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	base := f.commit("base", "a.txt", lines(30, nil), "b.txt", "b  b\n", "c.c", "int main() {\n\treturn 0;\n}\n")
	f.git("mv", "a.txt", "z.txt")
	head := f.commit("head", "b.txt", "b b\n", "c.c", "int main() {\n\treturn 1;\n}\n")
	want := brief(must[[]FileChange](t)(f.open().Diff(t.Context(), base, head, DiffOptions{Hunks: true})))
	equal(t, want, []string{`M "b.txt" +1 -1 [1,1 1,1]`, `M "c.c" +1 -1 [2,1 2,1]`, `R "z.txt" +0 -0 from "a.txt"`})
	f.write(".gitattributes", "*.txt binary\n*.c diff=up -text\n")
	f.write(".git/info/attributes", "*.txt -diff\n*.c binary\n")
	for _, setting := range []string{"diff.renames=false", "diff.algorithm=patience", "diff.noprefix=true", "diff.mnemonicPrefix=true",
		"diff.context=9", "diff.ignoreSubmodules=all", "diff.external=false", "diff.up.textconv=tr a-z A-Z <", "diff.orderFile=/dev/zero",
		"core.quotePath=false", "color.ui=always", "diff.submodule=log", "diff.wsErrorHighlight=all", "core.whitespace=cr-at-eol", "diff.relative=true"} {
		key, value, _ := strings.Cut(setting, "=")
		f.git("config", key, value)
		f.git("config", "--global", key, value)
	}
	equal(t, brief(must[[]FileChange](t)(f.open().Diff(t.Context(), base, head, DiffOptions{Hunks: true}))), want)
}

func TestDiffMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "f", "1\n")
	r := f.open()
	var gone *MissingError
	nowhere := OID(strings.Repeat("d", 40))
	if _, err := r.Diff(t.Context(), head, nowhere, DiffOptions{}); !errors.As(err, &gone) || gone.Rev != string(nowhere) {
		t.Errorf("Diff: %v", err)
	}
	if _, err := r.Tree(t.Context(), nowhere); !errors.As(err, &gone) {
		t.Errorf("Tree: %v", err)
	}
	if _, err := r.Diff(t.Context(), head, f.rev("HEAD:f"), DiffOptions{}); err == nil || errors.As(err, &gone) {
		t.Errorf("a blob for a tree: %v", err)
	}
}
