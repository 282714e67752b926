package gate

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

// FuzzReplay: whatever a file holds, judging it again panics nowhere, and what comes out replays to itself. A verdict is accepted
// only as it was written.
func FuzzReplay(f *testing.F) {
	for _, seed := range [][]byte{denied(f), waiting(f), soaking(f), document(f)} {
		if _, err := Replay(f.Context(), seed); err != nil {
			f.Fatalf("%v\n%s", err, seed)
		}
		f.Add(seed)
	}
	f.Add(bytes.Replace(denied(f), []byte(`"decision":"deny"`), []byte(`"decision":"allow"`), 1))
	f.Add(bytes.Replace(denied(f), []byte(`"decision":"deny"`), []byte(`"decision":"allow","decision":"deny"`), 1))
	f.Add([]byte(`{"apiVersion":"` + VerdictVersion + `","assessment":{}}`))
	f.Add([]byte(`{"apiVersion":"` + facts.APIVersion + `"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		replays(t, data)
		if data, ok := forged(data); ok { // who edits a verdict can count its digest too
			replays(t, data)
		}
	})
}

func replays(t *testing.T, data []byte) {
	v, err := Replay(t.Context(), data)
	if err != nil {
		return
	}
	out, err := manifest.CanonicalJSON(v)
	if err != nil {
		t.Fatalf("the verdict cannot be written: %v", err)
	}
	if is, err := manifest.CanonicalDocument(json.RawMessage(data)); v.APIVersion == versionOf(data) && (err != nil || !bytes.Equal(is, out)) {
		t.Fatalf("took\n%s\nfor\n%s\n%v", data, out, err)
	}
	same, err := Replay(t.Context(), out)
	if err != nil {
		t.Fatalf("its verdict does not replay: %v\n%s", err, out)
	}
	if text, err := manifest.CanonicalJSON(same); err != nil || !bytes.Equal(text, out) {
		t.Fatalf("replayed to\n%s\nfrom\n%s\n%v", text, out, err)
	}
}

func versionOf(data []byte) string {
	var kind struct {
		APIVersion string `json:"apiVersion"`
	}
	if json.Unmarshal(data, &kind) != nil {
		return ""
	}
	return kind.APIVersion
}

// forged decides the assessment of a verdict anew, with its own digest.
func forged(data []byte) ([]byte, bool) {
	var v Verdict
	if versionOf(data) != VerdictVersion || strict(data, &v) != nil || v.Assessment == nil {
		return nil, false
	}
	digest, err := Digest(v.Assessment)
	if err != nil {
		return nil, false
	}
	v.Assessment.Digest = digest
	out, err := manifest.CanonicalJSON(Decide(v.Assessment, Standing{Change: v.Change, Approvals: v.Approvals, SoakStart: v.SoakStart, Now: v.Now}))
	return out, err == nil
}

// waiting is a saved verdict with much that a verdict may have: what it waits for, and an approval that does not count.
func waiting(f *testing.F) []byte {
	return saved(f, Standing{Approvals: []Approval{{}}, Now: noon}, func(a *Assessment) {
		a.Level, a.Merge.Mode = risk.High, ModeManual
		a.Gates = append(a.Gates, Gate{Name: "unit", State: Pending, Reason: "not run", Checks: []string{"go-test"}})
		a.Holds = append(a.Holds, Reason{Effect: Hold, Subject: "tests/skipped", Path: "a_test.go", Line: 3, Message: "a test is skipped"})
		a.Findings = []finding.Finding{{Rule: "lint/x", Severity: finding.Warning, Message: "odd", Path: "a.go", Line: 1}}
	})
}

// soaking is a saved verdict that only waits for its time.
func soaking(f *testing.F) []byte {
	since := noon
	return saved(f, Standing{SoakStart: &since, Now: noon}, func(a *Assessment) { a.Merge = Merge{Mode: ModeSoak, SoakSeconds: 3600} })
}

func saved(f *testing.F, s Standing, change func(*Assessment)) []byte {
	a := assessment(change)
	var err error
	if a.Digest, err = Digest(a); err != nil {
		f.Fatal(err)
	}
	data, err := manifest.CanonicalJSON(Decide(a, s))
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// document is a saved input.
func document(f *testing.F) []byte {
	config, err := manifest.CanonicalJSON(manifest.Defaults())
	if err != nil {
		f.Fatal(err)
	}
	data, err := manifest.CanonicalDocument(&facts.Input{APIVersion: facts.APIVersion, Now: noon, Config: json.RawMessage(config),
		Files:  []facts.File{{Path: "a.go", Status: "modified", Class: "source", Language: "go"}},
		Policy: facts.Policy{Engine: "x"}})
	if err != nil {
		f.Fatal(err)
	}
	return data
}
