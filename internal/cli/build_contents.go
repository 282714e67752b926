package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/describe"
	"github.com/adamant-os/adamant/internal/build/oci"
	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/trust"
)

// contents is what was written about one artifact, or about all of a target that have the same parts.
type contents struct {
	Name            string       `json:"name"`
	SBOM            string       `json:"sbom"` // path of the CycloneDX document
	Parts           int          `json:"parts"`
	Vulnerabilities *vuln.Report `json:"vulnerabilities,omitempty"` // absent: nobody looked
	Unscanned       string       `json:"unscanned,omitempty"`       // why
}

// pack makes the image of a target that has one. The image is one more artifact: the provenance is about it too.
func (s *shop) pack(ctx context.Context, result *built, out string) error {
	if result.Record.Job.Target.Image == nil {
		return nil
	}
	dir := filepath.Join(out, result.Target+".image")
	image, err := describe.Image(ctx, result.Record, dir)
	var refused *oci.RefusedError
	if errors.As(err, &refused) {
		return &build.FailedError{Target: result.Target, Reason: err.Error()}
	}
	if err != nil {
		return err
	}
	result.images = []build.Artifact{image}
	result.Record.Artifacts = append(result.Record.Artifacts, image)
	result.Image = dir
	return nil
}

// describe writes what the artifacts are made of and what is known about that, signed where the provenance is.
func (s *shop) describe(ctx context.Context, result *built, builder trust.Identity, out string) error {
	all, err := describe.Of(result.Record, result.images...)
	if err != nil {
		return err
	}
	for _, c := range all {
		base := filepath.Join(out, result.Target+"."+strings.NewReplacer("/", "_", ":", "_").Replace(c.Name))
		if c.Name == result.Target {
			base = filepath.Join(out, result.Target)
		}
		one := contents{Name: c.Name, SBOM: base + ".cdx.json", Parts: len(c.Packages)}
		if err := s.document(ctx, result.Target, builder, c, sbom.PredicateType, c.SBOM, attest.KindSBOM, base+".cdx"); err != nil {
			return err
		}
		if err := s.scan(ctx, &one, c, result.Target, builder, base); err != nil {
			return err
		}
		result.Contents = append(result.Contents, one)
	}
	return nil
}

// scan looks the parts up, where there are records of vulnerabilities.
func (s *shop) scan(ctx context.Context, one *contents, c describe.Contents, target string, builder trust.Identity, base string) error {
	folder := filepath.Join(places(s.env).Data, "osv")
	report, err := c.Scan(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		one.Unscanned = "no OSV records in " + folder
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.reach(ctx, &report, c); err != nil {
		return err
	}
	one.Vulnerabilities = &report
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return s.document(ctx, target, builder, c, vuln.PredicateType, text, attest.KindScan, base+".vulnerabilities")
}

// reach asks govulncheck, where it is installed and has its own database, which of the findings are about code that is in a program.
func (s *shop) reach(ctx context.Context, report *vuln.Report, c describe.Contents) error {
	database := filepath.Join(places(s.env).Data, "govulndb")
	if _, err := os.Stat(filepath.Join(database, "index", "db.json")); errors.Is(err, fs.ErrNotExist) || len(report.Findings) == 0 || !c.Program {
		return nil
	}
	program, err := sandbox.Lookup("govulncheck", "", []string{"PATH=" + s.env.Getenv("PATH")})
	if err != nil {
		return nil // it is not installed
	}
	return report.Reach(ctx, vuln.Govulncheck{Program: program, Database: database, Sandbox: s.box, Identity: s.identity}, c.Artifacts[0].Path)
}

// document writes base.json, and base.sigstore.json with the statement that it is about the artifacts.
func (s *shop) document(ctx context.Context, target string, builder trust.Identity, c describe.Contents, predicateType string, text []byte, kind attest.Kind, base string) error {
	if err := os.WriteFile(base+".json", text, 0o644); err != nil {
		return fmt.Errorf("write what %s is made of: %w", c.Name, err)
	}
	statement, err := describe.Statement(c.Artifacts, predicateType, text)
	if err != nil {
		return err
	}
	_, err = s.sign(ctx, target, builder, statement, kind, base+".sigstore.json") // why not was said of the provenance
	return err
}

func (s *shop) printContents(r built) {
	if r.Image != "" {
		fmt.Fprintf(s.env.Stdout, "  image: %s\n", printable(s.short(r.Image)))
	}
	for _, c := range r.Contents {
		known := "vulnerabilities not looked for: " + c.Unscanned
		if v := c.Vulnerabilities; v != nil {
			known = fmt.Sprintf("known vulnerabilities: %d", len(v.Open()))
			if !v.Complete() {
				known += ", nothing known of " + strings.Join(v.Missing, ", ")
			}
		}
		for _, line := range sbomLines(printable(s.short(c.SBOM)), c.Parts, printable(known)) {
			fmt.Fprintln(s.env.Stdout, line)
		}
	}
}

// sbomLines says where an SBOM is and what is known of its parts, on one line where that has room.
func sbomLines(path string, parts int, known string) []string {
	if line := fmt.Sprintf("  SBOM: %s (%s; %s)", path, plural(parts, "part"), known); utf8.RuneCountInString(line) <= logWidth {
		return []string{line}
	}
	lines := []string{fmt.Sprintf("  SBOM: %s (%s)", path, plural(parts, "part"))}
	for _, line := range wrap(known, logWidth-4) {
		lines = append(lines, "    "+line)
	}
	return lines
}
