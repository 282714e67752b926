package manifest

import (
	"encoding/json"
	"testing"
	"time"
)

const fullWaiver = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: legacy-ui, description: d}
spec:
  rule: kubernetes/privileged
  resource: deploy/legacy/**
  justification: the vendor's agent needs the host until June
  owner: operator
  approvedBy: operator
  created: 2026-11-01
  expires: 2026-12-31T23:59:59+02:00
  maxFindings: 3
  ticket: OPS-12
  reason: read in place of justification
  renewals:
    - {on: 2026-11-10, reason: the vendor is late by a month, by: operator, expired: 2026-11-30}
`

func TestParseMoment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want string // UTC
		day  bool
	}{
		{"2026-12-31", "2026-12-31T00:00:00Z", true},
		{"2028-02-29", "2028-02-29T00:00:00Z", true},
		{"2026-12-31T23:30:00-02:00", "2027-01-01T01:30:00Z", false},
		{"2026-12-31T23:30:00.000000001Z", "2026-12-31T23:30:00.000000001Z", false},
		{"2026-12-31T00:00:00-00:00", "2026-12-31T00:00:00Z", false},
		{"2000-01-01", "2000-01-01T00:00:00Z", true},
		{"2199-12-31", "2199-12-31T00:00:00Z", true},
	}
	for _, tc := range tests {
		at, day, err := ParseMoment(tc.text)
		if err != nil || at.Format(time.RFC3339Nano) != tc.want || day != tc.day {
			t.Errorf("%s: %s, day %v, %v; want %s", tc.text, at.Format(time.RFC3339Nano), day, err, tc.want)
		}
	}
	for _, text := range []string{
		"", " ", "never", "2026", "2026-12", "2026-1-1", "26-12-31", "2026-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-12-00", "2026/12/31", "31.12.2026",
		" 2026-12-31", "2026-12-31 ", "2026-12-31\n", "2026-12-31T10:00:00", "2026-12-31 10:00:00Z", "2026-12-31T10:00Z", "2026-12-31T1:00:00Z", "2026-12-31t10:00:00z",
		"2026-12-31T24:00:00Z", "2026-12-31T10:00:60Z", "2026-12-31T10:00:00,5Z", "2026-12-31T10:00:00+24:00", "2026-12-31T10:00:00+2", "1999-12-31", "2200-01-01",
		"2199-12-31T23:59:59-01:00", "9999-12-31", "99999-12-31", "-2026-12-31", "+2026-12-31", "０２６-12-31", "1798761600",
	} {
		if at, _, err := ParseMoment(text); err == nil {
			t.Errorf("%q is read as %s", text, at)
		}
	}
}

// What the decoder takes of a waiver, the schema takes; what the schema refuses, the decoder refuses.
func TestWaiverSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := compile(t, "Waiver")
	if w, doc, problems := LoadWaiver("w.yaml", []byte(fullWaiver)); problems != nil || doc == nil || w.Spec.Renewals[0].By != "operator" {
		t.Fatal(Join(problems))
	}
	total, refused := 0, 0
	mutate(ParseYAML("", []byte(fullWaiver))[0].Value, func(what string, root any) {
		raw, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		var w Waiver
		problems := Decode(ParseJSON("m.json", raw), &w)
		schemaErr := valid(t, schema, root)
		total++
		if schemaErr != nil {
			refused++
		}
		if (len(problems) == 0) != (schemaErr == nil) {
			t.Errorf("%s: decoder says %v, schema says %v", what, Join(problems), schemaErr)
		}
	})
	if total < 280 || refused < total/2 || refused == total {
		t.Errorf("%d mutants, %d refused: the test has lost its teeth", total, refused)
	}
}

func TestLoadWaiverIsOneDocument(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "---\n", "a: [", fullWaiver + "---\n" + fullWaiver} {
		w, doc, problems := LoadWaiver("w.yaml", []byte(text))
		if len(problems) == 0 || w == nil {
			t.Errorf("%q: %v, %v", text, doc, problems)
		}
	}
}
