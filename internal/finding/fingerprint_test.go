package finding

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func texts(files map[string]string) Text {
	return func(path string) ([]byte, bool) {
		s, ok := files[path]
		return []byte(s), ok
	}
}

func TestFingerprintIsPinned(t *testing.T) {
	t.Parallel()
	// A change of this value throws away every ratchet mark there is: raise FingerprintVersion with it.
	const want = "f66fdc06b838869d3282cf9455ed81b1"
	if got := Fingerprint("secrets/aws-access-key", "line key = \"x\"", "main.run", 1); got != want {
		t.Fatalf("Fingerprint = %s, want %s", got, want)
	}
}

func TestFingerprintSeparatesItsParts(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, in := range [][3]string{{"ab", "c", ""}, {"a", "bc", ""}, {"abc", "", ""}, {"", "abc", ""}, {"", "", "abc"}, {"a", "b", "c"}} {
		for occurrence := range 3 {
			seen[Fingerprint(in[0], in[1], in[2], occurrence)] = true
		}
	}
	if len(seen) != 18 {
		t.Fatalf("%d distinct fingerprints of 18", len(seen))
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"", ""},
		{"  \t\r", ""},
		{"if a==b {", "if a = = b {"},
		{"\tif  a == b{\r", "if a = = b {"},
		{`x := "a  b" + 'c'`, `x : = "a  b" + 'c'`},
		{`s = "a\"  b" ;`, `s = "a\"  b" ;`},
		{"don't  stop", "don ' t stop"},
		{"größe=$1", "größe = $1"},
		{"a\xffb", "a \xff b"},
		{`"open \`, `" open \`},
	} {
		if got := Normalise(tc.in); got != tc.want {
			t.Errorf("Normalise(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestNormaliseIgnoresLayoutOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOf(rapid.SampledFrom([]string{"if", "x", "==", "12", `"a b"`, "{", "}", "+", "é"})).Draw(t, "tokens")
		tight := strings.Join(tokens, " ")
		loose := "\t" + strings.Join(tokens, "   \t") + "  "
		if Normalise(tight) != Normalise(loose) {
			t.Fatalf("%q and %q differ: %q, %q", tight, loose, Normalise(tight), Normalise(loose))
		}
		if once := Normalise(tight); Normalise(once) != once {
			t.Fatalf("not idempotent: %q", once)
		}
	})
}

func TestAssignFingerprints(t *testing.T) {
	t.Parallel()
	before := texts(map[string]string{"a.go": "package a\n\nfunc f() {\n\tgo leak()\n\tgo leak()\n}\n"})
	after := texts(map[string]string{"b.go": "package a\n\n// moved\n\nfunc f() {\n  go   leak( )\n\n\tgo leak()\n}\n"})
	symbol := func(_ string, content []byte, line int) string {
		head := strings.Join(strings.Split(string(content), "\n")[:line], "\n")
		return map[bool]string{true: "f"}[strings.Contains(head, "func f")]
	}
	base := []Finding{{Rule: "r", Path: "a.go", Line: 5, Message: "m"}, {Rule: "r", Path: "a.go", Line: 4, Message: "m"}}
	merged := []Finding{{Rule: "r", Path: "b.go", Line: 6, Message: "m"}, {Rule: "r", Path: "b.go", Line: 8, Message: "m", Fingerprint: "forged"}}
	AssignFingerprints(base, before, symbol)
	AssignFingerprints(merged, after, symbol)
	if base[0].Fingerprint == base[1].Fingerprint {
		t.Error("two occurrences share a fingerprint")
	}
	if base[1].Fingerprint != merged[0].Fingerprint || base[0].Fingerprint != merged[1].Fingerprint {
		t.Errorf("moved, reformatted or renamed code changed fingerprints: %+v %+v", base, merged)
	}
	want := Fingerprint("r", "line go leak ( )", "f", 0)
	if base[1].Fingerprint != want {
		t.Errorf("fingerprint = %s, want %s", base[1].Fingerprint, want)
	}
	AssignFingerprints(merged, after, nil)
	if merged[0].Fingerprint != Fingerprint("r", "line go leak ( )", "", 0) {
		t.Error("without a symbol function the symbol is not empty")
	}
}

func TestAssignFingerprintsWithoutALine(t *testing.T) {
	t.Parallel()
	fs := []Finding{
		{Rule: "r", Path: "go.mod", Message: "x 1.2 has CVE-2026-0001"},
		{Rule: "r", Path: "go.mod", Message: "x 1.2 has CVE-2026-0002"},
		{Rule: "r", Path: "a/b.go", Message: "a/b.go: file `a/b.go` has no owner"},
		{Rule: "r", Path: "c.go", Message: "c.go: file `c.go` has no owner"},
		{Rule: "r", Path: "gone.go", Line: 3, Message: "m"},
		{Rule: "r", Message: "m"},
	}
	AssignFingerprints(fs, nil, nil)
	if fs[0].Fingerprint == fs[1].Fingerprint {
		t.Error("another CVE in the same file looks like the same finding")
	}
	if fs[2].Fingerprint != fs[3].Fingerprint {
		t.Error("a finding about a file does not survive its rename")
	}
	if fs[4].Fingerprint != fs[5].Fingerprint || fs[4].Fingerprint == "" {
		t.Error("an unreadable line is not identified by its message")
	}
}

func TestAssignFingerprintsKeepsOrderAndIgnoresIt(t *testing.T) {
	t.Parallel()
	content := texts(map[string]string{"a": "x\nx\ny\n", "b": "x\n"})
	rapid.Check(t, func(t *rapid.T) {
		fs := rapid.SliceOf(drawFinding()).Draw(t, "fs")
		shuffled := rapid.Permutation(fs).Draw(t, "shuffled")
		order := placesOf(shuffled)
		AssignFingerprints(fs, content, nil)
		AssignFingerprints(shuffled, content, nil)
		if !slices.Equal(order, placesOf(shuffled)) {
			t.Fatal("findings were reordered")
		}
		Sort(fs)
		Sort(shuffled)
		if !slices.Equal(fs, shuffled) {
			t.Fatalf("order decides fingerprints:\n%+v\n%+v", fs, shuffled)
		}
	})
}

func placesOf(fs []Finding) []Finding {
	out := slices.Clone(fs)
	for i := range out {
		out[i].Fingerprint = ""
	}
	return out
}

// drawFinding draws from few values, so that equal ones are common.
func drawFinding() *rapid.Generator[Finding] {
	return rapid.Custom(func(t *rapid.T) Finding {
		return Finding{
			Rule:     rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "rule"),
			Severity: rapid.SampledFrom([]Severity{Error, Warning}).Draw(t, "severity"),
			Message:  rapid.SampledFrom([]string{"m", "has 3 lines", "has 4 lines"}).Draw(t, "message"),
			Path:     rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "path"),
			Line:     rapid.IntRange(0, 4).Draw(t, "line"),
		}
	})
}

// TestManyFindingsOnALongLine: a hundred thousand findings on one line of 200 kB end, and differ by their occurrence only.
func TestManyFindingsOnALongLine(t *testing.T) {
	t.Parallel()
	line := bytes.Repeat([]byte(`"\\"`), 50_000)
	fs := make([]Finding, 100_000)
	for i := range fs {
		fs[i] = Finding{Rule: "r", Path: "a", Line: 1, Column: i + 1}
	}
	AssignFingerprints(fs, func(string) ([]byte, bool) { return line, true }, nil)
	if fs[0].Fingerprint == fs[1].Fingerprint || fs[0].Fingerprint == "" {
		t.Errorf("fingerprints %q and %q", fs[0].Fingerprint, fs[1].Fingerprint)
	}
	spaced := []Finding{{Rule: "r", Path: "a", Line: 1, Column: 1}}
	AssignFingerprints(spaced, func(string) ([]byte, bool) { return append([]byte("  "), line...), true }, nil)
	if spaced[0].Fingerprint != fs[0].Fingerprint {
		t.Error("indentation changed the fingerprint of a long line")
	}
}
