package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/verify"
)

var update = flag.Bool("update", false, "write the golden files")

func at(day, hour int) time.Time { return time.Date(2026, 10, day, hour, 0, 0, 0, time.UTC) }

// sample has one of everything, some of it hostile.
func sample() *Report {
	return &Report{APIVersion: Version, Repository: "clinic", Since: at(1, 0), Until: at(31, 0), Main: "1111111111112222222222223333333333334444",
		Verified: &verify.Report{Main: "1111111111112222222222223333333333334444", Genesis: "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccdddd", Commits: 1204, Landings: 1204, Bundles: 3, Log: 1,
			Ledgers:  []ledger.Ledger{{Writer: "k-1", Entries: 9, Hash: strings.Repeat("ab", 32), Keys: []string{"SHA256:one"}}},
			Failures: []verify.Problem{}, Warnings: []verify.Problem{{Code: "LOG_LAGS", What: "the log has 1 leaf less", Do: "nothing; it follows"}}},
		Landed: []Change{
			{At: at(2, 9), ID: strings.Repeat("a", 64), Title: "Show free slots", By: "agent:coder", Agent: "coder", Model: "m-1", Commit: "5555555555556666", Level: risk.Low, Mode: "auto",
				Gates: []string{"unit", "lint"}, Waivers: []string{"w-1"}},
			{At: at(3, 9), ID: strings.Repeat("b", 64), Title: `<img src=x onerror=alert(1)> | ** [a](javascript:x)` + "\n# no heading\x1b[31m", By: "person:ada", Commit: "7777777777778888",
				Level: risk.High, Mode: "manual", Gates: []string{"unit"}, Answered: []string{"approval"}, Accepted: []string{"fuzz"}, Open: []string{"load (unavailable)"}, Approved: []string{"ada (webauthn)"}, Reverted: true},
			{At: at(4, 2), ID: strings.Repeat("d", 64), Title: "Payments are back", By: "person:ada", Commit: "999999999999aaaa", Level: risk.Critical, NotJudged: true,
				Past: &Past{How: ByOrder, At: at(4, 1), By: "ada", Reason: "the site is down", Record: "k-1:7"}},
		},
		Approvals: []Approval{{At: at(3, 8), By: "ada", Method: "webauthn", MFA: true, Change: strings.Repeat("b", 64), Title: "Sign-in", Answers: []string{"approval"}, Accepts: []string{"fuzz"},
			Reason: "no fuzzer here", Landed: true}},
		Waivers: []Waiver{{ID: "w-1", Rule: "secrets", Resource: "docs/**", Justification: "an example", Owner: "ada", ApprovedBy: "ada", Expires: "2026-12-01", State: "active",
			Used: []string{strings.Repeat("a", 64)}}},
		Exceptions: []Event{{At: at(4, 1), Kind: "operator.break-glass", Who: "ada", What: "break-glass: land by ada landing 999 past the gate: the site is down", Record: "k-1:7"}},
		Refused:    []Event{{At: at(5, 1), Kind: "assess", Who: "kernel:gate", Change: strings.Repeat("c", 64), What: "denied by the gate: unit"}},
		Failures:   []Event{}, Authority: []Event{}, Artifacts: []Event{},
		Agents:   []Agent{{Name: "coder", Models: []string{"m-1"}, Attempts: 3, Bad: 1, Landed: 1, Spent: task.Spent{NanoUSD: 1_234_500_000_001, Tokens: 1_200_345, Requests: 77, Seconds: 3723}}},
		Features: []Feature{{"", task.Spent{}}, {"booking", task.Spent{NanoUSD: 1}}},
		Ledgers:  []Ledger{{"k-1", 3, 9, strings.Repeat("ab", 32)}},
		Gaps:     []string{"the assessment of change cccc cannot be read"},
	}
}

func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, have, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is another one; look at it, then go test -update:\n%s", name, have)
	}
}

// Both formats say everything, the same each time, and nothing that others wrote is markup.
func TestFormats(t *testing.T) {
	t.Parallel()
	var md, html bytes.Buffer
	if err := Markdown(&md, sample()); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&html, sample()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", md.Bytes())
	golden(t, "report.html", html.Bytes())
	unescaped := strings.NewReplacer(`\\`, "", `\]`, "", `\|`, "").Replace(md.String())
	for _, bad := range []string{"<img", "\n# no heading", "\x1b", "](javascript", "| ** "} {
		if strings.Contains(unescaped, bad) {
			t.Errorf("%q is in the Markdown", bad)
		}
	}
	if strings.Contains(html.String(), "<img") || strings.Contains(html.String(), "\x1b") {
		t.Error("what others wrote is markup in the page")
	}
	for _, text := range []string{"Show free slots", "ada (webauthn)", "k-1:7", "no fuzzer here", "LOG_LAGS", "$1,234.51", "1,200,345", "w-1"} {
		if !strings.Contains(html.String(), text) || !strings.Contains(strings.ReplaceAll(md.String(), `\`, ""), text) {
			t.Errorf("%q is not in both reports", text)
		}
	}
}

// The first sentence is the truth about the history.
func TestConclusion(t *testing.T) {
	t.Parallel()
	broken := &verify.Report{Failures: []verify.Problem{{Code: "X"}}}
	for name, test := range map[string]struct {
		change func(*Report)
		good   bool
		says   string
	}{
		"past the gate": {func(*Report) {}, true, "1 record of main moving past the gate"},
		"an order before": {func(r *Report) {
			r.Exceptions, r.Landed, r.Verified.Warnings = nil, nil, []verify.Problem{{Code: verify.BreakGlass}}
		}, true, "Not every commit on main came through the gate"},
		"a change of it": {func(r *Report) { r.Exceptions = nil }, true, "Not every commit on main came through the gate"},
		"clean":          {func(r *Report) { r.Exceptions, r.Landed = nil, r.Landed[:2] }, true, "each commit on main since genesis came through the gate"},
		"broken":         {func(r *Report) { r.Verified = broken }, false, "does not hold: 1 failure"},
		"not verified":   {func(r *Report) { r.Verified, r.Unverified = nil, "there was no time" }, false, "not verified: there was no time"},
	} {
		r := sample()
		test.change(r)
		if d := lay(r); d.Good != test.good || !strings.Contains(d.Headline, test.says) {
			t.Errorf("%s: %v %q", name, d.Good, d.Headline)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for nano, want := range map[int64]string{0: "$0.00", 1: "$0.01", 10_000_000: "$0.01", 10_000_001: "$0.02", 1_234_567_890_000_000: "$1,234,567.89"} {
		if have := money(nano); have != want {
			t.Errorf("%d is %s, want %s", nano, have, want)
		}
	}
}
