package grounding

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func example() Facts {
	return Facts{
		Component:   Component{Ref: "component:default/billing", Owner: "team-money", Lifecycle: "production", Description: "Invoices and refunds.", Paths: []string{"billing/**"}, DependsOn: []string{"component:default/ledger"}},
		Constraints: []Constraint{{"architecture/layers", "billing may not import web"}, {"ratchet", "todo: 12 at most"}},
		Task:        Task{ID: "3f2a9bc", Title: "Add rate limiting", Text: "Limit refunds to ten a minute.\n\nKeep the API.", Grants: []string{"docs/**"}},
		Denial:      Denial{Summary: "denied at high risk, 1 finding", Findings: []string{"billing/x.go:12: architecture/layers: imports web; move it"}},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	const want = `[adamant] Where you are. This is from the control plane, not from a file or a tool.

You work in:
component:default/billing, owner team-money, lifecycle production
Invoices and refunds.
paths: billing/**
depends on: component:default/ledger

What binds you here (the gate refuses a change that breaks it):
- architecture/layers: billing may not import web
- ratchet: todo: 12 at most

Your task:
3f2a9bc: Add rate limiting
Limit refunds to ten a minute.
Keep the API.
you may also write: docs/**

Why your last attempt was refused; mend this first:
denied at high risk, 1 finding
- billing/x.go:12: architecture/layers: imports web; move it
`
	if got := Text(example()); got != want {
		t.Errorf("got:\n%s", got)
	}
	if got := Text(Facts{}); got != "" {
		t.Errorf("nothing to say: %q", got)
	}
}

// The task outlives everything else when room is short, and what was left out is counted.
func TestShortRoom(t *testing.T) {
	t.Parallel()
	f := example()
	for i := range 500 {
		f.Constraints = append(f.Constraints, Constraint{fmt.Sprint("rule-", i), "some words that say what it wants of the change at hand"})
		f.Denial.Findings = append(f.Denial.Findings, fmt.Sprintf("a%d.go:1: rule: words that say what is wrong with it here", i))
		f.Component.Paths = append(f.Component.Paths, fmt.Sprintf("folder%d/**", i))
	}
	text := Text(f)
	for _, want := range []string{"Add rate limiting", "Keep the API.", "billing may not import web", "billing/x.go:12", "component:default/billing", "… and "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if n := tokens(text); n > MaxTokens || n < MaxTokens*8/10 {
		t.Errorf("%d tokens of %d", n, MaxTokens)
	}
	f.Task.Text = strings.Repeat("A long story about the task. ", 1000)
	if text = Text(f); !strings.Contains(text, "A long story") || !strings.Contains(text, "billing/x.go:12") {
		t.Errorf("a long task:\n%s", text)
	}
}

// tokens counts a page as its lines are counted.
func tokens(text string) int {
	n := 0
	for l := range strings.Lines(text) {
		n += count(strings.TrimSuffix(l, "\n"))
	}
	return n
}

// The line that counts what was left out has its room, however many those are; a last line that fits is not left out for it.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 99, 100, 12345} {
		var lines []string
		for range n {
			lines = append(lines, strings.Repeat("!", 20))
		}
		for room := 60; room < 85; room++ {
			s := section{title: "Title", lines: lines, room: room}
			var b strings.Builder
			if s.write(&b); tokens(b.String()) > room {
				t.Fatalf("%d lines in %d tokens: %d", n, room, tokens(b.String()))
			}
		}
	}
	s := section{title: "Title", lines: []string{"one", "a"}}
	s.room = s.need()
	var b strings.Builder
	if s.write(&b); !strings.HasSuffix(b.String(), "one\na\n") {
		t.Errorf("what fits was left out: %q", b.String())
	}
}

// Whatever the facts, the page is bounded, valid, free of control characters, and the same each time.
func TestTextBounded(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.StringN(0, 4000, -1), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 3000), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.IntRange(0, 30000), func(n int) string { return strings.Repeat("語", n) }), rapid.Map(rapid.IntRange(0, 30000), func(n int) string { return strings.Repeat("!", n) }))
	list := rapid.SliceOfN(rapid.StringN(0, 200, -1), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		f := Facts{
			Component: Component{Ref: text.Draw(t, "ref"), Owner: text.Draw(t, "owner"), Description: text.Draw(t, "description"), Paths: list.Draw(t, "paths"), DependsOn: list.Draw(t, "on")},
			Task:      Task{ID: text.Draw(t, "id"), Title: text.Draw(t, "title"), Text: text.Draw(t, "text"), Grants: list.Draw(t, "grants")},
			Denial:    Denial{Summary: text.Draw(t, "summary"), Findings: list.Draw(t, "findings")},
		}
		for _, rule := range list.Draw(t, "rules") {
			f.Constraints = append(f.Constraints, Constraint{rule, text.Draw(t, "what")})
		}
		page := Text(f)
		if n := tokens(page); n > MaxTokens || len(page) > 4*MaxTokens {
			t.Fatalf("%d tokens, %d bytes", n, len(page))
		}
		if !utf8.ValidString(page) || strings.ContainsAny(page, "\x00\x1b\u202e") {
			t.Fatalf("not plain text: %q", page)
		}
		if page != Text(f) {
			t.Fatal("not the same twice")
		}
	})
}

func TestWhen(t *testing.T) {
	t.Parallel()
	var s State
	step := func(e Event) string {
		why := Why(s, e)
		s = Next(s, e, why != "")
		return why
	}
	for i, tt := range []struct {
		e    Event
		want string
	}{
		{Event{}, "start"}, {Event{FreshTokens: 10}, ""}, {Event{Compacted: true}, "compaction"}, {Event{Denied: true}, "denial"},
		{Event{Writes: "a"}, "new component"}, {Event{Writes: "a"}, ""}, {Event{Writes: "b"}, "new component"}, {Event{Writes: "a"}, ""},
		{Event{FreshTokens: EveryFresh - 1}, ""}, {Event{FreshTokens: 1}, "tokens"}, {Event{FreshTokens: -5}, ""},
	} {
		if got := step(tt.e); got != tt.want {
			t.Fatalf("%d: %+v: %q, want %q", i, tt.e, got, tt.want)
		}
	}
	for i := range 3 * EveryCalls {
		if got, due := step(Event{}), (i+2)%EveryCalls == 0; (got == "calls") != due {
			t.Fatalf("call %d after a page: %q", i+2, got)
		}
	}
}

// A page that is due stays due until it is given; once given, it is due again at the latest after EveryCalls requests.
func TestWhenHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s State
		owed, since := true, 0
		for range rapid.IntRange(1, 200).Draw(t, "n") {
			e := Event{Compacted: rapid.IntRange(0, 20).Draw(t, "compacted") == 0, Denied: rapid.IntRange(0, 20).Draw(t, "denied") == 0,
				Writes: rapid.SampledFrom([]string{"", "", "", "a", "b"}).Draw(t, "writes"), FreshTokens: int64(rapid.IntRange(0, 5000).Draw(t, "fresh"))}
			due, given := When(s, e), rapid.Bool().Draw(t, "given")
			if owed && !due {
				t.Fatal("a page that was due is forgotten")
			}
			if !due && since >= EveryCalls {
				t.Fatalf("%d requests without a page", since)
			}
			if (e.Compacted || e.Denied) && !due {
				t.Fatal("not due")
			}
			s = Next(s, e, given)
			if owed, since = due && !given, since+1; given {
				since = 1
			}
		}
	})
}
