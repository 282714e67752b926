package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

const demo = `
apiVersion: adamant.dev/v1
kind: Script
metadata: {name: demo}
spec:
  side: A title
  parts:
    - name: stuck
      when: loop
      then: last
      turns:
        - say: again
          calls: [{run: make test}]
    - name: coder
      agent: coder
      turns:
        - think: I must look first.
          say: I look.
          calls: [{run: ls}]
          usage: {fresh: 1000, cacheRead: 200, output: 50}
        - say: I write.
          calls: [{write: {path: a.txt, text: hello}}, {edit: {path: b.txt, old: x, new: y}}]
          fault: {kind: status, status: 429, times: 2, retryAfter: "0"}
        - calls: [{run: "true"}]
          fault: {kind: cut}
        - calls: [{run: "true"}]
          fault: {kind: bad-arguments}
        - calls: [{run: "true"}]
          fault: {kind: unknown-tool}
        - calls: [{tool: {name: finish, args: {summary: done}}}]
`

// cli is how an agent declares its tools.
var cli = map[wire.Format]string{
	wire.Anthropic: `[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"},"description":{"type":"string"}},"required":["command"]}},
		{"name":"Write","input_schema":{"type":"object","properties":{"file_path":{"type":"string"},"content":{"type":"string"}},"required":["file_path","content"]}},
		{"name":"Edit","input_schema":{"type":"object","properties":{"file_path":{"type":"string"},"old_string":{"type":"string"},"new_string":{"type":"string"},"replace_all":{"type":"boolean"}},"required":["file_path","old_string","new_string"]}},
		{"name":"mcp__adamant__finish","input_schema":{"type":"object"}}]`,
	wire.Chat: `[{"type":"function","function":{"name":"bash","parameters":{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}}},
		{"type":"function","function":{"name":"write","parameters":{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}}},
		{"type":"function","function":{"name":"edit","parameters":{"type":"object","properties":{"path":{"type":"string"},"edits":{"type":"array","items":{"type":"object","properties":{"oldText":{"type":"string"},"newText":{"type":"string"}}}}},"required":["path","edits"]}}},
		{"type":"function","function":{"name":"finish","parameters":{"type":"object"}}}]`,
	wire.Responses: `[{"type":"function","name":"shell","parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}}},"required":["command"]}},
		{"type":"custom","name":"apply_patch"},{"type":"function","name":"finish","parameters":{"type":"object"}}]`,
}

// conversation is a request after some answers.
func conversation(f wire.Format, task string, answers int) string {
	key, said := "messages", `,{"role":"assistant","content":"x"},{"role":"user","content":"y"}`
	if f == wire.Responses {
		key = "input"
	}
	list := `[{"role":"user","content":` + string(mustJSON(task)) + `}` + strings.Repeat(said, answers) + `]`
	return `{"model":"script-1","stream":true,"` + key + `":` + list + `,"tools":` + cli[f] + `,"system":"Working directory: /repo\nok"}`
}

func mustJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

func scripted(t *testing.T) *place {
	t.Helper()
	s, err := script.Load("demo.yaml", []byte(demo))
	if err != nil {
		t.Fatal(err)
	}
	return newPlace(t, setting{config: func(c *Config) {
		c.Mode, c.Script, c.Settings = Script, s, manifest.Gateway{}
	}, attempt: func(a *Attempt) { a.Models = []string{"script-1"} }})
}

// TestScript: one script, in the words of each agent, over each format.
func TestScript(t *testing.T) {
	t.Parallel()
	want := map[wire.Format][][]string{
		wire.Anthropic: {{`Bash {"command":"ls"}`}, {`Write {"content":"hello","file_path":"/repo/a.txt"}`, `Edit {"file_path":"/repo/b.txt","new_string":"y","old_string":"x"}`}},
		wire.Chat:      {{`bash {"command":"ls"}`}, {`write {"content":"hello","path":"a.txt"}`, `edit {"edits":[{"newText":"y","oldText":"x"}],"path":"b.txt"}`}},
		wire.Responses: {{`shell {"command":["bash","-lc","ls"]}`}, {`shell {"command":["bash","-lc","mkdir -p '.' \u0026\u0026 cat \u003e 'a.txt' \u003c\u003c'END_OF_FILE'\nhello\nEND_OF_FILE"]}`,
			`apply_patch "*** Begin Patch\n*** Update File: b.txt\n@@\n-x\n+y\n*** End Patch\n"`}},
	}
	for _, f := range formatList {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			p := scripted(t)
			for turn, calls := range want[f] {
				if status, body, err := p.ask(f, conversation(f, "Add a limit", turn)); status != 200 || err != nil {
					t.Fatalf("turn %d: %d %s %v", turn, status, body, err)
				}
				x := p.observed()[turn]
				var got []string
				for _, c := range x.Calls {
					got = append(got, c.Tool+" "+string(c.Args))
					if !c.Valid {
						t.Errorf("turn %d: %s is not valid: %s", turn, c.Tool, c.Problem)
					}
				}
				if strings.Join(got, "\n") != strings.Join(calls, "\n") {
					t.Errorf("turn %d:\n%s\nwant\n%s", turn, strings.Join(got, "\n"), strings.Join(calls, "\n"))
				}
			}
			all := p.observed()
			if all[0].Usage != (Usage{Fresh: 1000, CacheRead: 200, Output: 50}) || len(all[0].Reasoning) != 1 || all[1].Retries != 2 {
				t.Errorf("usage %+v, reasoning %+v, retries %d", all[0].Usage, all[0].Reasoning, all[1].Retries)
			}
		})
	}
}

func TestScriptedFaults(t *testing.T) {
	t.Parallel()
	for _, f := range formatList {
		p := scripted(t)
		if _, _, err := p.ask(f, conversation(f, "x", 2)); err == nil {
			t.Errorf("%s: the cut was not seen", f)
		}
		if status, _, err := p.ask(f, conversation(f, "x", 2)); status != 200 || err != nil {
			t.Errorf("%s: the same request again: %d, %v", f, status, err)
		}
		// An agent that keeps the part it got is given the whole.
		kept := strings.Replace(conversation(f, "x", 2), `}],"tools"`, `},{"role":"assistant","content":"a part"}],"tools"`, 1)
		if _, _, err := p.ask(f, kept); err != nil {
			t.Fatal(err)
		}
		if all := p.observed(); len(all[len(all)-1].Calls) != 1 || !all[len(all)-1].Calls[0].Valid {
			t.Errorf("%s: after the cut comes %+v", f, all[len(all)-1].Calls)
		}
		for turn, why := range map[int]string{3: "no JSON", 4: "no tool"} {
			if _, _, err := p.ask(f, conversation(f, "x", turn)); err != nil {
				t.Fatal(err)
			}
			all := p.observed()
			if c := all[len(all)-1].Calls; len(c) != 1 || c[0].Valid || !strings.Contains(c[0].Problem, why) {
				t.Errorf("%s: turn %d called %+v", f, turn, c)
			}
		}
		if _, _, err := p.ask(f, conversation(f, "x", 5)); err != nil {
			t.Fatal(err)
		}
		all := p.observed()
		if c := all[len(all)-1].Calls; len(c) != 1 || !strings.HasSuffix(c[0].Tool, "finish") || !c[0].Valid {
			t.Errorf("%s: called %+v", f, c)
		}
		for _, turn := range []int{0, 1, 40} {
			if _, _, err := p.ask(f, conversation(f, "a LOOP please", turn)); err != nil {
				t.Fatal(err)
			}
			all = p.observed()
			if x := all[len(all)-1]; x.Text != "again" {
				t.Errorf("%s: turn %d of the loop says %q", f, turn, x.Text)
			}
		}
		if _, _, err := p.ask(f, conversation(f, "x", 6)); err != nil {
			t.Fatal(err)
		}
		all = p.observed()
		if x := all[len(all)-1]; len(x.Calls) != 0 || !strings.Contains(x.Text, "Nothing is left") {
			t.Errorf("%s: after the end %q", f, x.Text)
		}
	}
}
