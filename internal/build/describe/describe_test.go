package describe

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/build/oci"
	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/manifest"
)

// record is a build that left a Go program and a page, made with one package of npm.
func record(t *testing.T) *build.Record {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	program, page := filepath.Join(dir, "hello"), filepath.Join(dir, "page.html")
	must(t, errors.Join(os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o600), os.WriteFile(page, []byte("<p>"), 0o600)))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", program, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := &build.Record{Epoch: 1_790_000_000, Layers: []fetch.Layer{{Dependencies: []fetch.Dependency{
		{Ecosystem: fetch.NPM, Name: "left", Version: "1.0.0", Digests: map[string]string{"sha256": strings.Repeat("ab", 32)}}}}}}
	r.Job = build.Job{Repository: "demo", Commit: "0123456789abcdef0123456789abcdef01234567", Target: manifest.Build{Name: "site", Platform: "linux/amd64", Image: &manifest.BuildImage{Entrypoint: []string{"/bin/hello"}, Env: map[string]string{"B": "2", "A": "1"}}}}
	for name, path := range map[string]string{"bin/hello": program, "page.html": page} {
		sum, err := exec.CommandContext(t.Context(), "sha256sum", path).Output()
		must(t, err)
		r.Artifacts = append(r.Artifacts, build.Artifact{Name: name, SHA256: string(sum[:64]), Mode: 0o755, Path: path})
	}
	if r.Artifacts[0].Name != "bin/hello" {
		r.Artifacts[0], r.Artifacts[1] = r.Artifacts[1], r.Artifacts[0]
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	r := record(t)
	image, err := Image(t.Context(), r, filepath.Join(t.TempDir(), "image"))
	must(t, err)
	r.Artifacts = append(r.Artifacts, image)
	all, err := Of(r, image)
	must(t, err)
	var got []string
	for _, c := range all {
		subject, packages, err := sbom.Read(c.SBOM)
		must(t, err)
		line := c.Name + ":"
		for _, a := range c.Artifacts {
			line += " " + a.Name
		}
		if subject.Name != c.Name || subject.SHA256 != c.Artifacts[0].SHA256 || len(packages) != len(c.Packages) {
			t.Errorf("%+v of %+v", subject, c)
		}
		for _, p := range c.Packages {
			line += " " + string(p.Ecosystem) + "/" + p.Name
		}
		got = append(got, line)
	}
	want := []string{"bin/hello: bin/hello Go/stdlib", "site: page.html npm/left", "oci:site: oci:site Go/stdlib npm/left"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	r.Artifacts = []build.Artifact{r.Artifacts[0], image}
	if all, err = Of(r, image); err != nil || len(all) != 1 || len(all[0].Artifacts) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	r := record(t)
	dir := filepath.Join(t.TempDir(), "image")
	first, err := Image(t.Context(), r, dir)
	must(t, err)
	second, err := Image(t.Context(), r, dir) // replaces the first
	must(t, err)
	if first != second || first.Name != "oci:site" || len(first.SHA256) != 64 {
		t.Errorf("%+v, then %+v", first, second)
	}
	if _, err := os.Stat(filepath.Join(dir, "blobs", "sha256", first.SHA256)); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(r *build.Record){
		"it has 2 artifacts: name one": func(r *build.Record) { r.Job.Target.Image = &manifest.BuildImage{} },
		"is not among its files":       func(r *build.Record) { r.Job.Target.Image.Entrypoint = []string{"/hello"} },
		"images are for linux":         func(r *build.Record) { r.Job.Target.Platform = "darwin/arm64" },
		"is a program for":             func(r *build.Record) { r.Job.Target.Platform = "linux/arm64" },
	} {
		r := record(t)
		change(r)
		_, err := Image(t.Context(), r, filepath.Join(t.TempDir(), "image"))
		var refused *oci.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestChanged changes artifacts after the build: nothing is said about other bytes than those of the record.
func TestChanged(t *testing.T) {
	t.Parallel()
	r := record(t)
	file, err := os.OpenFile(r.Artifacts[0].Path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("x")
	must(t, errors.Join(err, file.Close()))
	if _, err := Of(r); err == nil || !strings.Contains(err.Error(), "it was changed since it was built") {
		t.Error(err)
	}
	dir := filepath.Join(t.TempDir(), "image")
	if _, err := Image(t.Context(), r, dir); err == nil || !strings.Contains(err.Error(), "it was changed since it was built") {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is an image")
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "a.json"), []byte(`{"id": "GO-1", "modified": "2026-10-01T00:00:00Z", "affected": [{"package": {"ecosystem": "Go", "name": "stdlib"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`), 0o600))
	r := record(t)
	all, err := Of(r)
	must(t, err)
	report, err := all[0].Scan(t.Context(), folder)
	must(t, err)
	if len(report.Findings) != 1 || report.Findings[0].ID != "GO-1" {
		t.Errorf("%+v", report)
	}
	predicate, err := json.Marshal(report)
	must(t, err)
	text, err := Statement(all[0].Artifacts, vuln.PredicateType, predicate)
	must(t, err)
	var s struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
		Subject       []build.Descriptor
		Predicate     vuln.Report
	}
	must(t, json.Unmarshal(text, &s))
	if s.Type != build.StatementType || s.PredicateType != vuln.PredicateType || s.Subject[0].Digest["sha256"] != r.Artifacts[0].SHA256 || s.Predicate.Findings[0].ID != "GO-1" {
		t.Errorf("%s", text)
	}
	if _, err := Statement(nil, vuln.PredicateType, predicate); err == nil {
		t.Error("a statement about nothing")
	}
	if _, err := Statement(all[0].Artifacts, vuln.PredicateType, []byte("{")); err == nil {
		t.Error("a broken predicate")
	}
}
