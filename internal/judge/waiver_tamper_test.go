package judge

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
)

const debtsPath = ".adamant/waivers/debts.yaml"

// waiverOf is a waiver of team/no-debts in app.json; pairs of old and new text change it.
func waiverOf(replace ...string) string {
	const text = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: debts}
spec:
  rule: team/no-debts
  resource: /app.json
  justification: the bank needs until the end of the year
  owner: operator
  approvedBy: operator
  created: 2026-11-01
  expires: 2026-12-31
`
	return strings.NewReplacer(replace...).Replace(text)
}

// judgedAt judges feature against main at an instant, without running any command.
func judgedAt(t testing.TB, r *gittest.Repo, now time.Time) *Outcome {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	places := t.TempDir()
	outcome, err := Run(t.Context(), repo, Request{Base: "main", Head: "feature", Run: []string{}, Now: now,
		Places: Places{Cache: places, State: places, Data: places}, Getenv: func(string) string { return "" }, Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func said(v *gate.Verdict) string {
	var b strings.Builder
	for _, r := range v.Reasons {
		fmt.Fprintf(&b, "%s %s: %s\n", r.Effect, r.Subject, r.Message)
	}
	return b.String()
}

// Whatever a change does to waivers, it is judged by those of base. Each row names what stops it.
func TestAChangeNeverWaivesItself(t *testing.T) {
	t.Parallel()
	lapsed := waiverOf("2026-12-31", "2026-11-20")
	tests := []struct {
		name   string
		base   map[string]string // files of main
		edit   func(r *gittest.Repo)
		want   string // decision
		reason string // name
		says   string // in a message
	}{
		{"covered", map[string]string{debtsPath: waiverOf()}, func(r *gittest.Repo) {}, gate.Allow, "", ""},
		{"added", nil, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf()) }, gate.Deny, "team/no-debts", "a debt"},
		{"added in a commit of its own", nil, func(r *gittest.Repo) {
			r.Write(debtsPath, waiverOf())
			r.Commit("waiver first")
		}, gate.Deny, "team/no-debts", "a debt"},
		{"added as everything", nil, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf("/app.json", `"**"`)) }, gate.Deny, "team/no-debts", "a debt"},
		{"extended", map[string]string{debtsPath: lapsed}, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf()) },
			gate.Deny, "team/no-debts", "waiver debts lapsed on 2026-11-20"},
		{"renewed", map[string]string{debtsPath: lapsed}, func(r *gittest.Repo) {
			r.Write(debtsPath, waiverOf()+"  renewals: [{on: 2026-11-22, reason: the bank is late by a month, by: operator, expired: 2026-11-20}]\n")
		}, gate.Deny, "team/no-debts", "waiver debts lapsed on 2026-11-20"},
		{"resource broadened", map[string]string{debtsPath: waiverOf("app.json", "other.json")}, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf()) },
			gate.Deny, "team/no-debts", "a debt"},
		{"rule broadened", map[string]string{debtsPath: waiverOf("no-debts", "no-credit")}, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf("no-debts", "*")) },
			gate.Deny, "team/no-debts", "a debt"},
		{"number raised", map[string]string{debtsPath: waiverOf("/app.json", "'*.json'") + "  maxFindings: 1\n"}, func(r *gittest.Repo) {
			r.Write("more.json", debt)
			r.Write(debtsPath, waiverOf("/app.json", "'*.json'")+"  maxFindings: 2\n")
		}, gate.Deny, "team/no-debts", "waiver debts covers 1 finding at most"},
		{"lapsed one renamed", map[string]string{debtsPath: lapsed}, func(r *gittest.Repo) {
			r.Git("mv", debtsPath, ".adamant/waivers/credit.yaml")
			r.Write(".adamant/waivers/credit.yaml", waiverOf("name: debts", "name: credit"))
		}, gate.Deny, "team/no-debts", "waiver debts lapsed on 2026-11-20"},
		{"lapsed one copied", map[string]string{debtsPath: lapsed}, func(r *gittest.Repo) {
			r.Write(".adamant/waivers/credit.yaml", waiverOf("name: debts", "name: credit"))
		}, gate.Deny, "team/no-debts", "waiver debts lapsed on 2026-11-20"},
		{"malformed one mended", map[string]string{debtsPath: waiverOf("2026-12-31", "soon")}, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf()) },
			gate.Deny, "team/no-debts", "waiver debts is malformed and covers nothing: .adamant/waivers/debts.yaml:11:12"},
		{"limit of days raised", map[string]string{debtsPath: waiverOf("2026-12-31", "2027-03-31")}, func(r *gittest.Repo) {
			r.Write(facts.ConfigPath, openConfig+"  policy: {waiverDays: 366}\n")
		}, gate.Deny, "team/no-debts", "at most 90 are allowed"},
		{"date of the future taken forward", map[string]string{debtsPath: waiverOf("2026-11-01", "2026-11-23")}, func(r *gittest.Repo) { r.Write(debtsPath, waiverOf()) },
			gate.Deny, "team/no-debts", "waiver debts is not valid before 2026-11-23T00:00:00Z"},
		{"from the future", map[string]string{debtsPath: waiverOf("2026-11-01", "2026-11-22T12:00:01Z")}, func(r *gittest.Repo) {}, gate.Deny, "team/no-debts", "is not valid before"},
		{"good one deleted with the violation", map[string]string{debtsPath: waiverOf()}, func(r *gittest.Repo) { r.Remove(debtsPath) },
			gate.Hold, "governance/waivers", ""},
		{"violation moved out of the resource", map[string]string{debtsPath: waiverOf()}, func(r *gittest.Repo) {
			r.Git("mv", "-f", "app.json", "web.json")
		}, gate.Deny, "team/no-debts", "a debt"},
		{"symlink to a waiver", map[string]string{"docs/w.yaml": waiverOf()}, func(r *gittest.Repo) {
			r.Write(".adamant/waivers/README.md", "# Waivers\n")
			link(t, r, "../../docs/w.yaml", debtsPath)
		}, gate.Deny, "waiver/malformed", "a waiver must be a regular file"},
		{"symlink whose target is a waiver's text", nil, func(r *gittest.Repo) {
			r.Write(".adamant/waivers/README.md", "# Waivers\n")
			link(t, r, waiverOf(), debtsPath)
		}, gate.Deny, "waiver/malformed", "a waiver must be a regular file"},
		{"in a folder below", nil, func(r *gittest.Repo) { r.Write(".adamant/waivers/a/debts.yaml", waiverOf()) },
			gate.Deny, "waiver/malformed", "this one is not read"},
		{"with another extension", nil, func(r *gittest.Repo) { r.Write(".adamant/waivers/debts.yml", waiverOf()) },
			gate.Deny, "waiver/malformed", "this one is not read"},
		{"waiving the gate", map[string]string{debtsPath: waiverOf("team/no-debts", "governance/*", "/app.json", `"**"`)}, func(r *gittest.Repo) {
			r.Write(facts.ConfigPath, "kind: nonsense\n")
		}, gate.Deny, "governance/unloadable", "after this change nothing could be judged"},
		{"waiving waivers", map[string]string{debtsPath: waiverOf("team/no-debts", "w*", "/app.json", `"**"`)}, func(r *gittest.Repo) {
			r.Write(debtsPath, waiverOf("2026-12-31", "soon"))
		}, gate.Deny, "waiver/malformed", "spec.expires cannot be \"soon\""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			for path, text := range tc.base {
				r.Write(path, text)
			}
			r.Commit("waivers")
			r.Branch("feature")
			r.Write("app.json", debt)
			tc.edit(r)
			r.Commit("change")
			v := judgedAt(t, r, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)).Verdict
			if v.Decision != tc.want || tc.reason != "" && !slices.Contains(names(v), tc.reason) || !strings.Contains(said(v), tc.says) {
				t.Errorf("%s by %q; want %s with %s that says %q\n%s", v.Decision, names(v), tc.want, tc.reason, tc.says, said(v))
			}
			if used := len(v.Assessment.Waivers) > 0; used != (tc.want != gate.Deny) && tc.name != "number raised" {
				t.Errorf("waivers used: %+v", v.Assessment.Waivers)
			}
		})
	}
}

// A change to waivers alone is never automatic, an agent's is refused, and a malformed one is refused with its place.
func TestChangesToWaivers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, base, head, message string
		want, reason, says        string
	}{
		{"added", "", waiverOf(), "waiver", gate.Hold, "governance/waivers", ""},
		{"extended", waiverOf("2026-12-31", "2026-12-01"), waiverOf(), "waiver", gate.Hold, "governance/waivers", ""},
		{"added by an agent", "", waiverOf(), "waiver\n\nAgent: builder", gate.Deny, "agents/governance", "agent builder may not change .adamant/waivers/debts.yaml"},
		{"extended by an agent", waiverOf("2026-12-31", "2026-12-01"), waiverOf(), "waiver\n\nAgent: builder", gate.Deny, "agents/governance", ""},
		{"deleted", waiverOf(), "", "waiver", gate.Hold, "governance/waivers", ""},
		{"malformed", "", waiverOf("  expires: 2026-12-31\n", ""), "waiver", gate.Deny, "waiver/malformed", `this waiver covers nothing: spec must have "expires"`},
		{"made malformed", waiverOf(), waiverOf("2026-12-31", "2027-12-31"), "waiver", gate.Deny, "waiver/malformed", "at most 90 are allowed"},
		{"malformed at base and mended", waiverOf("2026-12-31", "soon"), waiverOf(), "waiver", gate.Hold, "governance/waivers", ""},
		{"malformed at base and left alone", waiverOf("2026-12-31", "soon"), waiverOf("2026-12-31", "soon"), "nothing", gate.Allow, "", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			if tc.base != "" {
				r.Write(debtsPath, tc.base)
			}
			r.Commit("base")
			r.Branch("feature")
			r.Write("src/more.js", "export const more = 1;\n")
			if tc.head != "" {
				r.Write(debtsPath, tc.head)
			} else {
				r.Remove(debtsPath)
			}
			r.Commit(tc.message)
			v := judgedAt(t, r, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)).Verdict
			if v.Decision != tc.want || tc.reason != "" && !slices.Contains(names(v), tc.reason) || !strings.Contains(said(v), tc.says) {
				t.Errorf("%s by %q; want %s with %s\n%s", v.Decision, names(v), tc.want, tc.reason, said(v))
			}
			for _, reason := range v.Reasons {
				if reason.Subject == "waiver/malformed" && (reason.Path != debtsPath || reason.Line == 0) {
					t.Errorf("no place: %+v", reason)
				}
			}
		})
	}
}

// Enforcement is back the very second a waiver lapses, wherever the clock hangs, and the document replays to the same bytes.
func TestWaiverLapses(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Write(debtsPath, waiverOf())
	r.Commit("waiver")
	r.Branch("feature")
	r.Write("app.json", debt)
	r.Commit("change")
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, zone := range []int{0, 14 * 3600, -12 * 3600, 5*3600 + 45*60} {
		for _, tc := range []struct {
			now  time.Time
			want string
		}{{end.Add(-time.Second), gate.Allow}, {end, gate.Deny}, {end.Add(time.Second), gate.Deny}} {
			outcome := judgedAt(t, r, tc.now.In(time.FixedZone("", zone)))
			v := outcome.Verdict
			if v.Decision != tc.want {
				t.Errorf("at %s: %s\n%s", tc.now, v.Decision, said(v))
			}
			if until := v.Assessment.ValidUntil; tc.want == gate.Allow && (until == nil || !until.Equal(end) || v.Assessment.Waivers[0].DaysLeft(v.Now) != 0) {
				t.Errorf("at %s: valid until %v, %+v", tc.now, until, v.Assessment.Waivers)
			}
			document, err := manifest.CanonicalDocument(outcome.Input)
			if err != nil {
				t.Fatal(err)
			}
			again, err := gate.Replay(t.Context(), document)
			if err != nil {
				t.Fatal(err)
			}
			was, err := manifest.CanonicalJSON(v)
			if err != nil {
				t.Fatal(err)
			}
			if is, err := manifest.CanonicalJSON(again); err != nil || !bytes.Equal(was, is) {
				t.Errorf("the replay differs: %v", err)
			}
			if _, err := gate.Replay(t.Context(), was); err != nil {
				t.Errorf("replaying the verdict: %v", err)
			}
		}
	}
}
