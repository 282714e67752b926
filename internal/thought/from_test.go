package thought

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
)

var update = flag.Bool("update", false, "write golden files")

var who = Who{Agent: "coder", Role: "coder", Task: "5f0c", Attempt: "5f0c-1", Feature: "login"}

func exchange(change func(*Exchange)) Exchange {
	x := Exchange{Seq: 2, Start: time.Date(2026, 11, 23, 8, 0, 0, 123456789, time.UTC), Latency: 1500 * time.Millisecond, Provider: "anthropic",
		Model: "claude-opus-9", Family: "claude", Temperature: 200, MaxTokens: 4096, Stop: "tool_use",
		Observations: []Observation{{ID: "c0", Text: "package bill\n"}},
		Reasoning:    []Text{{Provider, "Rates live in bill/rate.go. "}, {Provider, "A bucket per key will do."}},
		Text:         "I add a token bucket.",
		Calls:        []Call{{ID: "c1", Tool: "edit", Args: []byte(`{"path":"/work/repo/bill/rate.go","new":"type Bucket struct{}"}`), Valid: true}},
		Tokens:       Tokens{Fresh: 900, CacheRead: 3000, Output: 120, Reasoning: 60}, CostNano: 4_200_000, CostSource: "prices"}
	if change != nil {
		change(&x)
	}
	return x
}

func entriesOf(t *testing.T, after *Entry, x Exchange) []Entry {
	t.Helper()
	entries, err := From(NewRedactor(), who, after, x)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestGolden pins the form of an entry: it is a format (docs/formats/thought.md).
func TestGolden(t *testing.T) {
	t.Parallel()
	first := entriesOf(t, nil, exchange(nil))[0]
	end, err := End(NewRedactor(), who, &first, Result{Time: time.Date(2026, 11, 23, 8, 1, 0, 0, time.UTC), Tree: "aa11", Head: "bb22", Files: []string{"bill/rate.go"}, Why: "done: a bucket"})
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, e := range []Entry{first, end} {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, data...), '\n')
	}
	if *update {
		if err := os.WriteFile("testdata/entries.jsonl", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/entries.jsonl")
	if err != nil || string(want) != string(out) {
		t.Errorf("got\n%swant\n%s(%v)", out, want, err)
	}
	back, err := Parse(out[:strings.IndexByte(string(out), '\n')])
	if err != nil || !reflect.DeepEqual(back, first) {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

func TestOneEntryForEachAction(t *testing.T) {
	t.Parallel()
	x := exchange(func(x *Exchange) {
		x.Calls = append(x.Calls, Call{ID: "c2", Tool: "run", Args: []byte(`{"command":"go test ./..."}`), Valid: true},
			Call{ID: "c3", Tool: "delete_everything", Args: []byte(`not JSON`), Problem: "there is no such tool"})
	})
	got := entriesOf(t, nil, x)
	if len(got) != 3 {
		t.Fatalf("%d entries", len(got))
	}
	cost, tokens := int64(0), int64(0)
	for i, e := range got {
		cost, tokens = cost+e.CostNano, tokens+e.Tokens.Output
		if e.Seq != i+1 || e.Exchange != 2 || e.Source != Provider || e.Action.Kind != ActTool || (i > 0) != (e.With == 1) {
			t.Errorf("%d: %+v", i, e)
		}
	}
	if cost != x.CostNano || tokens != x.Tokens.Output {
		t.Errorf("cost %d and tokens %d are counted more or less than once", cost, tokens)
	}
	if e := got[2]; *e.ToolValid || e.Problem == "" || string(e.Action.Args) != `"not JSON"` || !e.Action.Writes {
		t.Errorf("%+v", e)
	}
	if !slices.Equal(got[0].Action.Paths, []string{"bill/rate.go"}) || !got[0].Action.Writes || !got[1].Action.Writes {
		t.Errorf("%+v", got[0].Action)
	}
	if s := got[0].Thoughts; len(s) != 1 || s[0].Observation != "package bill\n" || s[0].Reasoning != "Rates live in bill/rate.go. A bucket per key will do." || s[0].Decision != "I add a token bucket." {
		t.Errorf("%+v", s)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		reasoning []Text
		text      string
		want      Source
		says      string
	}{
		{"the provider's", []Text{{Provider, "a"}}, "b", Provider, "a"},
		{"a summary", []Text{{Summary, "a"}}, "b", Summary, "a"},
		{"the better one", []Text{{Summary, "a"}, {Provider, "c"}}, "b", Provider, "c"},
		{"its own word", nil, "b", SelfReport, ""},
		{"hidden, and its own word", []Text{{None, ""}}, "b", SelfReport, ""},
		{"nothing", nil, " \n", None, ""},
		{"empty pieces", []Text{{Provider, " "}, {Summary, ""}}, "", None, ""},
		{"a source that is none", []Text{{"magic", "a"}}, "", None, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := entriesOf(t, nil, exchange(func(x *Exchange) { x.Reasoning, x.Text, x.Observations = tt.reasoning, tt.text, nil }))[0]
			says := ""
			for _, s := range e.Thoughts {
				says += s.Reasoning
			}
			if e.Source != tt.want || strings.TrimSpace(says) != tt.says {
				t.Errorf("got %s %q", e.Source, says)
			}
		})
	}
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	for want, x := range map[string]Exchange{
		"task": {Seq: 1}, "message": {Seq: 2}, "observation": {Seq: 2, Observations: []Observation{{Text: "x"}}},
		"nudge": {Seq: 2, Injected: "you go in circles", Observations: []Observation{{Text: "x"}}}, "error": {Seq: 1, Error: "529"},
	} {
		if got := entriesOf(t, nil, x)[0]; got.Trigger != want || (want == "error") != (got.Action.Kind == ActFailure) {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

// Every detector, in each place where a model or a tool can put a text.
func TestNoPlaceLeaks(t *testing.T) {
	t.Parallel()
	places := map[string]func(x *Exchange, s string){
		"observation":       func(x *Exchange, s string) { x.Observations = []Observation{{Text: "$ cat .env\n" + s + "\n"}} },
		"failed":            func(x *Exchange, s string) { x.Observations = []Observation{{Text: s, Failed: true}} },
		"injected":          func(x *Exchange, s string) { x.Injected = s },
		"reasoning":         func(x *Exchange, s string) { x.Reasoning = []Text{{Provider, "I see\n" + s}} },
		"torn in two":       func(x *Exchange, s string) { x.Reasoning = pieces(s, len(s)/2) },
		"torn in many":      func(x *Exchange, s string) { x.Reasoning = pieces(s, 3) },
		"summary":           func(x *Exchange, s string) { x.Reasoning = []Text{{Summary, s}} },
		"text":              func(x *Exchange, s string) { x.Text = s },
		"text without call": func(x *Exchange, s string) { x.Text, x.Calls = s, nil },
		"error":             func(x *Exchange, s string) { x.Error, x.Calls = s, nil },
		"argument":          func(x *Exchange, s string) { x.Calls = args(map[string]any{"command": "echo\n" + s + "\n"}) },
		"deep argument":     func(x *Exchange, s string) { x.Calls = args(map[string]any{"a": []any{map[string]any{"b": s}}}) },
		"key":               func(x *Exchange, s string) { x.Calls = args(map[string]any{s: 1}) },
		"base64 argument": func(x *Exchange, s string) {
			x.Calls = args(map[string]any{"data": base64.StdEncoding.EncodeToString([]byte(s))})
		},
		"broken argument": func(x *Exchange, s string) { x.Calls = []Call{{Tool: "run", Args: []byte("{\"command\":\n" + s)}} },
		"tool":            func(x *Exchange, s string) { x.Calls = []Call{{Tool: s, ID: s, Problem: s, Args: []byte("{}")}} },
		"model":           func(x *Exchange, s string) { x.Model, x.Provider, x.Stop = s, s, s },
		"behind a lot":    func(x *Exchange, s string) { x.Observations = []Observation{{Text: strings.Repeat("x\n", 3000) + s}} },
		"at the cut": func(x *Exchange, s string) {
			x.Observations = []Observation{{Text: strings.Repeat("x", limitObservation*3/4-5) + "\n" + s + strings.Repeat("\ny", 9000)}}
		},
	}
	for _, id := range secretstest.IDs() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			sample := secretstest.Sample(id, 33)
			values := secretsIn(t, sample)
			values = append(values, base64.StdEncoding.EncodeToString([]byte(sample)))
			for name, put := range places {
				for _, e := range entriesOf(t, nil, exchange(func(x *Exchange) { put(x, sample) })) {
					data, err := e.Encode()
					if err != nil {
						t.Fatal(err)
					}
					if len(e.Redacted) == 0 {
						t.Errorf("%s: nothing was taken out: %s", name, data)
					}
					leaks(t, name, string(data), values)
					leaks(t, name, decoded(t, data), values)
				}
			}
		})
	}
}

func pieces(s string, n int) []Text {
	var out []Text
	for len(s) > n {
		out, s = append(out, Text{Provider, s[:n]}), s[n:]
	}
	return append(out, Text{Provider, s})
}

func args(v any) []Call {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return []Call{{Tool: "run", Args: data, Valid: true}}
}

// decoded is every text of an entry, without the escapes of JSON.
func decoded(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out.WriteString(v + "\n")
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, e := range v {
				out.WriteString(k + "\n")
				walk(e)
			}
		}
	}
	walk(v)
	return out.String()
}

// A name says more about a value than the value does.
func TestNamedArgument(t *testing.T) {
	t.Parallel()
	value := "k7" + secretstest.Expand("{a-zA-Z0-9:20}", 3) + "9"
	for _, v := range []any{map[string]any{"api_key": value}, map[string]any{"env": map[string]any{"SESSION_SECRET": value}}} {
		e := entriesOf(t, nil, exchange(func(x *Exchange) { x.Calls = args(v) }))[0]
		leaks(t, "named", string(e.Action.Args), []string{value})
	}
}

func TestEntriesAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word and ", 200_000)
	many := make([]Observation, 500)
	for i := range many {
		many[i].Text = fmt.Sprint(i, long[:10_000])
	}
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	wide := map[string]any{}
	for i := range 5000 {
		wide[fmt.Sprint("path", i)] = long[:100]
	}
	for name, x := range map[string]Exchange{
		"long":      exchange(func(x *Exchange) { x.Observations, x.Text, x.Reasoning = many, long, []Text{{Provider, long}} }),
		"arguments": exchange(func(x *Exchange) { x.Calls = args(map[string]any{"path": long, "content": long}) }),
		"wide":      exchange(func(x *Exchange) { x.Calls = args(wide) }),
		"deep":      exchange(func(x *Exchange) { x.Calls = []Call{{Tool: "run", Args: []byte(deep)}} }),
		"names": exchange(func(x *Exchange) {
			x.Model, x.Stop, x.Calls = long, long, []Call{{Tool: long, ID: long, Problem: long}}
		}),
		"numbers": exchange(func(x *Exchange) {
			x.Calls = []Call{{Tool: "run", Args: []byte(`{"n":1e400,"m":` + strings.Repeat("9", 5000) + `,"f":0.1,"i":7}`)}}
		}),
	} {
		for _, e := range entriesOf(t, nil, x) {
			data, err := e.Encode()
			if err != nil {
				t.Fatal(name, err)
			}
			if len(data) > 64<<10 {
				t.Errorf("%s: %d bytes", name, len(data))
			}
			for _, c := range e.Cut {
				if c.Bytes < 1 || len(c.SHA256) != 64 || c.Field == "" {
					t.Errorf("%s: %+v", name, c)
				}
			}
			if back, err := Parse(data); err != nil || !reflect.DeepEqual(back, e) {
				t.Errorf("%s: does not read back: %v", name, err)
			}
		}
	}
	e := entriesOf(t, nil, exchange(func(x *Exchange) { x.Observations = []Observation{{Text: long}} }))[0]
	if !strings.Contains(e.Thoughts[0].Observation, "bytes left out]") || len(e.Cut) != 1 || e.Cut[0].Field != "observation" {
		t.Errorf("%+v", e.Cut)
	}
}

// What is too long to be read is neither kept nor searched, and half of a credential at its end is not kept.
func TestTooLongToRead(t *testing.T) {
	t.Parallel()
	secret := secretstest.Sample("gcp-api-key", 1)
	w := &writer{redactor: NewRedactor()}
	out := w.redact(strings.Repeat(strings.Repeat(".", 99)+"\n", limitRead/100-1) + strings.Repeat(".", 90+limitRead%100-1) + "\n" + secret + "tail")
	if strings.Contains(out, secret[:8]) || !strings.Contains(out, "bytes more were not looked at]") || w.err != nil {
		t.Errorf("%d bytes, end %q, %v", len(out), out[max(0, len(out)-100):], w.err)
	}
}

// Chains are whole whatever the exchanges are, and a link that is gone, changed or moved shows.
func TestChain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []Entry
		var last *Entry
		for i := range rapid.IntRange(1, 6).Draw(t, "exchanges") {
			x := Exchange{Seq: i + 1, Text: rapid.String().Draw(t, "text"), Model: "m", Family: "f"}
			for range rapid.IntRange(0, 3).Draw(t, "calls") {
				x.Calls = append(x.Calls, Call{Tool: rapid.SampledFrom([]string{"read", "edit", "x"}).Draw(t, "tool"), Args: []byte(rapid.String().Draw(t, "args"))})
			}
			entries, err := From(NewRedactor(), who, last, x)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, entries...)
			last = &all[len(all)-1]
		}
		end, err := End(NewRedactor(), who, last, Result{Tree: "t", Head: "h"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, end)
		made := []Made{{Attempt: who.Attempt, Head: "h"}}
		writes := slices.ContainsFunc(all[:len(all)-1], func(e Entry) bool { return e.Action.Writes })
		if got := Account(all, made, nil); (got.Missing == 0) != writes || got.Entries != len(all)-1 {
			t.Fatalf("whole, writes %v: %+v", writes, got)
		}
		at := rapid.IntRange(0, len(all)-1).Draw(t, "at")
		gone := slices.Delete(slices.Clone(all), at, at+1)
		if got := Account(gone, made, nil); got.Missing == 0 {
			t.Fatalf("%d is gone, and nothing shows: %+v", at+1, got)
		}
		if at < len(all)-1 {
			changed := slices.Clone(all)
			changed[at].CostNano++
			if got := Account(changed, made, nil); got.Missing == 0 {
				t.Fatalf("%d was changed, and nothing shows: %+v", at+1, got)
			}
		}
	})
}

func TestAccount(t *testing.T) {
	t.Parallel()
	one := entriesOf(t, nil, exchange(nil))
	end, err := End(NewRedactor(), who, &one[0], Result{Tree: "t", Head: "h"})
	if err != nil {
		t.Fatal(err)
	}
	whole := []Entry{one[0], end}
	mute := entriesOf(t, nil, exchange(func(x *Exchange) { x.Reasoning, x.Text = nil, "" }))
	muteEnd, err := End(NewRedactor(), who, &mute[0], Result{Tree: "t", Head: "h"})
	if err != nil {
		t.Fatal(err)
	}
	reads := entriesOf(t, nil, exchange(func(x *Exchange) { x.Calls[0].Tool = "read" }))
	readsEnd, err := End(NewRedactor(), who, &reads[0], Result{Tree: "t", Head: "h"})
	if err != nil {
		t.Fatal(err)
	}
	made := []Made{{who.Attempt, "h"}}
	for _, tt := range []struct {
		name    string
		entries []Entry
		made    []Made
		silent  func(string) bool
		want    string // entries writing missing silent none
		gap     string
	}{
		{"whole", whole, made, nil, "1 1 0 0 0", ""},
		{"nothing at all", nil, made, nil, "0 0 1 0 0", "nothing of what it did"},
		{"no attempt", whole, nil, nil, "0 0 0 0 0", ""},
		{"another commit", whole, []Made{{who.Attempt, "other"}}, nil, "1 1 1 0 0", "no record says that commit other"},
		{"another attempt", whole, []Made{{"x-1", "h"}}, nil, "0 0 1 0 0", "x-1: nothing"},
		{"no end", whole[:1], made, nil, "1 1 1 0 0", "no record says"},
		{"an end alone", whole[1:], made, nil, "0 0 2 0 0", "action 2 does not continue action 0"},
		{"nothing that writes", []Entry{reads[0], readsEnd}, made, nil, "1 0 1 0 0", "no action that could"},
		{"silent", []Entry{mute[0], muteEnd}, made, nil, "1 1 0 1 1", ""},
		{"declared to be silent", []Entry{mute[0], muteEnd}, made, func(m string) bool { return m == "claude-opus-9" }, "1 1 0 0 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Account(tt.entries, tt.made, tt.silent)
			if s := fmt.Sprint(got.Entries, got.Writing, got.Missing, got.Silent, got.Sources.None); s != tt.want {
				t.Errorf("got %s, want %s: %+v", s, tt.want, got)
			}
			if gaps := strings.Join(got.Gaps, "\n"); !strings.Contains(gaps, tt.gap) || (gaps == "") != (tt.gap == "") {
				t.Errorf("gaps %q, want %q", gaps, tt.gap)
			}
		})
	}
	got := Account(whole, made, nil)
	if len(got.Models) != 1 || got.Models[0].Temperature != 200 || !slices.Equal(got.Families, []string{"claude"}) || !slices.Equal(ModelsOf(whole, who.Attempt), got.Models) {
		t.Errorf("%+v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", `{"apiVersion":"adamant.dev/thought/v2","seq":1,"action":{"kind":"tool"}}`, `{"apiVersion":"` + Version + `","seq":0,"action":{"kind":"tool"}}`, `{"apiVersion":"` + Version + `","seq":1,"action":{}}`} {
		if e, err := Parse([]byte(body)); err == nil {
			t.Errorf("%s was read as %+v", body, e)
		}
	}
}

func FuzzFrom(f *testing.F) {
	f.Add(`{"path":"a"}`, "text", "read")
	f.Add(`[[`, "\x00\xff", "")
	f.Fuzz(func(t *testing.T, args, text, tool string) {
		x := exchange(func(x *Exchange) { x.Text, x.Calls = text, []Call{{Tool: tool, Args: []byte(args)}} })
		for _, e := range entriesOf(t, nil, x) {
			data, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := back.Encode(); err != nil || string(again) != string(data) {
				t.Errorf("%s became %s", data, again)
			}
		}
	})
}
