package breaker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// run steps a breaker through events, numbering the turns, and returns the first nudge and the stop.
func run(events []Event, limits Limits) Outcome {
	out, err := Replay(func(yield func(Event, error) bool) {
		for i, e := range events {
			if e.Turn == 0 {
				e.Turn = i
			}
			if !yield(e, nil) {
				return
			}
		}
	}, limits)
	if err != nil {
		panic(err)
	}
	return out
}

func shell(command, observation string) Event {
	args, _ := json.Marshal(map[string]string{"command": command})
	return Event{Action: "bash", Args: args, Observation: observation}
}

func failed(e Event) Event { e.Exit = 1; return e }

func edit(path, text string) Event {
	args, _ := json.Marshal(map[string]string{"path": path, "new": text})
	return Event{Action: "edit_file", Args: args, Observation: "ok"}
}

func times(n int, make func(i int) Event) []Event {
	var out []Event
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

// Each rule nudges and stops where docs/breaker.md says.
func TestRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		events      []Event
		rule        string
		nudge, stop int // turns
	}{
		{"the same call", times(9, func(int) Event { return shell("ls", "a b") }), RuleCycle, 2, 3},
		{"a cycle of five", times(40, func(i int) Event { return shell(fmt.Sprint("cat ", i%5), fmt.Sprint("text ", i%5)) }), RuleCycle, 14, 19},
		{"one action fails differently", times(9, func(i int) Event { return failed(shell("make", fmt.Sprint("trouble number ", i))) }), RuleSameError, 2, 3},
		{"everything fails", times(12, func(i int) Event { return failed(shell(fmt.Sprint("try ", i), fmt.Sprint("no ", i))) }), RuleErrorStreak, 2, 7},
		{"talk", times(9, func(i int) Event { return Event{Text: "I shall begin soon, part " + strings.Repeat("x", i)} }), RuleMonologue, 2, 3},
		{"said over and over", times(9, func(int) Event {
			return Event{Text: strings.Repeat("I will now go and change the function as I said before. ", 12)}
		}), RuleContent, 0, 1},
		{"no such tool", times(30, func(i int) Event {
			if i%2 == 0 {
				return shell(fmt.Sprint("ls ", i), fmt.Sprint("file ", i))
			}
			return Event{Action: fmt.Sprint("magic", i), Unknown: true}
		}), RuleInvalid, 7, 13},
		{"the same edit, the same failure", slices.Concat(
			toAndFro("a", "1"), toAndFro("b", "2"), toAndFro("a", "3"), toAndFro("c", "4"), toAndFro("a", "5"), toAndFro("d", "6"), toAndFro("a", "7"),
		), RuleFixFail, 14, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := run(tt.events, Limits{})
			if out.Nudge == nil || out.Stop == nil {
				t.Fatalf("nudge %+v, stop %+v", out.Nudge, out.Stop)
			}
			if out.Nudge.Turn != tt.nudge || out.Stop.Turn != tt.stop || out.Stop.Rule != tt.rule || out.Stop.Reason == "" {
				t.Errorf("nudge %+v, stop %+v; want turns %d and %d by %s", *out.Nudge, *out.Stop, tt.nudge, tt.stop, tt.rule)
			}
		})
	}
}

// toAndFro is an edit, something in between that never repeats, and a test that fails.
func toAndFro(text, between string) []Event {
	return []Event{
		edit("x.go", text), shell("cat "+between, "text "+between),
		failed(shell("go test ./...", "--- FAIL: TestSum (0.00s)\n    x_test.go:"+between+": no\nFAIL\tx\t0.1s")),
	}
}

// What makes progress is left alone, however long it takes.
func TestProgress(t *testing.T) {
	t.Parallel()
	const long = 120
	tests := []struct {
		name   string
		events []Event
	}{
		{"a build is polled", times(long, func(i int) Event { return shell("make status", fmt.Sprintf("building, %d %%", i)) })},
		{"a build is polled and says nothing new", times(25, func(int) Event { return shell("sleep 30; gh run view 7", "status: in_progress") })},
		{"only the clock moves while it waits", times(25, func(i int) Event {
			return Event{Action: "get_build", Args: json.RawMessage(`{"id":7}`), Observation: fmt.Sprintf("still running, %d s", i*30)}
		})},
		{"a service comes up", times(9, func(int) Event {
			return failed(shell("sleep 2 && curl localhost:8080/health", "curl: (7) connection refused"))
		})},
		{"a file is paged through", times(long, func(i int) Event {
			return shell(fmt.Sprintf("sed -n '%d,%dp' big.go", i*100, i*100+99), "// more of the same licence text")
		})},
		{"memory is paged through", times(long, func(i int) Event {
			return shell(fmt.Sprintf("xxd -s 0x%x -l 16 core", i*16), fmt.Sprintf("%08x: 7f45 4c46 0201", i*16))
		})},
		{"one test, real edits", times(long, func(i int) Event {
			if i%2 == 0 {
				return edit("x.go", fmt.Sprint("attempt ", i))
			}
			return failed(shell("go test ./x", "--- FAIL: TestSum (0.01s)\nFAIL"))
		})},
		{"one test, edits of white space", times(long, func(i int) Event {
			if i%2 == 0 {
				return edit("x.py", strings.Repeat(" ", i)+"return 1")
			}
			return failed(shell("pytest x", "FAILED x.py::test_one - IndentationError"))
		})},
		{"the same test passes between other work", times(long, func(i int) Event {
			if i%2 == 0 {
				return edit(fmt.Sprintf("f%d.go", i), "package f")
			}
			return shell("go test ./...", "ok  \tx\t0.012s")
		})},
		{"searches find nothing", times(long, func(i int) Event { return failed(shell(fmt.Sprintf("grep -rn name%d .", i), "")) })},
		{"other temporary files", times(long, func(i int) Event { return shell("rm /tmp/"+string(rune('a'+i%26))+string(rune('a'+i/26)), "") })},
		{"calls of one turn fail together", slices.Repeat(times(9, func(i int) Event {
			e := failed(shell(fmt.Sprint("cat missing", i), "no such file"))
			e.Turn = 5
			return e
		}), 1)},
		{"backing off", times(8, func(i int) Event { return shell(fmt.Sprintf("sleep %d; ./ready", i), "no") })},
		{"a code block is no talk", times(9, func(i int) Event {
			return Event{Text: fmt.Sprintf("```bash\nmake %d\n```", i), Observation: "found 2 actions"}
		})},
		{"a table repeats", []Event{{Text: strings.Repeat("| the same cell in every row of the table here | yes |\n", 40)}, {Text: strings.Repeat("| the same cell in every row of the table here | yes |\n", 40)}}},
		{"code repeats", []Event{{Text: "```go\n" + strings.Repeat("if err := doTheSameThingAgain(ctx, value); err != nil {\n", 40) + "```"}, {Text: "Done."}}},
		{"unreadable calls are not one call", times(4, func(i int) Event {
			return Event{Action: "bash", Args: json.RawMessage(`{"command":""}`), Invalid: true, Observation: fmt.Sprintf("found %d actions", i+2)}
		})},
		{"paging with one observation and one address", times(long, func(i int) Event { return shell(fmt.Sprintf("git show a%06x", i), "commit") })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if out := run(tt.events, Limits{RequestsPerMinute: DefaultRequestsPerMinute}); out.Stop != nil {
				t.Errorf("stopped: %+v", *out.Stop)
			}
		})
	}
}

func TestCaps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	step := func(every time.Duration) []Event {
		return times(200, func(i int) Event {
			e := shell(fmt.Sprint("ls ", i), fmt.Sprint("file ", i))
			e.Tokens, e.CostNano, e.Time = 100, nanoPerDollar/100, start.Add(time.Duration(i)*every)
			e.Caller = strings.Repeat("sub", i/50)
			return e
		})
	}
	tests := []struct {
		name   string
		limits Limits
		every  time.Duration
		rule   string
		turn   int
	}{
		{"turns", Limits{Turns: 150}, time.Second, RuleTurns, 150},
		{"tokens", Limits{Tokens: 1000}, time.Second, RuleTokens, 10},
		{"cost", Limits{CostNano: nanoPerDollar}, time.Second, RuleCost, 100},
		{"wall", Limits{Wall: time.Minute}, time.Second, RuleWall, 61},
		{"fan-out", Limits{FanOut: 2}, time.Second, RuleFanOut, 100},
		{"rate", Limits{RequestsPerMinute: 60}, 400 * time.Millisecond, RuleRate, 60},
		{"rate just kept", Limits{RequestsPerMinute: 60}, time.Second, "", 0},
		{"no clock", Limits{RequestsPerMinute: 60}, 0, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := run(step(tt.every), tt.limits)
			if tt.rule == "" {
				if out.Stop != nil {
					t.Fatalf("stopped: %+v", *out.Stop)
				}
				return
			}
			if out.Stop == nil || out.Stop.Rule != tt.rule || out.Stop.Turn != tt.turn {
				t.Errorf("stop %+v, want %s at %d", out.Stop, tt.rule, tt.turn)
			}
		})
	}
}

// Sub-agents do not hide each other's loops, nor make one where there is none.
func TestConversations(t *testing.T) {
	t.Parallel()
	both := times(20, func(i int) Event {
		e := shell("ls", "a b")
		if e.Caller = "sub"; i%2 == 0 {
			e = shell(fmt.Sprint("cat ", i), fmt.Sprint(i))
		}
		return e
	})
	out := run(both, Limits{})
	if out.Stop == nil || out.Stop.Turn != 7 {
		t.Errorf("the sub-agent's loop was not seen at its fourth round: %+v", out.Stop)
	}
	many := times(6*maxTalks, func(i int) Event { e := shell("ls", "a b"); e.Caller = fmt.Sprint(i % (2 * maxTalks)); return e })
	if out := run(many, Limits{}); out.Stop != nil {
		t.Errorf("forgotten conversations loop: %+v", *out.Stop)
	}
}

func TestNudgesOnceUntilItEnds(t *testing.T) {
	t.Parallel()
	b := New(Limits{})
	var kinds []Kind
	turn := 0
	for range 2 {
		for i := range 5 {
			kinds = append(kinds, b.Step(func() Event { e := failed(shell(fmt.Sprint(i), fmt.Sprint(i))); e.Turn = turn; turn++; return e }()).Kind)
		}
		e := shell("ls", fmt.Sprint(turn))
		e.Turn = turn
		turn++
		kinds = append(kinds, b.Step(e).Kind)
	}
	want := []Kind{None, None, Nudge, None, None, None, None, None, Nudge, None, None, None}
	if !slices.Equal(kinds, want) {
		t.Errorf("decisions %v, want %v", kinds, want)
	}
}

func TestStopStays(t *testing.T) {
	t.Parallel()
	b := New(Limits{Turns: 1})
	b.Step(Event{Turn: 0, Action: "a"})
	first := b.Step(Event{Turn: 1, Action: "b"})
	if again := b.Step(Event{Turn: 2, Action: "c"}); first.Kind != Stop || again != first {
		t.Errorf("after %+v came %+v", first, again)
	}
}
