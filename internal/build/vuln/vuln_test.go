package vuln

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/build/sbom"
)

// record is an OSV record of a package that is fixed in 1.5.0.
func record(id, ecosystem, name, more string) string {
	return `{"id": "` + id + `", "modified": "2026-10-01T00:00:00Z", "aliases": ["CVE-2026-` + id + `"], "summary": "It\n breaks", "database_specific": {"severity": "HIGH"},
		"affected": [{"package": {"ecosystem": "` + ecosystem + `", "name": "` + name + `"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}]}]` + more + `}`
}

func folder(t *testing.T, records ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, text := range records {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func parts() []sbom.Package {
	return []sbom.Package{
		{Ecosystem: fetch.Go, Name: "example.org/lib", Version: "v1.4.0"},
		{Ecosystem: fetch.Go, Name: "example.org/lib", Version: "v1.4.0"},
		{Ecosystem: fetch.Go, Name: "example.org/new", Version: "v1.5.0"},
		{Ecosystem: fetch.Go, Name: "example.org/folder"},
		{Ecosystem: fetch.Go, Name: "stdlib", Version: "1.4.9"},
		{Ecosystem: fetch.NPM, Name: "left", Version: "1.0.0"},
	}
}

func records() []string {
	return []string{record("1", "Go", "example.org/lib", ""), record("2", "Go", "example.org/new", ""), record("3", "Go", "example.org/folder", ""),
		record("4", "Go", "stdlib", ""), record("5", "Go", "example.org/lib", `, "withdrawn": "2026-10-02T00:00:00Z"`)}
}

func TestScan(t *testing.T) {
	t.Parallel()
	report, err := Scan(t.Context(), folder(t, records()...), parts(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range report.Findings {
		got = append(got, f.ID+" "+f.Package+" "+string(f.Status)+" "+f.Fixed)
	}
	want := []string{"3 pkg:golang/example.org/folder unknown ", "1 pkg:golang/example.org/lib@v1.4.0 affected 1.5.0", "4 pkg:golang/stdlib@1.4.9 affected 1.5.0"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if f := report.Findings[1]; f.Severity != "high" || f.Summary != "It breaks" || f.Aliases[0] != "CVE-2026-1" || f.Reached != nil {
		t.Errorf("%+v", f)
	}
	if strings.Join(report.Missing, " ") != "npm" || report.Complete() || report.Records != 4 || report.Newest != "2026-10-01T00:00:00Z" || len(report.Database) != 71 || len(report.Open()) != 3 {
		t.Errorf("%+v", report)
	}
	if _, err := Scan(t.Context(), t.TempDir(), parts(), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	const sum = "abababababababababababababababababababababababababababababababab"
	dir := folder(t, records()...)
	document := func(time, statements string) string {
		return `{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "` + time + `", "statements": [` + statements + `]}`
	}
	const older, newer = "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"
	says := func(vulnerability, products string) string {
		return `{"vulnerability": ` + vulnerability + `, "products": [` + products + `], "status": "not_affected", "justification": "vulnerable_code_not_present"}`
	}
	for name, c := range map[string]struct {
		documents []string
		want      Status
		reason    string
	}{
		"none":                   {nil, Affected, ""},
		"package":                {[]string{document(older, says(`{"name": "CVE-2026-1"}`, `{"@id": "pkg:golang/example.org/lib@v1.4.0"}`))}, NotAffected, "vulnerable_code_not_present"},
		"old form":               {[]string{document(older, says(`"1"`, `"pkg:golang/example.org/lib@v1.4.0"`))}, NotAffected, "vulnerable_code_not_present"},
		"any version":            {[]string{document(older, says(`{"name": "1"}`, `{"identifiers": {"purl": "pkg:golang/example.org/lib"}}`))}, NotAffected, "vulnerable_code_not_present"},
		"by alias":               {[]string{document(older, says(`{"name": "X", "aliases": ["CVE-2026-1"]}`, `{"@id": "pkg:golang/example.org/lib"}`))}, NotAffected, "vulnerable_code_not_present"},
		"another version":        {[]string{document(older, says(`{"name": "1"}`, `{"@id": "pkg:golang/example.org/lib@v1.3.0"}`))}, Affected, ""},
		"another vulnerability":  {[]string{document(older, says(`{"name": "CVE-2026-11"}`, `{"@id": "pkg:golang/example.org/lib"}`))}, Affected, ""},
		"artifact":               {[]string{document(older, says(`{"name": "1"}`, `{"hashes": {"sha-256": "`+sum+`"}}`))}, NotAffected, "vulnerable_code_not_present"},
		"part of artifact":       {[]string{document(older, says(`{"name": "1"}`, `{"@id": "pkg:generic/tool@1", "subcomponents": [{"@id": "pkg:golang/example.org/lib"}]}`))}, NotAffected, "vulnerable_code_not_present"},
		"other part of artifact": {[]string{document(older, says(`{"name": "1"}`, `{"@id": "pkg:generic/tool@1", "subcomponents": [{"@id": "pkg:golang/stdlib"}]}`))}, Affected, ""},
		"other artifact":         {[]string{document(older, says(`{"name": "1"}`, `{"@id": "pkg:generic/other@1", "subcomponents": [{"@id": "pkg:golang/example.org/lib"}]}`))}, Affected, ""},
		"the latest counts": {[]string{
			document(newer, `{"vulnerability": {"name": "1"}, "products": [{"@id": "pkg:golang/example.org/lib"}], "status": "affected", "action_statement": "update"}`),
			document(older, says(`{"name": "1"}`, `{"@id": "pkg:golang/example.org/lib"}`))}, Affected, "update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var documents [][]byte
			for _, text := range c.documents {
				documents = append(documents, []byte(text))
			}
			report, err := Scan(t.Context(), dir, parts()[:1], []string{"pkg:generic/tool@1", "sha256:" + sum}, documents...)
			if err != nil || len(report.Findings) != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			if f := report.Findings[0]; f.Status != c.want || f.Reason != c.reason {
				t.Errorf("%s %q", f.Status, f.Reason)
			}
			if open := len(report.Open()); (open == 0) != (c.want == NotAffected) {
				t.Errorf("%d open", open)
			}
		})
	}
}

func TestStatementsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t, records()...)
	for text, want := range map[string]string{
		`{`:  "unexpected end",
		`{}`: "@context",
		`{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{}]}`:                                                                                                  "its time cannot be read",
		`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"status": "fine"}]}`:                                             `status "fine" is none`,
		`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"status": "not_affected"}]}`:                                     "justification",
		`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"status": "fixed"}]}`:                                            "no vulnerability",
		`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"status": "fixed", "vulnerability": {"name": "1"}}]}`:            "no product",
		`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"status": "fixed", "vulnerability": 7, "products": ["pkg:x"]}]}`: "cannot unmarshal",
	} {
		if _, err := Scan(t.Context(), dir, parts(), nil, []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzStatements(f *testing.F) {
	f.Add([]byte(`{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-10-01T00:00:00Z", "statements": [{"vulnerability": "1", "products": ["pkg:golang/a"], "status": "fixed"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		statements, err := parse([][]byte{text})
		if err != nil {
			return
		}
		got := answer(Finding{ID: "1", Package: "pkg:golang/a@v1", Status: Affected}, []string{"sha256:00"}, statements)
		if got.Status == Unknown || got.Status == "" {
			t.Fatalf("%+v", got)
		}
	})
}
