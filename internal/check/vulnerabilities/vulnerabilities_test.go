package vulnerabilities

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/facts"
)

const osvRecord = `{"id": "GO-2026-0001", "modified": "2026-03-01T10:00:00Z", "aliases": ["CVE-2026-1", "GHSA-aaaa"], "summary": "reads\nbeyond",
 "affected": [{"package": {"ecosystem": "Go", "name": "x.example/dep"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}]}],
 "database_specific": {"severity": "HIGH"}}`

// twin is the same vulnerability in another database.
const twin = `{"id": "GHSA-aaaa", "modified": "2026-04-01T10:00:00Z", "aliases": ["CVE-2026-1"],
 "affected": [{"package": {"ecosystem": "Go", "name": "x.example/dep"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}]}]}`

const withdrawn = `{"id": "GO-2026-0002", "modified": "2026-05-01T10:00:00Z", "withdrawn": "2026-05-02T00:00:00Z",
 "affected": [{"package": {"ecosystem": "Go", "name": "x.example/dep"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`

const listed = `{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": "A_B"}, "versions": ["1.0"]}]}`

// data writes records into a folder as Input.Data; names that end in .zip become archives.
func data(t *testing.T, files map[string]any) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		file := filepath.Join(root, "osv", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		text, ok := content.(string)
		if !ok {
			text = archive(t, content.(map[string]string))
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func archive(t *testing.T, entries map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range entries {
		entry, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mod(version string) map[string]string {
	return map[string]string{"go.mod": "module m.example/m\n\ngo 1.26\n\nrequire x.example/dep " + version + "\n"}
}

func run(t *testing.T, data string, base, merged map[string]string) builtin.Result {
	t.Helper()
	in := builtintest.Input(base, merged)
	in.Data = data
	result, err := Check{}.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestStates(t *testing.T) {
	t.Parallel()
	dir := data(t, map[string]any{"a.json": osvRecord, "Go/all.zip": map[string]string{"b.json": twin, "c.json": withdrawn}})
	known := []string{"go.mod:5:0 vulnerabilities/known"}
	tests := []struct {
		name         string
		data         string
		base, merged map[string]string
		want         []string
		state        string
	}{
		{"introduced", dir, nil, mod("v1.1.0"), known, facts.Failed},
		{"fixed version", dir, nil, mod("v1.2.0"), nil, facts.Passed},
		{"downgraded", dir, mod("v1.2.0"), mod("v1.1.0"), known, facts.Failed},
		{"there before", dir, mod("v1.1.0"), map[string]string{"go.mod": mod("v1.1.0")["go.mod"] + "// x\n"}, known, facts.Passed},
		{"an update that does not help", dir, mod("v1.0.0"), mod("v1.1.0"), known, facts.Passed},
		{"no lock file changed", dir, mod("v1.1.0"), map[string]string{"go.mod": mod("v1.1.0")["go.mod"], "a": "b"}, nil, facts.Passed},
		{"no data", "", nil, mod("v1.1.0"), nil, facts.Unavailable},
		{"no data, nothing asked", "", nil, map[string]string{"a": "b"}, nil, facts.Passed},
		{"empty folder", t.TempDir(), nil, mod("v1.1.0"), nil, facts.Unavailable},
		{"no records of the ecosystem", dir, nil, map[string]string{"requirements.txt": "a==1\n"}, nil, facts.Unavailable},
		{"unreadable", dir, nil, map[string]string{"go.mod": "module ("}, []string{"go.mod:1:0 vulnerabilities/unreadable"}, facts.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := run(t, tt.data, tt.base, tt.merged)
			if got := builtintest.Places(result); !slices.Equal(got, tt.want) || result.State != tt.state {
				t.Errorf("got %q %s (%s), want %q %s", got, result.State, result.Reason, tt.want, tt.state)
			}
		})
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	dir := data(t, map[string]any{"a.json": osvRecord})
	result := run(t, dir, nil, mod("v1.1.0"))
	f := result.Merged[0]
	if f.Message != "x.example/dep v1.1.0 is affected by GO-2026-0001, CVE-2026-1, GHSA-aaaa (high): reads beyond" || f.Fix != "update x.example/dep to 1.2.0 or later" {
		t.Errorf("got %q, %q", f.Message, f.Fix)
	}
	if result.Reason != "1 new; 1 OSV records, newest of 2026-03-01" || len(result.Digest) != 64 {
		t.Errorf("got %q, %q", result.Reason, result.Digest)
	}
}

func TestUnavailableSaysHow(t *testing.T) {
	t.Parallel()
	result := run(t, "", nil, mod("v1.0.0"))
	if !strings.Contains(result.Reason, "curl") || !strings.Contains(result.Reason, "/Go/all.zip") || !strings.Contains(result.Reason, "$XDG_DATA_HOME/adamant/osv/Go.zip") {
		t.Errorf("got %q", result.Reason)
	}
}

func TestListedVersionsAndNames(t *testing.T) {
	t.Parallel()
	dir := data(t, map[string]any{"PyPI.zip": map[string]string{"x/PYSEC-1.json": listed}})
	for text, want := range map[string]int{"a.b==1.0\n": 1, "A-b==1.0.0\n": 1, "a_b==1.1\n": 0} {
		if got := run(t, dir, nil, map[string]string{"requirements.txt": text}).Merged; len(got) != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// TestIndex fails when records are read without an index, when a changed file goes unnoticed, or when a damaged index is
// believed.
func TestIndex(t *testing.T) {
	t.Parallel()
	dir := data(t, map[string]any{"a.json": osvRecord})
	index := filepath.Join(dir, "osv", indexName)
	first := run(t, dir, nil, mod("v1.1.0"))
	if _, err := os.Stat(index); err != nil {
		t.Fatal(err)
	}
	if second := run(t, dir, nil, mod("v1.1.0")); second.Digest != first.Digest || len(second.Merged) != 1 {
		t.Errorf("second run: %+v", second)
	}
	if err := os.WriteFile(filepath.Join(dir, "osv", "b.json"), []byte(strings.Replace(strings.ReplaceAll(osvRecord, "-1\"", "-2\""), "GO-2026-0001", "GO-2026-0009", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if third := run(t, dir, nil, mod("v1.1.0")); third.Digest == first.Digest || len(third.Merged) != 2 {
		t.Errorf("a new record: %+v", third)
	}
	for _, damaged := range []string{"", "{}\n", "{\"version\":1}\nGo\tx"} {
		if err := os.WriteFile(index, []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		if again := run(t, dir, nil, mod("v1.1.0")); len(again.Merged) != 2 {
			t.Errorf("index %q: %+v", damaged, again)
		}
	}
}

func TestBrokenRecordsAreErrors(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]any{
		"not JSON":  {"a.json": "{"},
		"not a zip": {"a.zip": "PK"},
		"bad entry": {"a.zip": map[string]string{"a.json": "[]"}},
	} {
		in := builtintest.Input(nil, mod("v1.1.0"))
		in.Data = data(t, files)
		if result, err := (Check{}).Run(t.Context(), in); err == nil {
			t.Errorf("%s: got %+v", name, result)
		}
	}
}

func TestSearchFindsEveryLine(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, name := range []string{"a", "ab", "a-b", "b", "zz/y"} {
		for i := range 3 {
			lines = append(lines, fmt.Sprintf("npm\t%s\t%d\t0\t0\t0", name, i))
		}
	}
	slices.Sort(lines)
	db := database{lines: []byte(strings.Join(lines, "\n") + "\n")}
	for i, line := range lines {
		at := db.search([]byte(line))
		if want := strings.Index(string(db.lines), line); at != want {
			t.Errorf("line %d: got %d, want %d", i, at, want)
		}
	}
	if at := db.search([]byte("npm\tzzz\t")); at != len(db.lines) {
		t.Errorf("beyond the end: %d", at)
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	pkg := func(version string) dependencies.Package {
		return dependencies.Package{Ecosystem: dependencies.NPM, Name: "a", Version: version}
	}
	events := func(text string) []event {
		var all []event
		for _, part := range strings.Fields(text) {
			kind, version, _ := strings.Cut(part, ":")
			raw, err := json.Marshal(map[string]string{kind: version})
			if err != nil {
				t.Fatal(err)
			}
			var e event
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		return all
	}
	tests := []struct {
		events, inside, outside, fixed string
	}{
		{"introduced:0 fixed:1.2.0", "0.0.1 1.1.9 1.2.0-rc.1", "1.2.0 2.0.0", "1.2.0"},
		{"introduced:1.0.0 fixed:1.2.0 introduced:2.0.0 fixed:2.1.0", "2.0.0 2.0.9", "0.9.0 1.2.0 1.9.0 2.1.0", "2.1.0"},
		{"fixed:2.1.0 introduced:2.0.0 fixed:1.2.0 introduced:1.0.0", "1.0.0 1.1.0", "1.2.0 2.1.0", "1.2.0"},
		{"introduced:1.0.0 last_affected:1.2.0", "1.0.0 1.2.0", "1.2.1 0.9.0", ""},
		{"introduced:1.0.0 limit:1.2.0", "1.0.0 1.1.0", "1.2.0", ""},
		{"introduced:0 limit:*", "1.0.0", "", ""},
		{"introduced:0 fixed:1.0.0 introduced:1.0.0", "0.1.0 1.0.0 5.0.0", "", ""},
		{"introduced:1.0.0", "1.0.0 9.0.0", "0.9.0", ""},
	}
	for _, tt := range tests {
		r := versionRange{Type: "SEMVER", Events: events(tt.events)}
		for _, v := range strings.Fields(tt.inside) {
			if in, fixed, err := r.contains(pkg(v)); err != nil || !in || tt.fixed != "" && fixed != tt.fixed {
				t.Errorf("%s: %s got %v, %q, %v", tt.events, v, in, fixed, err)
			}
		}
		for _, v := range strings.Fields(tt.outside) {
			if in, _, err := r.contains(pkg(v)); err != nil || in {
				t.Errorf("%s: %s got %v, %v", tt.events, v, in, err)
			}
		}
	}
	if _, _, err := (versionRange{Events: events("introduced:0")}).contains(pkg("latest")); err == nil {
		t.Error("a version that is none was judged")
	}
}

// TestRangeIsAnInterval fails when a version is affected but not between the bounds, in the order of its ecosystem.
func TestRangeIsAnInterval(t *testing.T) {
	t.Parallel()
	for ecosystem, versions := range generators() {
		rapid.Check(t, func(t *rapid.T) {
			from, to, v := versions.Draw(t, "from"), versions.Draw(t, "to"), versions.Draw(t, "version")
			below, err1 := compareVersions(ecosystem, from, to)
			low, err2 := compareVersions(ecosystem, from, v)
			high, err3 := compareVersions(ecosystem, v, to)
			if err1 != nil || err2 != nil || err3 != nil || below >= 0 || from == "0" { // "0" comes before every version
				t.Skip("not an interval")
			}
			r := versionRange{Events: []event{{Fixed: to}, {Introduced: from}}}
			in, _, err := r.contains(dependencies.Package{Ecosystem: ecosystem, Name: "a", Version: v})
			if want := low <= 0 && high < 0; err != nil || in != want {
				t.Fatalf("%s in [%s, %s): got %v, %v", v, from, to, in, err)
			}
		})
	}
}

func TestUnknownVersionIsSaid(t *testing.T) {
	t.Parallel()
	dir := data(t, map[string]any{"a.json": strings.ReplaceAll(listed, `"versions": ["1.0"]`, `"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "one"}]}]`)})
	result := run(t, dir, nil, map[string]string{"requirements.txt": "a-b==1.0\n"})
	if got := builtintest.Places(result); !slices.Equal(got, []string{"requirements.txt:1:0 vulnerabilities/unknown"}) {
		t.Errorf("got %q", got)
	}
}

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{osvRecord, twin, withdrawn, listed} {
		f.Add([]byte(seed), "x.example/dep", "1.1.0")
	}
	f.Fuzz(func(t *testing.T, text []byte, name, version string) {
		var r record
		if json.Unmarshal(text, &r) != nil {
			return
		}
		for _, ecosystem := range []string{dependencies.Go, dependencies.PyPI, dependencies.Maven} {
			hit, fixed, err := r.match(dependencies.Package{Ecosystem: ecosystem, Name: name, Version: version})
			if !hit && fixed != "" || hit && err != nil {
				t.Fatalf("%v, %q, %v", hit, fixed, err)
			}
		}
	})
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("npm\ta\t0\t0\t10\t0\n"))
	f.Fuzz(func(_ *testing.T, lines []byte) {
		db := database{root: "testdata", lines: append(bytes.TrimRight(lines, "\n"), '\n')}
		_, _ = db.records(dependencies.Package{Ecosystem: "npm", Name: "a"}) // a damaged line is an error, never a panic
	})
}
