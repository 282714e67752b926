//go:build interop

package vuln

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGovulncheck asks the real one about a program that calls a
// vulnerable function and about one that does not.
func TestGovulncheck(t *testing.T) {
	tool, err := exec.LookPath("govulncheck")
	if err != nil {
		t.Skip("LEFT OUT: govulncheck is not in PATH: go install golang.org/x/vuln/cmd/govulncheck@v1.9.0")
	}
	dir := t.TempDir()
	db := filepath.Join(dir, "db")
	write(t, filepath.Join(db, "index", "db.json"), `{"modified": "2026-10-01T00:00:00Z"}`, 0o644)
	write(t, filepath.Join(db, "index", "modules.json"), `[{"path": "stdlib", "vulns": [{"id": "GO-2026-0001", "modified": "2026-10-01T00:00:00Z"}]}]`, 0o644)
	write(t, filepath.Join(db, "index", "vulns.json"), `[{"id": "GO-2026-0001", "modified": "2026-10-01T00:00:00Z"}]`, 0o644)
	write(t, filepath.Join(db, "ID", "GO-2026-0001.json"), `{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-10-01T00:00:00Z", "published": "2026-10-01T00:00:00Z", "summary": "s", "details": "d",
		"affected": [{"package": {"name": "stdlib", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
		"ecosystem_specific": {"imports": [{"path": "encoding/pem", "symbols": ["Decode"]}]}}]}`, 0o644)
	sb, id := isolated(t, 3600)
	for code, want := range map[string]bool{"pem.Decode(nil)": true, "pem.EncodeToMemory(nil)": false} {
		program := filepath.Join(t.TempDir(), "p")
		write(t, filepath.Join(filepath.Dir(program), "main.go"), "package main\n\nimport \"encoding/pem\"\n\nfunc main() { "+code+" }\n", 0o644)
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(filepath.Dir(program), "main.go"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		report := Report{Findings: []Finding{{ID: "GO-2026-0001", Status: Affected}}}
		if err := report.Reach(t.Context(), Govulncheck{Program: tool, Database: db, Sandbox: sb, Identity: id}, program); err != nil {
			t.Fatal(err)
		}
		if r := report.Findings[0].Reached; r == nil || *r != want {
			t.Errorf("%s: %v", code, r)
		}
	}
}
