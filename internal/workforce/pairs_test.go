package workforce

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/breaker"
	"github.com/adamant-os/adamant/internal/gateway"
)

func answer(text string, calls ...gateway.Call) gateway.Exchange {
	return gateway.Exchange{Text: text, Calls: calls}
}

func call(id, tool string) gateway.Call {
	return gateway.Call{ID: id, Tool: tool, Args: json.RawMessage(`{}`), Valid: true}
}

func with(e gateway.Exchange, results ...gateway.Message) gateway.Exchange {
	e.Messages = results
	return e
}

func result(id, text string, failed bool) gateway.Message {
	return gateway.Message{Role: "tool", CallID: id, Text: text, IsError: failed}
}

// TestPairs: a call becomes an event once its result is seen, whatever goes on between; a turn without a call is one at once.
func TestPairs(t *testing.T) {
	t.Parallel()
	var p pairs
	steps := []struct {
		e    gateway.Exchange
		want string
	}{
		{answer("I look", call("a", "read"), call("b", "run")), ""},
		{gateway.Exchange{Side: true, Text: "a title"}, ""},
		{gateway.Exchange{Error: "cut"}, ""},
		{with(answer("", call("c", "run")), result("b", "exit status 2\nno", true), result("a", "text", false)), "0 run exit 2 failed exit status 2, 0 read exit 0 failed "},
		{with(answer("I am done"), result("c", "fine", false), result("c", "twice", false), result("x", "of nobody", false)), "1 run exit 0 failed , 2  exit 0 failed "},
	}
	for i, s := range steps {
		got := ""
		for _, e := range p.next(s.e) {
			if got != "" {
				got += ", "
			}
			got += fmt.Sprintf("%d %s exit %d failed %s", e.Turn, e.Action, e.Exit, e.Error)
		}
		if got != s.want {
			t.Errorf("exchange %d gives %q, want %q", i, got, s.want)
		}
	}
}

// TestPairsCountOnce: what a turn cost is in its events exactly once, and no call is told twice.
func TestPairsCountOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p pairs
		var events []breaker.Event
		var open []gateway.Message
		paid, calls := int64(0), 0
		for range rapid.IntRange(1, 30).Draw(t, "turns") {
			e := gateway.Exchange{CostNano: int64(rapid.IntRange(0, 100).Draw(t, "cost")), Messages: open}
			open, paid = nil, paid+e.CostNano
			for range rapid.IntRange(0, 4).Draw(t, "calls") {
				calls++
				id := fmt.Sprint(calls)
				e.Calls = append(e.Calls, call(id, "run"))
				open = append(open, result(id, "ok", false))
			}
			events = append(events, p.next(e)...)
		}
		events = append(events, p.next(gateway.Exchange{Side: true, Messages: open})...)
		sum, seen := int64(0), 0
		for _, e := range events {
			sum += e.CostNano
			if e.Action != "" {
				seen++
			}
		}
		if sum != paid || seen != calls {
			t.Fatalf("events cost %d and hold %d calls, want %d and %d", sum, seen, paid, calls)
		}
	})
}

// TestPairsAreBounded: an agent that never sends results back fills no memory.
func TestPairsAreBounded(t *testing.T) {
	t.Parallel()
	var p pairs
	for i := range 10 * openCalls {
		p.next(answer("", call(fmt.Sprint(i), "run")))
	}
	if len(p.open) > openCalls {
		t.Errorf("%d calls are kept, want at most %d", len(p.open), openCalls)
	}
}

func TestExitIn(t *testing.T) {
	t.Parallel()
	long := make([]byte, 10_000)
	for i := range long {
		long[i] = 'x'
	}
	for text, want := range map[string]int{
		"Exit code: 1\nWall time: 0.1 seconds\nOutput:\nno": 1,
		"exit status 2": 2,
		"no such file\n\nCommand exited with code 127":     127,
		string(long) + "\nexit code 3":                     3,
		"Exit code: 0\nfine":                               0,
		"the manual says that exit status 2 means trouble": 0,
		"exit code 99999":                                  0,
		"":                                                 0,
	} {
		if got := exitIn(text); got != want {
			t.Errorf("exitIn(%.60q) = %d, want %d", text, got, want)
		}
	}
}
