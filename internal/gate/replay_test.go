package gate

import (
	"bytes"
	"errors"
	"testing"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// denied is a saved verdict that refuses a change.
func denied(t testing.TB) []byte {
	t.Helper()
	a := assessment(func(a *Assessment) {
		a.Findings = []finding.Finding{{Rule: "team/no-debts", Severity: finding.Error, State: finding.New, Message: "a debt", Path: "app.json"}}
	})
	var err error
	if a.Digest, err = Digest(a); err != nil {
		t.Fatal(err)
	}
	data, err := manifest.CanonicalJSON(Decide(a, Standing{Now: noon}))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReplayRefusesEditedVerdicts(t *testing.T) {
	t.Parallel()
	data := denied(t)
	if v, err := Replay(t.Context(), data); err != nil || v.Decision != Deny {
		t.Fatalf("untouched: %v, %v", v, err)
	}
	tests := []struct{ name, old, new string }{
		{"decision", `"decision":"deny"`, `"decision":"allow"`},
		{"decision twice", `"decision":"deny"`, `"decision":"allow","decision":"deny"`},
		{"decision twice, spelt otherwise", `"decision":"deny"`, `"Decision":"allow","decision":"deny"`},
		{"key in capitals", `"decision":"deny"`, `"DECISION":"deny"`},
		{"finding made old", `"state":"new"`, `"state":"unchanged"`},
		{"finding twice", `"state":"new"`, `"state":"unchanged","state":"new"`},
		{"reason taken out", `"effect":"deny"`, `"effect":"hold"`},
		{"merge mode", `"mode":"none"`, `"mode":"auto"`},
		{"unknown field", `"decision":"deny"`, `"decision":"deny","note":"allow"`},
		{"more behind it", "\x00", ""},
	}
	for _, tt := range tests {
		edited := bytes.Replace(data, []byte(tt.old), []byte(tt.new), 1)
		if tt.old == "\x00" {
			edited = append(bytes.Clone(data), "{}"...)
		} else if bytes.Equal(edited, data) {
			t.Fatalf("%s: nothing was edited in %s", tt.name, data)
		}
		if v, err := Replay(t.Context(), edited); err == nil {
			t.Errorf("%s: taken for %s", tt.name, v.Decision)
		}
	}
	spaced := bytes.ReplaceAll(data, []byte(`,"`), []byte(",\n  \""))
	if _, err := Replay(t.Context(), spaced); err != nil {
		t.Errorf("layout is no edit: %v", err)
	}
	if _, err := Replay(t.Context(), bytes.Replace(data, []byte(`"score":0`), []byte(`"score":1`), 1)); !errors.Is(err, ErrDiffers) {
		t.Errorf("another score: %v, want ErrDiffers", err)
	}
}
