package waiver

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// on is good with another id and other fields.
func on(id string, replace ...string) Waiver {
	text := strings.NewReplacer(append([]string{"name: w", "name: " + id}, replace...)...).Replace(good)
	w := Read(Folder+id+".yaml", []byte(text), 0)
	return w
}

func debt(path string, state finding.State) finding.Finding {
	return finding.Finding{Rule: "team/debts", Severity: finding.Error, Message: "a debt", Path: path, State: state, Waiver: "its writer's word"}
}

var mid = at("2026-11-15T12:00:00Z")

func TestApply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		waivers []Waiver
		finding finding.Finding
		now     time.Time
		want    string // id
		message string // suffix
	}{
		{"covered", []Waiver{on("w")}, debt("src/a.go", finding.New), mid, "w", "a debt"},
		{"updated", []Waiver{on("w")}, debt("src/a.go", finding.Updated), mid, "w", "a debt"},
		{"older", []Waiver{on("w")}, debt("src/a.go", finding.Unchanged), mid, "w", "a debt"},
		{"never compared", []Waiver{on("w")}, debt("src/a.go", ""), mid, "w", "a debt"},
		{"nobody waives", nil, debt("src/a.go", finding.New), mid, "", "a debt"},
		{"another file", []Waiver{on("w")}, debt("lib/a.go", finding.New), mid, "", "a debt"},
		{"another rule", []Waiver{on("w")}, finding.Finding{Rule: "team/other", Path: "src/a.go", Message: "other"}, mid, "", "other"},
		{"no file", []Waiver{on("w")}, debt("", finding.New), mid, "", "a debt"},
		{"no file, whole repository", []Waiver{on("w", "src/**", `"**"`)}, debt("", finding.New), mid, "w", "a debt"},
		{"first instant", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2026-11-01T00:00:00Z"), "w", "a debt"},
		{"a second early", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2026-10-31T23:59:59Z"), "", "a debt (waiver w is not valid before 2026-11-01T00:00:00Z)"},
		{"last second", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2026-12-31T23:59:59Z"), "w", "a debt"},
		{"last second elsewhere", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2027-01-01T13:59:59+14:00"), "w", "a debt"},
		{"same second elsewhere", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2026-12-31T12:00:00-12:00"), "", "a debt (waiver w lapsed on 2026-12-31)"},
		{"same second", []Waiver{on("w")}, debt("src/a.go", finding.New), at("2027-01-01T00:00:00Z"), "", "a debt (waiver w lapsed on 2026-12-31)"},
		{"malformed", []Waiver{on("w", "2026-12-31", "soon")}, debt("src/a.go", finding.New), mid, "",
			`a debt (waiver w is malformed and covers nothing: .adamant/waivers/w.yaml:11:12: spec.expires cannot be "soon"; want a date as YYYY-MM-DD, or an instant as RFC 3339 with its zone, of the years 2000 to 2199)`},
		{"no dates in the document", []Waiver{{ID: "w", Rule: "team/debts", Resource: "**"}}, debt("src/a.go", finding.New), mid, "", "a debt (waiver w has no dates and covers nothing)"},
		{"malformed rule", []Waiver{on("w", "team/debts", "'*'")}, debt("src/a.go", finding.New), mid, "", "a debt"},
		{"malformed glob", []Waiver{on("w", "src/**", "'{src'")}, debt("src/a.go", finding.New), mid, "", "a debt"},
		{"the one that lasts longest", []Waiver{on("a"), on("b", "2026-12-31", "2027-01-15"), on("c")}, debt("src/a.go", finding.New), mid, "b", "a debt"},
		{"equal ones by id", []Waiver{on("b"), on("a")}, debt("src/a.go", finding.New), mid, "a", "a debt"},
		{"lapsed one beside a good one", []Waiver{on("a", "2026-12-31", "2026-11-02"), on("b")}, debt("src/a.go", finding.New), mid, "b", "a debt"},
		{"malformed one beside a good one", []Waiver{on("a", "2026-12-31", "soon"), on("b")}, debt("src/a.go", finding.New), mid, "b", "a debt"},
		{"the last to lapse is named", []Waiver{on("a", "2026-12-31", "2026-11-02"), on("b", "2026-12-31", "2026-11-03")}, debt("src/a.go", finding.New), mid, "", "a debt (waiver b lapsed on 2026-11-03)"},
		{"protected rule", []Waiver{on("w", "team/debts", "g*", "src/**", `"**"`)}, finding.Finding{Rule: "governance/unloadable", Path: "a", Message: "m"}, mid, "", "m"},
	}
	for _, tc := range tests {
		list := []finding.Finding{tc.finding}
		Apply(tc.waivers, list, tc.now)
		Apply(tc.waivers, list, tc.now) // says nothing twice
		if f := list[0]; f.Waiver != tc.want || f.Message != tc.message {
			t.Errorf("%s: covered by %q, %q; want %q, %q", tc.name, f.Waiver, f.Message, tc.want, tc.message)
		}
	}
	gone := []finding.Finding{debt("src/a.go", finding.Absent)}
	if Apply([]Waiver{on("w")}, gone, mid); gone[0].Waiver != "its writer's word" {
		t.Errorf("a finding that is gone was waived: %+v", gone[0])
	}
}

// A number of findings is used up by what was there before, then in order; the rest says so.
func TestMaxFindings(t *testing.T) {
	t.Parallel()
	limited := on("w", "owner: operator", "owner: operator\n  maxFindings: 2")
	covered := func(list ...finding.Finding) string {
		Apply([]Waiver{limited}, list, mid)
		out := ""
		for _, f := range list {
			out += map[bool]string{true: "+", false: "-"}[f.Waiver == "w"]
			if told := strings.HasSuffix(f.Message, "(waiver w covers 2 findings at most, and there are more)"); told == (f.Waiver == "w") {
				t.Errorf("%s: %s", f.Path, f.Message)
			}
		}
		return out
	}
	fresh, old := debt("src/a.go", finding.New), debt("src/a.go", finding.Unchanged)
	for _, tc := range []struct {
		want string
		list []finding.Finding
	}{
		{"+", []finding.Finding{fresh}},
		{"++", []finding.Finding{fresh, fresh}},
		{"++--", []finding.Finding{fresh, fresh, fresh, fresh}},
		{"+-+", []finding.Finding{fresh, fresh, old}},
		{"-++", []finding.Finding{fresh, old, old}},
	} {
		if got := covered(tc.list...); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
	list := []finding.Finding{fresh, fresh, fresh}
	if Apply([]Waiver{limited, on("x", "2026-12-31", "2026-11-20")}, list, mid); list[2].Waiver != "x" {
		t.Errorf("what is left over goes to the next waiver: %+v", list)
	}
	gone := []finding.Finding{debt("src/a.go", finding.Absent), debt("src/a.go", finding.Absent), fresh}
	if Apply([]Waiver{limited}, gone, mid); gone[2].Waiver != "w" {
		t.Error("findings that are gone use a waiver up")
	}
}

// What a waiver is about does not depend on its dates; a document may hold what the reader would have refused.
func TestConcerns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		wanted, resource, rule, path string
		want                         bool
	}{
		{"team/debts", "**", "team/debts", "a", true},
		{"team/debts", "**", "team/debts-old", "a", false},
		{"team/d*", "**", "team/debts-old", "a", true},
		{"*", "**", "team/debts", "a", false},
		{"", "**", "team/debts", "a", false},
		{"", "**", "", "a", false},
		{"team/debts", "{a", "team/debts", "a", false},
		{"team/debts", "", "team/debts", "", false},
		{"governance/x", "**", "governance/x", "a", false},
	} {
		w := Waiver{Rule: tc.wanted, Resource: tc.resource}
		if got := w.Concerns(tc.rule, tc.path); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}
