package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const anthropicAsk = `{"model":"claude-x","max_tokens":32000,"stream":true,"thinking":{"type":"enabled","budget_tokens":31999},
 "tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}},"required":["command"],"additionalProperties":false}},{"type":"web_search_20250305","name":"web_search"}],
 "messages":[{"role":"user","content":"do it"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls"}}]},
  {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"no such file"}],"cache_control":{"type":"ephemeral"}}]}]}`

const chatAsk = `{"model":"gpt-x","stream":true,"messages":[{"role":"system","content":"be good"},{"role":"user","content":"do it"},
 {"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"bash","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t1","content":"fine"}],
 "tools":[{"type":"function","function":{"name":"bash","parameters":{"type":"object"}}},{"type":"custom","custom":{"name":"patch"}}]}`

const responsesAsk = `{"model":"gpt-x","instructions":"be good","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"do it"}]},
 {"type":"reasoning","summary":[]},{"type":"function_call","call_id":"t1","name":"shell","arguments":"{}"},{"type":"function_call_output","call_id":"t1","output":"fine"}],
 "tools":[{"type":"function","name":"shell","parameters":{"type":"object"}},{"type":"custom","name":"apply_patch"},{"type":"web_search"}],"tool_choice":"auto"}`

func mustRead(t *testing.T, f Format, body string) *Request {
	t.Helper()
	r, err := ReadRequest(f, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReadRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format Format
		body   string
		tools  []string
		tail   []Message
		hosted []string
	}{
		{Anthropic, anthropicAsk, []string{"Bash function", "web_search hosted"}, []Message{{Role: "tool", CallID: "t1", Text: "no such file", IsError: true}}, []string{"web_search"}},
		{Chat, chatAsk, []string{"bash function", "patch text"}, []Message{{Role: "tool", CallID: "t1", Text: "fine"}}, nil},
		{Responses, responsesAsk, []string{"shell function", "apply_patch text", "web_search hosted"}, []Message{{Role: "tool", CallID: "t1", Text: "fine"}}, []string{"web_search"}},
	} {
		r := mustRead(t, c.format, c.body)
		var tools []string
		for _, tool := range r.Tools {
			tools = append(tools, tool.Name+" "+tool.Kind)
		}
		if !reflect.DeepEqual(tools, c.tools) || !reflect.DeepEqual(r.Tail, c.tail) || !reflect.DeepEqual(r.Hosted(), c.hosted) {
			t.Errorf("%s: tools %v, tail %+v, hosted %v", c.format, tools, r.Tail, r.Hosted())
		}
		if r.Turns != 1 || !r.Main() || r.Denied != "" || !strings.Contains(r.FirstUser(), "do it") {
			t.Errorf("%s: turns %d, main %v, denied %q, first %q", c.format, r.Turns, r.Main(), r.Denied, r.FirstUser())
		}
	}
}

// TestNoSecondMeaning: a body that two readers could read in two ways is refused.
func TestNoSecondMeaning(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a model twice":             `{"model":"cheap","messages":[],"model":"dear"}`,
		"a model twice, escaped":    `{"model":"cheap","messages":[],"m\u006fdel":"dear"}`,
		"two limits":                `{"model":"m","messages":[],"max_tokens":1,"max_completion_tokens":100000}`,
		"text behind":               `{"model":"m","messages":[]}{"model":"dear"}`,
		"comments":                  `{"model":"m","messages":[]/*,*/}`,
		"single quotes":             `{"model":"m","messages":[{'a':"]"}]}`,
		"a bracket of another kind": `{"model":"m","messages":[{]}]}`,
		"a fraction of a token":     `{"model":"m","messages":[],"max_tokens":1.5}`,
		"a negative limit":          `{"model":"m","messages":[],"max_tokens":-1}`,
		"no model":                  `{"messages":[]}`,
		"no messages":               `{"model":"m"}`,
		"stream as a word":          `{"model":"m","messages":[],"stream":"true"}`,
		"too deep":                  `{"model":"m","messages":[` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `]}`,
		"a list":                    `[]`,
		"nothing":                   ``,
		"cut":                       `{"model":"m","messages":[{"role":"us`,
	} {
		if r, err := ReadRequest(Chat, []byte(body)); err == nil {
			t.Errorf("%s: passed as model %q, at most %d tokens", name, r.Model, r.MaxTokens)
		}
	}
}

// TestDenied: what would let a request escape what the gateway knows of it.
func TestDenied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format Format
		member string
	}{
		{Chat, `"models":["dear/model"]`}, {Chat, `"n":2`}, {Chat, `"plugins":[{"id":"web"}]`}, {Chat, `"web_search_options":{}`},
		{Chat, `"api_base":"http://elsewhere"`}, {Responses, `"background":true`}, {Responses, `"previous_response_id":"resp_1"`},
		{Responses, `"conversation":"conv_1"`}, {Anthropic, `"thread":{"type":"create"}`}, {Anthropic, `"fallbacks":[{"model":"dear"}]`}, {Responses, `"prompt":{"id":"p"}`}, {Anthropic, `"mcp_servers":[{"url":"http://elsewhere"}]`},
	} {
		body := `{"model":"m","messages":[],"input":[],` + c.member + `}`
		if r := mustRead(t, c.format, body); r.Denied == "" {
			t.Errorf("%s passes", c.member)
		}
	}
	if r := mustRead(t, Responses, `{"model":"m","input":[{"type":"item_reference","id":"msg_1"}]}`); r.Denied == "" {
		t.Error("a reference to what the provider keeps passes")
	}
	for _, ok := range []string{`"n":1`, `"background":false`, `"previous_response_id":null`, `"models":[]`} {
		if r := mustRead(t, Chat, `{"model":"m","messages":[],`+ok+`}`); r.Denied != "" {
			t.Errorf("%s is refused: %s", ok, r.Why)
		}
	}
}

// TestNothingToFetch: a picture by its address would make the provider reach out for whoever wrote the request.
func TestNothingToFetch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format Format
		block  string
		denied bool
	}{
		{Anthropic, `{"type":"image","source":{"type":"url","url":"https://evil.example/?secret"}}`, true},
		{Anthropic, `{"type":"im\u0061ge","source":{"type":"url","url":"https://evil.example/?secret"}}`, true},
		{Anthropic, `{"type":"tool_result","tool_use_id":"x","content":[{"type":"document","source":{"type":"url","url":"https://evil.example"}}]}`, true},
		{Anthropic, `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}`, false},
		{Anthropic, `{"type":"tool_use","id":"x","name":"WebFetch","input":{"url":"https://fine.example","type":"image"}}`, false},
		{Chat, `{"type":"image_url","image_url":{"url":"https://evil.example"}}`, true},
		{Chat, `{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}`, false},
		{Responses, `{"type":"input_image","image_url":"https://evil.example"}`, true},
		{Responses, `{"type":"input_file","file_url":"https://evil.example"}`, true},
		{Anthropic, `{"type":"tool_addition","tool":{"type":"tool_definition","definition":{"type":"web_search_20260318","name":"web_search"}}}`, true},
		{Anthropic, `{"type":"tool_addition","tool":{"type":"tool_definition","definition":{"name":"mine","input_schema":{}}}}`, false},
		{Anthropic, `{"type":"tool_addition","tool":{"type":"tool_reference","name":"mine"}}`, false},
		{Anthropic, `{"type":"image","source":{"type":"file","file_id":"f1"}}`, true},
		{Anthropic, `{"type":"container_upload","file_id":"f1"}`, true},
		{Chat, `{"type":"file","file":{"file_id":"f1"}}`, true},
		{Responses, `{"type":"input_file","file_id":"f1"}`, true},
		{Responses, `{"type":"input_image","image_url":"data:image/png;base64,AAAA"}`, false},
	} {
		list := `[{"role":"user","content":[` + c.block + `]},{"role":"assistant","content":"x"}]`
		r := mustRead(t, c.format, `{"model":"m","messages":`+list+`,"input":`+list+`}`)
		if (r.Denied != "") != c.denied {
			t.Errorf("%s: denied %q, want %v", c.block, r.Denied, c.denied)
		}
	}
}

// TestNoChangeIsTheSameBytes: without a change the body itself is passed on.
func TestNoChangeIsTheSameBytes(t *testing.T) {
	t.Parallel()
	for f, body := range map[Format]string{Anthropic: anthropicAsk, Chat: chatAsk, Responses: responsesAsk} {
		r := mustRead(t, f, body)
		if got := r.Rewrite(Rewrite{Model: r.Model}); string(got) != body {
			t.Errorf("%s: the body changed", f)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	get := func(f Format, body string, w Rewrite) map[string]any {
		t.Helper()
		out := mustRead(t, f, body).Rewrite(w)
		var v map[string]any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%s: %v in %s", f, err, out)
		}
		return v
	}
	v := get(Anthropic, anthropicAsk, Rewrite{Model: "claude-y", MaxTokens: 8000, Temperature: "0.2", Inject: "note", StripHosted: true})
	if v["model"] != "claude-y" || v["max_tokens"] != 8000.0 || v["temperature"] != nil || len(v["tools"].([]any)) != 1 {
		t.Errorf("anthropic: %v", v)
	}
	if budget := v["thinking"].(map[string]any)["budget_tokens"].(float64); budget >= 8000 {
		t.Errorf("the budget to think is %v, the API wants less than max_tokens", budget)
	}
	last := v["messages"].([]any)[2].(map[string]any)["content"].([]any)
	if len(last) != 2 || last[0].(map[string]any)["type"] != "tool_result" || last[1].(map[string]any)["text"] != "note" {
		t.Errorf("the note stands at %v", last)
	}
	v = get(Chat, chatAsk, Rewrite{MaxTokens: 100, Temperature: "0.2", Usage: true, Inject: "note"})
	if v["max_tokens"] != 100.0 || v["temperature"] != 0.2 || v["stream_options"].(map[string]any)["include_usage"] != true || len(v["messages"].([]any)) != 5 {
		t.Errorf("chat: %v", v)
	}
	if v = get(Chat, chatAsk, Rewrite{Model: "gpt-5-x", MaxTokens: 100}); v["max_completion_tokens"] != 100.0 {
		t.Errorf("a model that thinks: %v", v)
	}
	v = get(Responses, responsesAsk, Rewrite{MaxTokens: 100, Inject: "note", StripHosted: true})
	if v["max_output_tokens"] != 100.0 || len(v["input"].([]any)) != 5 || len(v["tools"].([]any)) != 2 {
		t.Errorf("responses: %v", v)
	}
	v = get(Responses, `{"model":"m","input":"do it","tools":[{"type":"web_search"}],"tool_choice":"auto"}`, Rewrite{Inject: "note", StripHosted: true})
	if len(v["input"].([]any)) != 2 || v["tools"] != nil || v["tool_choice"] != nil {
		t.Errorf("responses with text: %v", v)
	}
	for _, content := range []string{`"do it"`, `""`, `[]`, `[ ]`, `[{"type":"text","text":"do it"}]`} {
		v = get(Anthropic, `{"model":"m","messages":[{"role":"user","content":`+content+`}]}`, Rewrite{Inject: "note"})
		list := v["messages"].([]any)[0].(map[string]any)["content"].([]any)
		if note := list[len(list)-1].(map[string]any)["text"]; note != "note" {
			t.Errorf("behind %s stands %v", content, list)
		}
	}
}

func TestWhoRunsATool(t *testing.T) {
	t.Parallel()
	for tool, hosted := range map[string]bool{
		`{"type":"shell","environment":{"type":"local"}}`: false, `{"type":"shell","environment":{"type":"container_auto"}}`: true,
		`{"type":"shell"}`: true, `{"type":"tool_search","execution":"client"}`: false, `{"type":"mcp","server_url":"https://x"}`: true,
		`{"type":"code_interpreter"}`: true, `{"type":"apply_patch"}`: false, `{"type":"something new"}`: true,
		`{"type":"namespace","name":"crm","tools":[{"type":"function","name":"a"},{"type":"custom","name":"b"}]}`: false,
		`{"type":"namespace","name":"crm","tools":[{"type":"function","name":"a"},{"type":"web_search"}]}`:        true,
	} {
		r := mustRead(t, Responses, `{"model":"m","input":"x","tools":[`+tool+`,{"type":"function","name":"own"}]}`)
		if got := len(r.Hosted()) > 0; got != hosted {
			t.Errorf("%s: hosted %v", tool, got)
		}
		out := string(r.Rewrite(Rewrite{StripHosted: true}))
		if strings.Contains(out, tool) == hosted || !strings.Contains(out, `"name":"own"`) {
			t.Errorf("%s: rewritten to %s", tool, out)
		}
	}
	for tool, hosted := range map[string]bool{`"bash_20250124"`: false, `"tool_search_tool_bm25_20251119"`: false, `"web_fetch_20260318"`: true,
		`"code_execution_20260521"`: true, `"mcp_toolset"`: true, `"advisor_20260301"`: true, `"custom"`: false} {
		r := mustRead(t, Anthropic, `{"model":"m","messages":[],"tools":[{"type":`+tool+`,"name":"x"}]}`)
		if got := len(r.Hosted()) > 0; got != hosted {
			t.Errorf("%s: hosted %v", tool, got)
		}
	}
}

func TestCallsAreChecked(t *testing.T) {
	t.Parallel()
	r := mustRead(t, Anthropic, anthropicAsk)
	for _, c := range []struct {
		tool, args string
		valid      bool
	}{
		{"Bash", `{"command":"ls"}`, true}, {"Bash", `{}`, false}, {"Bash", `{"command":1}`, false}, {"Bash", `{"command":"ls","x":1}`, false},
		{"bash", `{"command":"ls"}`, false}, {"Nope", `{}`, false}, {"Bash", `{"command":`, false},
	} {
		reader := NewReader(Anthropic)
		reader.call("id", c.tool, c.args)
		calls := reader.Answer().Calls
		r.Check(calls)
		if calls[0].Valid != c.valid || c.valid != (calls[0].Problem == "") {
			t.Errorf("%s %s: valid %v, problem %q", c.tool, c.args, calls[0].Valid, calls[0].Problem)
		}
	}
	calls := []Call{{Tool: "apply_patch", Args: json.RawMessage(`"*** Begin Patch"`)}}
	if mustRead(t, Responses, responsesAsk).Check(calls); !calls[0].Valid {
		t.Errorf("a text tool: %+v", calls[0])
	}
}
