package vuln

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes that tests open
	leaktest.Main(m)
}

// sandboxes are made once: they count their control groups by process.
var sandboxes = sync.OnceValues(func() (*sandbox.Sandbox, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return sandbox.New(context.Background(), sandbox.Options{Self: self})
})

func isolated(t *testing.T, slot int) (*sandbox.Sandbox, sandbox.Identity) {
	t.Helper()
	sb, err := sandboxes()
	if err != nil {
		t.Fatalf("%v; run these tests where sandboxes can be had", err)
	}
	id, err := sandbox.Slot(slot)
	if err != nil {
		t.Fatal(err)
	}
	return sb, id
}

func TestReach(t *testing.T) {
	t.Parallel()
	const answer = `{"config": {"protocol_version": "v1.0.0"}}
{"progress": {"message": "Scanning"}}
{"finding": {"osv": "GO-1", "trace": [{"module": "example.org/lib", "version": "v1.4.0"}]}}
{"finding": {"osv": "GO-1", "trace": [{"module": "example.org/lib", "package": "example.org/lib", "function": "Bad"}]}}
{"finding": {"osv": "GO-2", "trace": [{"module": "example.org/lib", "version": "v1.4.0"}]}}
`
	slot := 3500
	for name, c := range map[string]struct {
		script string
		want   string
	}{
		"answers":        {"cat <<'E'\n" + answer + "E\n", ""},
		"fails":          {"echo no database >&2; exit 2\n", "it ended with status 2 : no database"},
		"something else": {"echo '{}'\n", "is it govulncheck"},
		"no JSON":        {"echo hello\n", "read its answer"},
		"sees":           {"cat /scan/program /scan/db/index/db.json || exit 3; touch /scan/db/new && exit 4; cat /etc/shadow && exit 5; cat <<'E'\n" + answer + "E\n", "read its answer"},
	} {
		slot++
		sb, id := isolated(t, slot)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "tool"), "#!/bin/sh\n"+c.script, 0o755)
			write(t, filepath.Join(dir, "program"), "program ", 0o644)
			write(t, filepath.Join(dir, "db", "index", "db.json"), "database ", 0o644)
			report := Report{Findings: []Finding{{ID: "GHSA-1", Aliases: []string{"CVE-1", "GO-1"}, Status: Affected}, {ID: "GO-2", Status: Affected}, {ID: "GO-3", Status: Affected}}}
			err := report.Reach(t.Context(), Govulncheck{Program: filepath.Join(dir, "tool"), Database: filepath.Join(dir, "db"), Sandbox: sb, Identity: id}, filepath.Join(dir, "program"))
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			f := report.Findings
			if f[0].Reached == nil || !*f[0].Reached || f[1].Reached == nil || *f[1].Reached || f[2].Reached != nil || f[1].Status != Affected {
				t.Errorf("%+v", f)
			}
		})
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), exectest.WriteFile(path, []byte(text), mode)); err != nil {
		t.Fatal(err)
	}
}
