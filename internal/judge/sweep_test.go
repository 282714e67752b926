package judge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/waiver"
)

// sweptAt sweeps main and says one line a waiver and one a problem.
func sweptAt(t testing.TB, r *gittest.Repo, now string, edit func(*SweepRequest)) string {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	places := t.TempDir()
	req := SweepRequest{Now: instant(t, now), Places: Places{Cache: places, State: places, Data: places}, Progress: func(string) {}}
	if edit != nil {
		edit(&req)
	}
	s, err := SweepTree(t.Context(), repo, req)
	if err != nil {
		return "error " + err.Error()
	}
	var b strings.Builder
	overdue := false
	for _, w := range s.Waivers {
		fmt.Fprintf(&b, "%s %s %d covered %d open", w.ID, w.State, len(w.Covered), len(w.Open))
		if !w.Measured {
			b.WriteString(" unmeasured")
		}
		if w.UnusedSince != nil {
			b.WriteString(" unused since " + w.UnusedSince.Format(time.RFC3339))
		}
		b.WriteString("\n")
	}
	for _, p := range s.Problems {
		fmt.Fprintf(&b, "%s %s %s\n", p.Severity, p.Rule, p.Path)
		overdue = overdue || p.Severity == "error"
	}
	if overdue != s.Overdue() {
		t.Errorf("overdue is %v", s.Overdue())
	}
	return b.String()
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSweep(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Write("app.json", debt)
	r.Write(debtsPath, waiverOf())
	r.Commit("waiver and debt")
	const problem = " waiver/%s .adamant/waivers/debts.yaml\n"
	check := func(name, now, want string, edit func(*SweepRequest)) {
		t.Helper()
		if got := sweptAt(t, r, now, edit); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
	check("in use", "2026-12-31T23:59:59Z", "debts active 1 covered 0 open\n", nil)
	check("lapsed", "2027-01-01T00:00:00Z", "debts lapsed 0 covered 1 open\nerror"+fmt.Sprintf(problem, "lapsed"), nil)
	check("lapsed since", "2027-01-02T00:00:00Z", "debts lapsed 0 covered 1 open\nerror"+fmt.Sprintf(problem, "lapsed"),
		func(req *SweepRequest) { req.Since = instant(t, "2026-12-31T23:59:59Z") })
	check("lapsed before", "2027-01-02T00:00:00Z", "debts lapsed 0 covered 1 open\n",
		func(req *SweepRequest) { req.Since = instant(t, "2027-01-01T00:00:00Z") })
	check("no such revision", "2026-11-15T00:00:00Z", "error --rev: nowhere is not in this repository; run: git fetch", func(req *SweepRequest) { req.Rev = "nowhere" })
	r.Write("app.json", "{\"name\": \"app\"}\n")
	r.Commit("mended") // on 2026-11-01T12:00:00Z, as every commit here
	check("mended", "2026-11-08T11:59:59Z", "debts active 0 covered 0 open unused since 2026-11-01T12:00:00Z\nwarning"+fmt.Sprintf(problem, "stale"), nil)
	check("mended a week ago", "2026-11-08T12:00:00Z", "debts active 0 covered 0 open unused since 2026-11-01T12:00:00Z\nerror"+fmt.Sprintf(problem, "stale"), nil)
	check("mended and lapsed", "2027-01-01T00:00:00Z", "debts lapsed 0 covered 0 open\nnote"+fmt.Sprintf(problem, "lapsed"), nil)
	check("the debt's commit", "2027-01-01T00:00:00Z", "debts lapsed 0 covered 1 open\nerror"+fmt.Sprintf(problem, "lapsed"), func(req *SweepRequest) { req.Rev = "main~1" })
	r.Write(debtsPath, waiverOf("2026-12-31", "soon"))
	r.Commit("malformed")
	check("malformed", "2026-11-15T00:00:00Z", "debts malformed 0 covered 0 open\nerror"+fmt.Sprintf(problem, "malformed"), nil)
	r.Write(debtsPath, waiverOf("team/no-debts", "golangci-lint/errcheck"))
	r.Commit("of a linter")
	check("of a linter", "2026-11-15T00:00:00Z", "debts active 0 covered 0 open unmeasured\n", nil)
	check("of a linter, lapsed", "2027-01-15T00:00:00Z", "debts lapsed 0 covered 0 open unmeasured\nwarning"+fmt.Sprintf(problem, "lapsed"), nil)
	r.Write(debtsPath, waiverOf("team/no-debts", "tests/*"))
	r.Commit("of rules about changes")
	check("of rules about changes", "2026-11-15T00:00:00Z", "debts active 0 covered 0 open unmeasured\n", nil)
	r.Write(debtsPath, waiverOf("team/no-debts", "team/*"))
	r.Commit("of a prefix")
	check("of a prefix", "2026-11-15T00:00:00Z", "debts active 0 covered 0 open unused since 2026-11-01T12:00:00Z\nerror"+fmt.Sprintf(problem, "stale"), nil)
}

// A waiver is unused since main last changed its files, the waiver or the rules; other changes do not count.
func TestUnusedSince(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Write(debtsPath, waiverOf("created: 2026-11-01", "created: 2026-10-20"))
	commitAt := func(day int, path string) {
		r.Write(path, fmt.Sprintf("{\"name\": \"%d\"}\n", day))
		r.Git("add", "-A")
		r.Git("-c", "user.name=o", "commit", "-q", "-m", path)
		// gittest fixes the dates of commits; a commit object with another date takes their place.
		text := strings.ReplaceAll(r.Git("cat-file", "commit", "HEAD"), "1793534400 +0000", fmt.Sprintf("%d +0000", time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC).Unix()))
		r.Write(".git/object", text+"\n")
		r.Git("reset", "-q", "--soft", r.Git("hash-object", "-t", "commit", "-w", ".git/object"))
	}
	since := func(now string) string {
		t.Helper()
		_, rest, _ := strings.Cut(strings.Split(sweptAt(t, r, now, nil), "\n")[0], "unused since ")
		return rest
	}
	r.Commit("waiver")
	if got := since("2026-11-10T00:00:00Z"); got != "2026-11-01T12:00:00Z" {
		t.Errorf("since the waiver landed: %q", got)
	}
	commitAt(3, "app.json")
	commitAt(5, "other.json")
	if got := since("2026-11-10T00:00:00Z"); got != "2026-11-03T12:00:00Z" {
		t.Errorf("since its file was changed: %q", got)
	}
	commitAt(6, ".adamant/policy/more.json")
	if got := since("2026-11-10T00:00:00Z"); got != "2026-11-06T12:00:00Z" {
		t.Errorf("since the rules were changed: %q", got)
	}
	r.Write(debtsPath, waiverOf("created: 2026-11-01", "created: 2026-11-07"))
	r.Commit("created later than anything was changed")
	if got := since("2026-11-10T00:00:00Z"); got != "2026-11-07T00:00:00Z" {
		t.Errorf("since it was created: %q", got)
	}
	if waiver.StaleAfter != 7*24*time.Hour {
		t.Errorf("stale after %s", waiver.StaleAfter)
	}
}
