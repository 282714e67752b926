package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
	because "github.com/adamant-os/adamant/internal/why"
)

var updateWhy = flag.Bool("update-why", false, "write the golden files of why")

// whyStory is an account with everything that one can have.
func whyStory() *because.Account {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	yes, no := true, false
	id := strings.Repeat("5f0c", 16)
	entry := func(seq int, tool string, change func(*thought.Entry)) because.Action {
		e := thought.Entry{APIVersion: thought.Version, Agent: "coder", Attempt: "5f0c-1", Seq: seq, Time: at, Trigger: "observation", Source: thought.Provider, Tool: tool, ToolValid: &yes,
			Model: "claude-opus-9", Action: thought.Action{Kind: thought.ActTool, Writes: true}}
		change(&e)
		return because.Action{Entry: e, Writer: "k-1", Number: uint64(10 + seq)}
	}
	read := entry(1, "read", func(e *thought.Entry) {
		e.Action.Paths, e.Action.Writes = []string{"bill/rate.go"}, false
		e.Thoughts = []thought.Thought{{Reasoning: "Where do prices come from? I look at rate.go first."}}
	})
	edit := entry(2, "edit", func(e *thought.Entry) {
		e.Action.Paths, e.Redacted = []string{"bill/limit.go"}, []string{"a GitHub token"}
		e.Thoughts = []thought.Thought{{Observation: "package bill\n\ntype Rate struct{}\n"},
			{Observation: "[adamant] Where you are. " + strings.Repeat("Facts to go by. ", 40), Told: true,
				Reasoning: "A bucket for each key keeps one customer from starving the others; a counter for all would not. " + strings.Repeat("It refills with time. ", 20), Decision: "I add a token bucket."}}
	})
	edit.Here = true
	run := entry(3, "run", func(e *thought.Entry) {
		e.Action.Args, e.With = json.RawMessage(`{"command":"go test ./bill"}`), 2
	})
	bad := entry(4, "frobnicate", func(e *thought.Entry) { e.ToolValid, e.Problem, e.Source = &no, "there is no such tool", thought.None })
	return &because.Account{APIVersion: because.Version, Asked: "bill/limit.go:12",
		Line:   &because.Line{Path: "bill/limit.go", Line: 12, Text: "\tbucket.Take(key)", Was: "bill/limits.go"},
		Commit: &because.Commit{OID: "8c1f", Author: "coder <coder@agents.invalid>", Time: at, Subject: "Add rate limiting to billing"},
		Change: &because.Change{ID: id, Title: "Add rate limiting to billing", Status: "merged", By: "agent:coder", Agent: "coder", Target: "main", PatchSet: 2, Head: "bb22", Opened: at, Undone: []string{id}},
		Intent: &because.Intent{Task: id, By: "operator:ada", At: at, Title: "Add rate limiting to billing", Text: "One customer asks so often that the others wait.\nSixty a minute is enough.", Feature: "billing",
			Source: "https://forge.example/issues/12", Grants: []string{"docs/**"}, Status: "done"},
		Made: because.Made{Spent: task.Spent{NanoUSD: 420_000_000, Requests: 9}, Reasoning: facts.Reasoning{Entries: 4, Writing: 3, Models: []facts.Model{{Name: "claude-opus-9", Family: "claude", Temperature: -1}, {Name: "m", Family: "qwen"}}},
			Attempts: []because.Attempt{
				{ID: "5f0c-1", N: 1, Role: "coder", Agent: "coder", At: at, Finish: "done", Why: "a bucket", Head: "aa11", In: true, Spent: task.Spent{NanoUSD: 400_000_000, Requests: 8}, Models: []task.Model{{Name: "claude-opus-9"}},
					Took: 90 * time.Second, Returned: &task.Sent{Returned: task.Returned{By: "gate", Why: "the gate refused it: unit: exit status 1"}}, Actions: []because.Action{read, edit, run, bad}},
				{ID: "5f0c-2", N: 2, Role: "reviewer", Agent: "critic", At: at, Finish: "done", Spent: task.Spent{NanoUSD: 20_000_000, Requests: 1}, Models: []task.Model{{Name: "gpt-large"}},
					Review: &task.Review{Outcome: "ok"}, Distance: "family", Actions: []because.Action{}},
			}},
		Verdict: &because.Verdict{Digest: strings.Repeat("a1", 32), Decision: gate.Hold, Level: risk.High, Score: 611, At: at,
			Floor: []risk.Reason{{Level: risk.High, Rule: "api/changed", Path: "bill/limit.go", Line: 3, Message: "a name that others use changed"}},
			Gates: []gate.Gate{{Name: "unit", State: gate.Passed}, {Name: "lint", State: gate.Passed}, {Name: "load", State: gate.Accepted}},
			Holds: []gate.Reason{{Subject: "agents/junior", Message: "agent coder is a junior: whatever it makes waits for you"}},
			Findings: []because.Finding{{Rule: "team/x", Severity: "error", Path: "bill/limit.go", Line: 4, Message: "too long", Waiver: "long-one"},
				{Rule: "agents/reviewer-family", Severity: "warning", Message: "weaker review"}},
			Refused: []string{"aa11 refused at 2026-11-20 08:03, unit failed"}},
		Reviews:   []because.Review{{By: "reviewer:critic", At: at, Outcome: "ok", Message: "well done"}},
		Approvals: []because.Nod{{By: "operator:ada", At: at, Method: "webauthn", MFA: true, Reason: "read it all", Head: "bb22"}, {By: "operator:ada", At: at, Method: "ssh", Head: "aa11", Voided: true}},
		Landing:   &because.Landing{Landed: change.Landed{Commit: "8c1f8c1f8c1f8c1f"}, At: at, Records: []string{"k-1:20 landing.intent", "k-1:21 landing.done"}},
		Missing:   []string{"1 of 4 actions have no reasoning on record: the model showed none"}}
}

// unproposed is the account of its task before a change held anything of it, where one was left behind.
func unproposed(a *because.Account) *because.Account {
	made := a.Made.Attempts[:1]
	made[0].In, made[0].Returned = false, nil
	intent := *a.Intent
	intent.Status, intent.Why, intent.Left = "suspended", "coder asks: which currency?", []string{a.Change.ID}
	return &because.Account{APIVersion: because.Version, Asked: "5f0c", Intent: &intent, Made: because.Made{Attempts: made, Spent: a.Made.Spent}, Missing: []string{"no change holds anything of it"}}
}

func TestWhyText(t *testing.T) {
	t.Parallel()
	for name, full := range map[string]bool{"why": false, "why-full": true, "why-unproposed": false} {
		var out bytes.Buffer
		env := &Env{Stdout: &out, Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }}
		story := whyStory()
		if name == "why-unproposed" {
			story = unproposed(story)
		}
		printWhy(env, story, full)
		file := "testdata/" + name + ".txt"
		if *updateWhy {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != out.String() {
			t.Errorf("%s: got\n%s(%v)", name, out.String(), err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}
