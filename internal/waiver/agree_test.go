package waiver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/waiver"
)

// probe lets Rego say which waivers cover which findings.
const probe = `package adamant.rules.probe

import data.adamant.lib.waiver

warn contains {"rule": "probe/active", "message": w.id} if {
	some w in input.waivers
	waiver.active(w)
}

warn contains {"rule": "probe/covers", "message": sprintf("%s %s %q", [w.id, f.rule, object.get(f, "path", "")])} if {
	some w in input.waivers
	some f in input.findings
	waiver.covers(w, f.rule, object.get(f, "path", ""))
}
`

const file = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: %s}
spec:
  rule: %q
  resource: %q
  justification: there is a good reason for this one
  owner: operator
  approvedBy: operator
  created: %q
  expires: %q
`

// dated is a waiver file with what must come of its dates.
type dated struct {
	text        string
	from, until int64 // nanoseconds since 1970; until 0 = covers nothing, ever
}

const day = 24 * time.Hour

// first and last day of what is generated: leap days of 2000, 2028 and 2196 are within, 2100 has none.
var firstDay, lastDay = 11_000, 83_900

func moment(t *rapid.T, label string, ns int64) string {
	zone := time.FixedZone("", rapid.IntRange(-23*60-59, 23*60+59).Draw(t, label+"Zone")*60)
	layout := rapid.SampledFrom([]string{time.RFC3339, time.RFC3339Nano}).Draw(t, label+"Layout")
	at := time.Unix(0, ns).In(zone)
	if layout == time.RFC3339 {
		at = at.Truncate(time.Second)
	}
	return at.Format(layout)
}

// generate draws the dates of a waiver. What must come of them is computed from day numbers, not read from the text.
func generate(t *rapid.T, id, rule, resource string) dated {
	created := rapid.IntRange(firstDay, lastDay-100).Draw(t, "created")
	if rapid.IntRange(0, 3).Draw(t, "leap") == 0 { // the last days of February
		leap := time.Date(rapid.SampledFrom([]int{2028, 2100, 2104, 2196}).Draw(t, "year"), 2, 27, 0, 0, 0, 0, time.UTC)
		created = int(leap.Unix()/86_400) + rapid.IntRange(0, 3).Draw(t, "day")
	}
	span := rapid.IntRange(0, 90).Draw(t, "span")
	out := dated{from: int64(created) * int64(day), until: int64(created+span+1) * int64(day)}
	begin := time.Unix(0, out.from).UTC().Format(time.DateOnly)
	end := time.Unix(0, out.until-int64(day)).UTC().Format(time.DateOnly)
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0: // an instant
		out.until -= rapid.Int64Range(1, int64(day)-1).Draw(t, "early")
		end = moment(t, "expires", out.until)
		if !strings.Contains(end, ".") {
			out.until -= out.until % int64(time.Second)
		}
		if out.until <= out.from {
			out.until = 0
		}
	case 1: // malformed, missing, too long, before its beginning
		end = rapid.SampledFrom([]string{"", "never", "2026-02-29", "2100-02-29", "2026-13-01", "2026-1-1", "99999-01-01", "9999-12-31", "2026-12-31T10:00:00", "2026-12-31 10:00:00Z",
			time.Unix(0, out.from-int64(day)).UTC().Format(time.DateOnly), time.Unix(0, out.from+91*int64(day)).UTC().Format(time.DateOnly)}).Draw(t, "malformed")
		out.until = 0
	}
	out.text = fmt.Sprintf(file, id, rule, resource, begin, end)
	return out
}

var (
	rules     = []string{"team/debts", "team/*", "teams", "t*", "golangci-lint/errcheck", "governance/unloadable", "g*", "waiver/malformed", "*", "policy/*"}
	resources = []string{"**", "src/**", "*.go", "src/{a,b}/", "/src/a/x.go", "a?c", "", "{a"}
	findings  = []finding.Finding{
		{Rule: "team/debts", Path: "src/a/x.go"}, {Rule: "team/debts"}, {Rule: "teams", Path: "abc"}, {Rule: "teams/x", Path: "abc"}, {Rule: "team", Path: "lib/x.go"},
		{Rule: "golangci-lint/errcheck", Path: "src/a/x.go"}, {Rule: "governance/unloadable", Path: "src/a/x.go"}, {Rule: "governance/x"}, {Rule: "waiver/malformed", Path: "abc"},
		{Rule: "policy/changed", Path: "src/b/x"}, {Rule: "team/debts", Path: `"src/\xff"`}, {Rule: "", Path: "abc"},
	}
)

// Go, Rego and an oracle that never reads a date agree about every waiver at every instant around its two ends.
func TestRegoAgrees(t *testing.T) {
	t.Parallel()
	engine, err := policy.Compile(t.Context(), []facts.Module{{Path: "probe.rego", Text: probe}}, policy.Options{NoBase: true})
	if err != nil {
		t.Fatal(err)
	}
	covered := 0
	rapid.Check(t, func(t *rapid.T) {
		in := &facts.Input{APIVersion: facts.APIVersion, Findings: findings}
		var all []dated
		for i := range rapid.IntRange(1, 5).Draw(t, "waivers") {
			id := fmt.Sprintf("w%d", i)
			d := generate(t, id, rapid.SampledFrom(rules).Draw(t, "rule"), rapid.SampledFrom(resources).Draw(t, "resource"))
			all = append(all, d)
			in.Waivers = append(in.Waivers, waiver.Read(waiver.Folder+id+".yaml", []byte(d.text), 0))
		}
		near := all[rapid.IntRange(0, len(all)-1).Draw(t, "near")]
		ns := rapid.SampledFrom([]int64{near.from, near.until}).Draw(t, "end")
		ns += rapid.SampledFrom([]int64{0, -1, 1, -int64(time.Second), int64(time.Second), -int64(day), int64(day), int64(time.Hour)}).Draw(t, "offset")
		now := time.Unix(0, ns).In(time.FixedZone("", rapid.IntRange(-86_399, 86_399).Draw(t, "zone")))
		var want []string
		for i, w := range in.Waivers {
			wellFormed := len(w.Problems) == 0
			if wellFormed && all[i].until == 0 {
				t.Fatalf("%s: its dates were taken: %s to %s", all[i].text, w.From, w.Until)
			}
			active := wellFormed && all[i].from <= ns && ns < all[i].until
			if got := w.At(now) == waiver.Active; got != active {
				t.Fatalf("%s at %s: %s", all[i].text, now.Format(time.RFC3339Nano), w.At(now))
			}
			if active {
				want = append(want, "probe/active "+w.ID)
			}
			for _, f := range findings {
				if w.Covers(f.Rule, f.Path, now) {
					covered++
					want = append(want, fmt.Sprintf("probe/covers %s %s %q", w.ID, f.Rule, f.Path))
				}
			}
		}
		result, err := engine.Eval(t.Context(), in, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range result.Violations {
			got = append(got, v.Rule+" "+v.Message)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("at %s Rego says %q, Go says %q", now.Format(time.RFC3339Nano), got, want)
		}
	})
	if covered == 0 {
		t.Error("nothing was ever covered: the test has lost its teeth")
	}
}
