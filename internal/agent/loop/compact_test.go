package loop

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
)

// What outlives a shortened conversation: the task, the notes, the gate's last refusal, the files changed, the last turns.
func TestCompact(t *testing.T) {
	t.Parallel()
	big := calls(call("w", "write", fmt.Sprintf(`{"path":"big.txt","text":%q}`, strings.Repeat("words and more words\n", 150))))
	full := big
	full.Input = 3100
	s := modeltest.Serve(t,
		calls(call("c", "check", `{}`)), // 1: a denial
		big, big, full,
		modeltest.Turn{Text: "NOTES: sum.go line 4"}, // the request for notes
		calls(call("r", "read", `{"path":"sum.go"}`)),
		finish())
	(&office{denials: 1}).at(s)
	job := coder(checkout(t))
	job.Context = 4000
	end, events := play(t, s, job)
	if end.End != Done {
		t.Fatalf("%+v %+v", end, events)
	}
	requests := s.Requests()
	if !strings.Contains(string(requests[4].Body), "Write notes for yourself") {
		t.Fatalf("no notes were asked for in %d bytes", len(requests[4].Body))
	}
	after := string(requests[5].Body)
	for _, want := range []string{"Subtract instead of adding.", "NOTES: sum.go line 4", "[code/plus]", "Files you changed: big.txt"} {
		if !strings.Contains(after, want) {
			t.Errorf("lost: %q", want)
		}
	}
	if len(after) >= len(requests[4].Body)*2/3 {
		t.Errorf("from %d to %d bytes only", len(requests[4].Body), len(after))
	}
	if !strings.Contains(strings.Join(texts(events, agent.Message), " "), "was shortened") {
		t.Error("nobody was told")
	}
	checkPairs(t, requests[5].Body)
}

// A provider that says "too long" is asked once more with less.
func TestTooLong(t *testing.T) {
	t.Parallel()
	tooLong := modeltest.Turn{Status: 400, Body: `{"error":{"message":"prompt is too long: 9 > 8"}}`}
	read := calls(call("r", "read", `{"path":"sum.go"}`))
	s := modeltest.Serve(t, read, read, read, tooLong, finish())
	if end, events := play(t, s, coder(checkout(t))); end.End != Done {
		t.Errorf("%+v %+v", end, events)
	}
	if r := s.Requests(); len(r[4].Body) >= len(r[3].Body) {
		t.Errorf("%d bytes after %d", len(r[4].Body), len(r[3].Body))
	}
	s = modeltest.Serve(t, read, read, tooLong, tooLong)
	if end, _ := play(t, s, coder(checkout(t))); end.End != GaveUp || !strings.Contains(end.Text, "too long") {
		t.Errorf("%+v", end)
	}
}

// checkPairs says whether each call of a Chat request is answered once, right after it.
func checkPairs(t testingT, body []byte) {
	t.Helper()
	var r struct {
		Messages []struct {
			Role       string `json:"role"`
			ToolCallID string `json:"tool_call_id"`
			ToolCalls  []struct {
				ID       string `json:"id"`
				Function struct {
					Arguments string `json:"arguments"`
				} `json:"function"`
			} `json:"tool_calls"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var open []string
	for _, m := range r.Messages {
		if m.Role == "tool" {
			if len(open) == 0 || open[0] != m.ToolCallID {
				t.Fatalf("a result for %q, open are %q: %s", m.ToolCallID, open, body)
			}
			open = open[1:]
			continue
		}
		if len(open) > 0 {
			t.Fatalf("calls %q have no result: %s", open, body)
		}
		for _, c := range m.ToolCalls {
			open = append(open, c.ID)
			var o map[string]any
			if json.Unmarshal([]byte(c.Function.Arguments), &o) != nil {
				t.Fatalf("arguments %q", c.Function.Arguments)
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("calls %q have no result: %s", open, body)
	}
}

type testingT interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Whatever a model says, the run ends, and every request has a result for each call.
func TestAnyModel(t *testing.T) {
	t.Parallel()
	dir := checkout(t)
	tools := []string{"read", "list", "search", "edit", "write", "check", "finish", "escalate", "comment", "bash", ""}
	args := []string{`{}`, ``, `{"path":"sum.go"}`, `{"path":"a.txt","text":"x"}`, `{"path":"sum.go","old":"x","new":"y"}`, `{"pattern":"("}`, `{"summary":"s"}`, `{"question":"q"}`, `{"path":`, `[]`, "\x00"}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(rt, "turns")
		var turns []modeltest.Turn
		for i := range n {
			turn := modeltest.Turn{Text: rapid.SampledFrom([]string{"", "words", strings.Repeat("long ", 400)}).Draw(rt, "text"),
				Stop: rapid.SampledFrom([]string{"", "", "", "length"}).Draw(rt, "stop"), Cut: rapid.IntRange(0, 9).Draw(rt, "cut") == 0}
			for k := range rapid.IntRange(0, 3).Draw(rt, "calls") {
				turn.Calls = append(turn.Calls, call(fmt.Sprintf("c%d-%d", i, k), rapid.SampledFrom(tools).Draw(rt, "tool"), rapid.SampledFrom(args).Draw(rt, "args")))
			}
			turns = append(turns, turn)
		}
		s := modeltest.Serve(t, turns...)
		job := coder(dir)
		job.Context = rapid.SampledFrom([]int{0, 2000}).Draw(rt, "context")
		end, events := play(t, s, job)
		if end.End == "" || len(texts(events, agent.Started)) != 1 {
			rt.Fatalf("%+v %+v", end, events)
		}
		for _, r := range s.Requests() {
			checkPairs(rt, r.Body)
		}
	})
}
