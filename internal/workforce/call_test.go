package workforce

import (
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/gateway"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, args, want, path string }{
		{"Edit", `{"file_path": "/work/repo/src/a.go", "old_string": "x"}`, "Edit src/a.go", "src/a.go"},
		{"write", `{"path": "docs/../b.md"}`, "write b.md", "b.md"},
		{"Read", `{"file_path": "/etc/passwd"}`, "Read", ""},
		{"edit", `{"path": "../../etc/passwd"}`, "edit", ""},
		{"shell", `{"command": ["bash", "-lc", "go test ./..."]}`, "shell bash -lc go test ./...", ""},
		{"Bash", `{"command": "make\nrm -rf x"}`, "Bash make", ""},
		{"grep", `{"pattern": "TODO"}`, "grep TODO", ""},
		{"odd", `[1]`, "odd", ""},
		{"odd", `{`, "odd", ""},
	} {
		call := gateway.Call{Tool: c.tool, Args: json.RawMessage(c.args)}
		if got := describe(call); got != c.want {
			t.Errorf("describe(%s %s) = %q, want %q", c.tool, c.args, got, c.want)
		}
		if got := named(call); got != c.path {
			t.Errorf("named(%s %s) = %q, want %q", c.tool, c.args, got, c.path)
		}
	}
}
