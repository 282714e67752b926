package agent

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestRender(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event Event
		want  string
	}{
		"message":   {Event{Kind: Message, Text: "I look.\nThen I write.\n"}, "says      I look.\n          Then I write."},
		"thought":   {Event{Kind: Reasoning, Text: "hm"}, "thinks    hm"},
		"call":      {Event{Kind: Tool, Tool: "edit", Args: json.RawMessage(`{"path":"a.go","old":"x = 1","all":true,"n":[1, 2]}`)}, `calls     edit path=a.go all=true n=[1,2] old="x = 1"`},
		"no object": {Event{Kind: Tool, Tool: "edit", Args: json.RawMessage(`"{broken"`)}, `calls     edit "{broken"`},
		"result":    {Event{Kind: Result, Text: ""}, "result    (nothing)"},
		"failed":    {Event{Kind: Result, Text: "no", Exit: 3}, "failed 3  no"},
		"finished":  {Event{Kind: Finished, Text: "done"}, "finished  done"},
		"gave up":   {Event{Kind: Finished, Exit: 1}, "gave up   (nothing)"},
		"error":     {Event{Kind: Error, Text: "429"}, "error     429"},
		"unknown":   {Event{Kind: Unknown, Raw: json.RawMessage(`{"a":1}`)}, `unknown   {"a":1}`},
		"empty":     {Event{Kind: Message}, ""},
		"escape":    {Event{Kind: Message, Text: "a\x1b[2J\x07b\u202ec\u200bd\te\xff"}, "says      a\uFFFD[2J\uFFFDb\uFFFDc\uFFFDd e\uFFFD"},
		"escape in args": {Event{Kind: Tool, Tool: "run\x1b[0m", Args: json.RawMessage(`{"command":"\u001b]0;x\u0007"}`)},
			"calls     run\uFFFD[0m command=\"\\x1b]0;x\\a\""},
		"wraps": {Event{Kind: Message, Text: strings.Repeat("word ", 20)}, "says      " + strings.TrimSpace(strings.Repeat("word ", 18)) + "\n          word word"},
	} {
		if got := Render(c.event); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", name, got, c.want)
		}
	}
	long := Render(Event{Kind: Result, Text: strings.Repeat("line\n", 100)})
	if !strings.HasSuffix(long, "… 88 more lines") || strings.Count(long, "\n") != renderLines {
		t.Errorf("long: %s", long)
	}
}

// Whatever an agent says, people see printable characters in lines that fit.
func TestRenderIsSafe(t *testing.T) {
	t.Parallel()
	kinds := []Kind{Started, Message, Reasoning, Tool, Result, Usage, Error, Unknown, Finished, "new\x1b"}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\x1b[31m", "漢字漢字", strings.Repeat("世", 300), strings.Repeat("a b", 200), "\r\n\t", "\xff\xfe", "\u202e", strings.Repeat("\n", 50)}))
	rapid.Check(t, func(t *rapid.T) {
		e := Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Text: text.Draw(t, "text") + text.Draw(t, "more"), Tool: text.Draw(t, "tool"), Exit: rapid.IntRange(-1, 300).Draw(t, "exit")}
		if args, err := json.Marshal(map[string]string{text.Draw(t, "name"): text.Draw(t, "value")}); err == nil {
			e.Args = args
		}
		checkSafe(t, Render(e))
	})
}

func checkSafe(t interface {
	Fatalf(string, ...any)
}, shown string) {
	for line := range strings.SplitSeq(shown, "\n") {
		if columns(line) > renderWidth {
			t.Fatalf("%d columns: %q", columns(line), line)
		}
		for _, r := range line {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q holds %U", line, r)
			}
		}
	}
	if strings.Count(shown, "\n") > renderLines+1 {
		t.Fatalf("%d lines", strings.Count(shown, "\n"))
	}
}

// FuzzParseEvents: any bytes become events; nothing is lost, and all of it can be shown.
func FuzzParseEvents(f *testing.F) {
	f.Add([]byte(`{"kind":"message","text":"hello"}` + "\n" + `{"kind":"tool","tool":"read","args":{"path":"a"}}` + "\r\n"))
	f.Add([]byte("plain words\n\n{\"kind\":\"later\"}\n{\"type\":\"x\"}"))
	f.Add([]byte("{\"kind\":\"result\",\"exit\":\"no number\"}\n\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, events := 0, 0
		if err := EachLine(strings.NewReader(string(data)), func([]byte, bool) { lines++ }); err != nil {
			t.Fatal(err)
		}
		err := ParseEvents(strings.NewReader(string(data)), func(e Event) {
			events++
			if !known(e.Kind) {
				t.Fatalf("kind %q", e.Kind)
			}
			if e.Kind == Unknown && len(e.Raw) == 0 && e.Text == "" {
				t.Fatalf("a line was lost: %q", data)
			}
			checkSafe(t, Render(e))
		})
		if err != nil || lines != events {
			t.Fatalf("%d lines, %d events, %v", lines, events, err)
		}
	})
}

func TestEachLine(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", MaxLine+10)
	var got []string
	err := EachLine(strings.NewReader("a\r\n\nb\n"+huge+"\nlast"), func(line []byte, cut bool) {
		text := string(line)
		if cut {
			text = text[:1] + "… cut"
			if len(line) != MaxLine {
				t.Errorf("%d bytes of a long line", len(line))
			}
		}
		got = append(got, text)
	})
	if err != nil || strings.Join(got, "|") != "a|b|x… cut|last" {
		t.Errorf("%q, %v", got, err)
	}
}

// Lines that are no events are kept whole.
func TestUnknownIsKept(t *testing.T) {
	t.Parallel()
	var got []Event
	text := "{\"kind\":\"novel\",\"x\":1}\nwords\n{\"kind\":7}\n"
	if err := ParseEvents(strings.NewReader(text), func(e Event) { got = append(got, e) }); err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if string(got[0].Raw) != `{"kind":"novel","x":1}` || got[1].Text != "words" || string(got[2].Raw) != `{"kind":7}` {
		t.Errorf("%+v", got)
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r, err := NewRegistry(named("b"), named("a"))
	if err != nil || strings.Join(r.Names(), " ") != "a b" {
		t.Fatalf("%v, %v", r, err)
	}
	if found, err := r.Runner("b"); err != nil || found.Name() != "b" {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := r.Runner("c"); err == nil || err.Error() != `there is no runner "c"; known are a, b` {
		t.Errorf("%v", err)
	}
	if _, err := NewRegistry(named("a"), named("a")); err == nil {
		t.Error("two runners of one name")
	}
}

// named is a runner that has only a name.
type nameOnly struct {
	Runner
	name string
}

func named(name string) Runner { return nameOnly{name: name} }

func (n nameOnly) Name() string { return n.name }

func TestServes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		api, format string
		want        bool
	}{{"", Anthropic, true}, {Anthropic, Anthropic, true}, {Anthropic, OpenAIChat, false}, {OpenAI, OpenAIChat, true}, {OpenAI, OpenAIResponses, true}, {OpenAI, Anthropic, false}, {OpenAIChat, OpenAIResponses, false}} {
		if got := Serves(c.api, c.format); got != c.want {
			t.Errorf("a provider of %q and %s: %v", c.api, c.format, got)
		}
	}
}
