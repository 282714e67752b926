package breaker

import (
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const file = `{"turn":4,"action":"bash","args":{"command":"ls"},"observation":"a","exit":0,"error":null,"tokens":12,"cost_usd":0.000000001,"time":"2026-01-02T03:04:05Z"}

{"action":"message","args":"hello","observation":null,"exit":null,"error":false,"tokens":{"input":3,"output":4},"cost_usd":"1.5","time":1767323045}
{"action":null,"observation":{"a":1},"exit":"2","error":true,"cost_usd":1e-3,"time":1767323045000}
{"action":"x","error":"no","time":"2026-01-02T03:04:05.5"}
`
	var got []Event
	for e, err := range Read(strings.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if len(got) != 4 {
		t.Fatalf("%d events", len(got))
	}
	if e := got[0]; e.Turn != 4 || e.Action != "bash" || e.Observation != "a" || e.Failed() || e.CostNano != 1 || e.Tokens != 12 || !e.Time.Equal(at) {
		t.Errorf("%+v", e)
	}
	if e := got[1]; e.Turn != 1 || e.Action != "" || e.Text != "hello" || e.Failed() || e.Tokens != 7 || e.CostNano != 1_500_000_000 || !e.Time.Equal(at) {
		t.Errorf("%+v", e)
	}
	if e := got[2]; e.Exit != 2 || e.Error == "" || e.CostNano != 1_000_000 || e.Observation != `{"a":1}` || !e.Time.Equal(at) {
		t.Errorf("%+v", e)
	}
	if e := got[3]; e.Error != "no" || !e.Time.Equal(at.Add(500*time.Millisecond)) {
		t.Errorf("%+v", e)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"turn":`, `[]`, `{"exit":"high"}`, `{"cost_usd":"1/3"}`, `{"cost_usd":"1e999999999"}`, `{"cost_usd":1e25}`, `{"time":"yesterday"}`, `{"turn":"one"}`,
	} {
		var last error
		for _, err := range Read(strings.NewReader("{}\n" + text + "\n{}")) {
			last = err
		}
		if last == nil || !strings.HasPrefix(last.Error(), "line 2: ") {
			t.Errorf("%s: %v", text, last)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"turn":4,"action":"bash","args":{"command":"ls"},"observation":"a","exit":0,"cost_usd":"0.1","time":"2026-01-02T03:04:05Z"}`)
	f.Add(`{"action":"say","args":"` + strings.Repeat("the same words, ", 40) + `"}`)
	f.Fuzz(func(t *testing.T, text string) {
		b := New(Limits{Turns: 5, CostNano: 5, RequestsPerMinute: 2})
		for e, err := range Read(strings.NewReader(text)) {
			if err != nil {
				return
			}
			if e.Tokens < 0 {
				t.Fatalf("%d tokens", e.Tokens)
			}
			b.Step(e)
		}
	})
}
