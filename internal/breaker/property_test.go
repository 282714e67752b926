package breaker

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// noisy is an event as it comes again in another round: other times, addresses, thoughts, key order and white space.
func noisy(t *rapid.T, e Event) Event {
	hex := rapid.StringMatching(`0x[0-9a-f]{8,12}`).Draw(t, "address")
	clock := rapid.StringMatching(`20[0-9]{2}-1[0-2]-[12][0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z`).Draw(t, "time")
	lasted := rapid.IntRange(1, 9999).Draw(t, "ms")
	temp := rapid.StringMatching(`/tmp/tmp[a-z0-9]{8}/log`).Draw(t, "temp")
	gap := rapid.SampledFrom([]string{" ", "  ", "\n", "\t "}).Draw(t, "gap")
	e.Observation = fmt.Sprintf("[%s] %s (at %s, %d ms, %s)", clock, strings.ReplaceAll(e.Observation, " ", gap), hex, lasted, temp)
	var args map[string]any
	if json.Unmarshal(e.Args, &args) == nil && args != nil {
		e.Args = shuffled(t, args)
	}
	return e
}

func shuffled(t *rapid.T, args map[string]any) json.RawMessage {
	args["thought"] = rapid.StringN(0, 40, 80).Draw(t, "thought")
	var parts []string
	for _, k := range rapid.Permutation(sortedKeys(args)).Draw(t, "order") {
		v, _ := json.Marshal(args[k])
		parts = append(parts, fmt.Sprintf("%q : %s", k, v))
	}
	return json.RawMessage("{ " + strings.Join(parts, " ,\n") + "}")
}

// A loop of any period up to five, after any healthy beginning, is nudged in its third round and stopped in its fourth.
func TestLoopsStop(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := healthy(t, rapid.IntRange(0, 30).Draw(t, "before"))
		begin, period := len(events), rapid.IntRange(1, longestCycle).Draw(t, "period")
		fails := rapid.SliceOfN(rapid.Bool(), period, period).Draw(t, "fails")
		for i := range 6 * period {
			e := shell(fmt.Sprint("step-", 'a'+i%period, " now"), fmt.Sprint("result ", 'a'+i%period, " of it"))
			if fails[i%period] {
				e.Exit = 2
			}
			events = append(events, noisy(t, e))
		}
		out := run(events, Limits{})
		if out.Stop == nil || out.Stop.Turn > begin+4*period-1 {
			t.Fatalf("a loop of %d from %d: %+v", period, begin, out.Stop)
		}
		if out.Stop.Turn < begin+3*period-1 && out.Stop.Rule == RuleCycle || out.Nudge == nil {
			t.Fatalf("stopped early or without a nudge: %+v, %+v", out.Nudge, out.Stop)
		}
	})
}

// healthy is work: reads of other places, edits, tests that fail until they pass, searches that find nothing, polls.
func healthy(t *rapid.T, n int) []Event {
	var out []Event
	for i := range n {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			out = append(out, shell(fmt.Sprintf("sed -n %d,%dp a.go", i, i+9), "the same text everywhere"))
		case 1:
			out = append(out, edit("a.go", fmt.Sprint("version ", i)))
		case 2:
			out = append(out, edit("b.go", fmt.Sprint("version ", i)), failed(shell("go test ./...", "--- FAIL: TestA (0.01s)")))
		case 3:
			out = append(out, failed(shell(fmt.Sprint("grep -r name", i), "")))
		case 4:
			out = append(out, shell("make status", fmt.Sprintf("%d of %d", i, n)))
		case 5:
			out = append(out, shell("go test ./...", "ok"), shell(fmt.Sprint("git diff HEAD~", i), fmt.Sprint("diff ", i)))
		}
	}
	return out
}

func TestHealthyGoesOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := healthy(t, rapid.IntRange(0, 300).Draw(t, "n"))
		if out := run(events, Limits{}); out.Stop != nil {
			t.Fatalf("stopped: %+v", *out.Stop)
		}
	})
}

// The same events give the same decisions, whatever they are, and what a breaker keeps does not grow with them.
func TestDeterministicAndBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var events []Event
		for i := range rapid.IntRange(0, 60).Draw(t, "n") {
			events = append(events, Event{
				Turn: i, Caller: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "caller"), Action: rapid.SampledFrom([]string{"", "run", "edit", "wait_for"}).Draw(t, "action"),
				Args: json.RawMessage(rapid.String().Draw(t, "args")), Observation: rapid.String().Draw(t, "observation"), Text: rapid.String().Draw(t, "text"),
				Exit: rapid.IntRange(-1, 2).Draw(t, "exit"), Error: rapid.SampledFrom([]string{"", "unknown tool", "no"}).Draw(t, "error"),
			})
		}
		a, b := New(Limits{Turns: 40}), New(Limits{Turns: 40})
		for _, e := range events {
			if x, y := a.Step(e), b.Step(e); x != y {
				t.Fatalf("%+v and %+v", x, y)
			}
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatal("two breakers differ inside")
		}
		for _, talk := range a.talks.list {
			if len(talk.fix.pairs) > fixFailKept || len(talk.text.said) > contentKept {
				t.Fatalf("%d pairs, %d runes", len(talk.fix.pairs), len(talk.text.said))
			}
		}
	})
}
