package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/waiver"
)

var waiverNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// waiverUntil covers a rule everywhere for some days.
func waiverUntil(id, rule string, days int) waiver.Waiver {
	from, until := waiverNow.AddDate(0, 0, -1), waiverNow.AddDate(0, 0, days)
	return waiver.Waiver{ID: id, Rule: rule, Resource: "**", From: &from, Until: &until}
}

func TestWaive(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Now: waiverNow, Waivers: []waiver.Waiver{waiverUntil("b", "team/b", 3), waiverUntil("a", "team/a", 9), waiverUntil("tests", "evidence/fewer-tests", 5)}}
	refused := finding.Finding{Rule: "team/a", Severity: finding.Error, State: finding.New, Path: "x"}
	as := func(edit func(*finding.Finding)) finding.Finding {
		f := refused
		edit(&f)
		return f
	}
	hold := func(rule string, state finding.State) policy.Violation {
		return policy.Violation{Kind: policy.Hold, Finding: finding.Finding{Rule: rule, Severity: finding.Warning, State: state, Path: "x", Message: "look"}}
	}
	fewer := finding.Finding{Rule: "evidence/fewer-tests", Severity: finding.Warning, State: finding.New}
	tests := []struct {
		name       string
		found      []finding.Finding
		violations []policy.Violation
		want       string // findings with their waivers | rules held for | waivers used
	}{
		{"nothing", nil, nil, "||"},
		{"a refusal", []finding.Finding{refused}, nil, "team/a=a||a:1"},
		{"two", []finding.Finding{refused, refused}, nil, "team/a=a team/a=a||a:2"},
		{"uncovered", []finding.Finding{as(func(f *finding.Finding) { f.Rule = "team/c" })}, nil, "team/c=||"},
		{"a warning needs no waiver", []finding.Finding{as(func(f *finding.Finding) { f.Severity = finding.Warning })}, nil, "team/a=a||"},
		{"nor does what was there before", []finding.Finding{as(func(f *finding.Finding) { f.State = finding.Unchanged })}, nil, "team/a=a||"},
		{"a report cannot waive", []finding.Finding{as(func(f *finding.Finding) { f.Rule, f.Waiver = "team/c", "a" })}, nil, "team/c=||"},
		{"a hold", nil, []policy.Violation{hold("team/b", finding.New)}, "team/b=b||b:1"},
		{"an uncovered hold", nil, []policy.Violation{hold("team/c", finding.New)}, "|team/c|"},
		{"an older hold", nil, []policy.Violation{hold("team/c", finding.Unchanged), hold("team/b", finding.Absent)}, "||"},
		{"a denial is counted by the findings", nil, []policy.Violation{{Kind: policy.Deny, Finding: refused}}, "||"},
		{"fewer tests", []finding.Finding{fewer}, nil, "evidence/fewer-tests=tests||tests:1"},
		{"both", []finding.Finding{refused}, []policy.Violation{hold("team/b", finding.New)}, "team/a=a team/b=b||a:1 b:1"},
	}
	for _, tc := range tests {
		got := waive(in, tc.found, &policy.Result{Violations: tc.violations})
		var findings, holds, used []string
		for _, f := range got.findings {
			findings = append(findings, f.Rule+"="+f.Waiver)
		}
		for _, h := range got.holds {
			holds = append(holds, h.Subject)
		}
		for _, u := range got.used {
			used = append(used, fmt.Sprintf("%s:%d", u.ID, u.Findings))
		}
		if text := strings.Join(findings, " ") + "|" + strings.Join(holds, " ") + "|" + strings.Join(used, " "); text != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, text, tc.want)
		}
	}
	in.Waivers = nil
	if got := waive(in, []finding.Finding{fewer}, &policy.Result{}); len(got.holds) != 1 {
		t.Errorf("fewer tests without a waiver: %+v", got)
	}
}

// An assessment is valid until the first of its waivers lapses.
func TestValidUntilTheFirstWaiverLapses(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Now: waiverNow}
	used := []UsedWaiver{{ID: "a", Until: waiverNow.AddDate(0, 0, 9)}, {ID: "b", Until: waiverNow.AddDate(0, 0, 3)}}
	if got := validUntil(in, manifest.Defaults(), used); got == nil || !got.Equal(used[1].Until) {
		t.Errorf("valid until %v", got)
	}
	if days := used[1].DaysLeft(waiverNow); days != 2 {
		t.Errorf("%d whole days left", days)
	}
}

// A check that failed by findings alone passes when waivers cover all of them.
func TestForgivenByWaivers(t *testing.T) {
	t.Parallel()
	of := func(rule, id string, state finding.State) finding.Finding {
		return finding.Finding{Rule: rule, Severity: finding.Error, State: state, Waiver: id}
	}
	tests := []struct {
		name  string
		found []finding.Finding
		want  string
	}{
		{"all waived", []finding.Finding{of("lint/a", "w", finding.New), of("lint/a", "w", finding.Updated)}, facts.Passed},
		{"older ones need none", []finding.Finding{of("lint/a", "w", finding.New), of("lint/a", "", finding.Unchanged), of("lint/a", "", finding.Absent)}, facts.Passed},
		{"one is not", []finding.Finding{of("lint/a", "w", finding.New), of("lint/a", "", finding.New)}, facts.Failed},
		{"one warning is not", []finding.Finding{of("lint/a", "w", finding.New), {Rule: "lint/a", Severity: finding.Warning, State: finding.New}}, facts.Failed},
		{"another rule's", []finding.Finding{of("lint/b", "w", finding.New)}, facts.Failed},
		{"none is there", nil, facts.Failed},
	}
	for _, tc := range tests {
		if got := forgiven(facts.Evidence{State: facts.Failed, Rules: []string{"lint/a"}}, manifest.Defaults(), tc.found); got.State != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got.State, tc.want)
		}
	}
}
