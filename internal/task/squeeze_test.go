package task

import (
	"strings"
	"testing"
	"time"
)

func TestSqueeze(t *testing.T) {
	t.Parallel()
	now := at(600)
	debts := []Debt{{"lint/errcheck", "services/pay", 3}, {"lint/errcheck", "lib", 1}, {"lint/unused", "lib", 2}, {"lint/unused", "all", 99}, {"none", "lib", 0}}
	rules := SqueezeRules{Agent: "coder", PerDay: 3, MaxCount: 25}
	done := func(source string, since time.Time) State {
		return State{Status: Done, OpenedAt: since, Origin: Opening{Source: source}}
	}
	for _, test := range []struct {
		name  string
		tasks []State
		rules SqueezeRules
		want  string
	}{
		{"the smallest", nil, rules, "squeeze:lint/errcheck:lib"},
		{"another after that", []State{done("squeeze:lint/errcheck:lib", now)}, rules, "squeeze:lint/unused:lib"},
		{"again after a week", []State{done("squeeze:lint/errcheck:lib", now.Add(-8*24*time.Hour))}, rules, "squeeze:lint/errcheck:lib"},
		{"of one rule", nil, SqueezeRules{Agent: "coder", PerDay: 3, MaxCount: 25, Rules: []string{"lint/unused"}}, "squeeze:lint/unused:lib"},
		{"enough for today", []State{done("squeeze:a:b", now), done("squeeze:c:d", now)}, SqueezeRules{Agent: "coder", PerDay: 2, MaxCount: 25}, ""},
		{"somebody works", []State{{Status: Queued}}, rules, ""},
		{"whom the operator stopped is no work", []State{{Status: Suspended}}, rules, "squeeze:lint/errcheck:lib"},
		{"too much for one task", nil, SqueezeRules{Agent: "coder", PerDay: 3, MaxCount: 0}, ""},
	} {
		op := Squeeze(debts, test.tasks, test.rules, now)
		got := ""
		if op != nil {
			b := op.Body.(Opening)
			got = b.Source
			if b.Priority >= 0 || op.check() != nil || !strings.Contains(b.Text, "Do not suppress") {
				t.Errorf("%s: %+v, %v", test.name, b, op.check())
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	one, two := Squeeze(debts, nil, rules, now), Squeeze(debts, nil, rules, now.Add(time.Hour))
	a, err := NewPack(1, []Operation{*one})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := NewPack(1, []Operation{*two}); err != nil || a.Digest != b.Digest {
		t.Errorf("asked again on one day it is another task, %v", err)
	}
}
