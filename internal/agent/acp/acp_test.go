package acp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/agenttest"
	"github.com/adamant-os/adamant/internal/agent/headless"
	"github.com/adamant-os/adamant/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestGolden(t *testing.T) { agenttest.Golden(t, New()) }

func FuzzParse(f *testing.F) { agenttest.Robust(f, New()) }

// step is a line that the fake agent waits for, and the lines it answers with. ID in an answer is the id of what it read.
type step struct {
	expect string
	say    []string
}

const (
	hello  = `{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":1,"agentInfo":{"name":"fake","version":"9"},"agentCapabilities":{"mcpCapabilities":{"http":true}},"newField":{}}}`
	opened = `{"jsonrpc":"2.0","id":ID,"result":{"sessionId":"s1","modes":{}}}`
	ended  = `{"jsonrpc":"2.0","id":ID,"result":{"stopReason":"end_turn"}}`
)

func session1(prompt ...string) []step {
	return []step{{"initialize", []string{hello}}, {"session/new", []string{opened}}, {"session/prompt", prompt}}
}

func told(update string) string {
	return `{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":` + update + `}}`
}

// converse speaks to a fake agent and returns what was told and what the agent heard.
func converse(t *testing.T, a agent.Attempt, steps ...step) (events, heard []string) {
	t.Helper()
	stdin, agentIn := pipe()
	stdout, agentOut := pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer stdout.Close()
		in := bufio.NewScanner(agentIn)
		for _, s := range steps {
			if !in.Scan() {
				return
			}
			heard = append(heard, in.Text())
			if !strings.Contains(in.Text(), s.expect) {
				t.Errorf("heard %s, want %s", in.Text(), s.expect)
				return
			}
			var f frame
			if err := json.Unmarshal(in.Bytes(), &f); err != nil {
				t.Error(err)
			}
			for _, line := range s.say {
				fmt.Fprintln(stdout, strings.ReplaceAll(line, "ID", string(f.ID)))
			}
		}
	}()
	err := New().Converse(t.Context(), a, stdin, agentOut, func(e agent.Event) { events = append(events, agent.Render(e)) })
	if err != nil {
		t.Error(err)
	}
	agentIn.Close()
	<-done
	return events, heard
}

func pipe() (w io.WriteCloser, r io.ReadCloser) {
	r1, w1 := io.Pipe()
	return w1, r1
}

func TestConverse(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	events, heard := converse(t, a, session1(
		"a line of its log",
		told(`{"sessionUpdate":"agent_thought_chunk","content":{"type":"text","text":"hm"}}`),
		told(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"I "}}`),
		told(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"do."}}`),
		told(`{"sessionUpdate":"tool_call","toolCallId":"c1","title":"sh","kind":"execute","status":"pending","rawInput":{"cwd":"/"}}`),
		told(`{"sessionUpdate":"tool_call_update","toolCallId":"c1","status":"in_progress","rawInput":{"command":"ls"}}`),
		told(`{"sessionUpdate":"tool_call_update","toolCallId":"c1","status":"completed","rawOutput":{"metadata":{"exit":2}},"content":[{"type":"content","content":{"type":"text","text":"gone"}}]}`),
		told(`{"sessionUpdate":"tool_call_update","toolCallId":"never-announced","title":"Edit x","kind":"edit","status":"failed","rawOutput":"no such file"}`),
		told(`{"sessionUpdate":"from_the_future","x":1}`),
		told(`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Done."}}`),
		ended)...)
	want := []string{
		"started   fake 9", "unknown   a line of its log", "thinks    hm", "says      I do.", "calls     execute command=ls", "failed 2  gone", "calls     edit",
		"failed 1  no such file", `unknown   {"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sess`, "says      Done.", "finished  Done.",
	}
	if len(events) != len(want) {
		t.Fatalf("%q", events)
	}
	for i := range want {
		if !strings.HasPrefix(events[i], want[i]) {
			t.Errorf("%d: %q, want %q", i, events[i], want[i])
		}
	}
	if !strings.Contains(heard[1], `"url":"http://127.0.0.1:8787/mcp"`) || !strings.Contains(heard[1], "Bearer adm_secret") || !strings.Contains(heard[1], `"cwd":"/work/repo"`) {
		t.Errorf("%s", heard[1])
	}
	if !strings.Contains(heard[2], a.Prompt) {
		t.Errorf("%s", heard[2])
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	wrong := func(code int, text string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":ID,"error":{"code":%d,"message":%q}}`, code, text)
	}
	for name, c := range map[string]struct {
		steps []step
		want  string
	}{
		"another protocol": {[]step{{"initialize", []string{`{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":7}}`}}}, "gave up   the agent speaks another version of the protocol: 7, not 1"},
		"dies":             {session1()[:1], "gave up   ask for session/new: the agent ended before it answered"},
		"refuses":          {session1(`{"jsonrpc":"2.0","id":ID,"result":{"stopReason":"refusal"}}`), "gave up   refusal"},
		"no reason":        {session1(`{"jsonrpc":"2.0","id":ID,"result":{}}`), "gave up   the agent's answer names no reason to stop"},
		"fails":            {session1(wrong(-32603, "Internal error")), "gave up   ask for session/prompt: Internal error (-32603)"},
		"login": {[]step{{"initialize", []string{`{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":1,"authMethods":[{"id":"oauth"}]}}`}}, {"session/new", []string{wrong(codeAuthRequired, "log in")}}},
			"gave up   ask for session/new: log in (-32000)"},
		"key": {[]step{{"initialize", []string{`{"jsonrpc":"2.0","id":ID,"result":{"protocolVersion":1,"authMethods":[{"id":"oauth"},{"id":"x-api-key"}]}}`}}, {"session/new", []string{wrong(codeAuthRequired, "log in")}},
			{`"methodId":"x-api-key"`, []string{`{"jsonrpc":"2.0","id":ID,"result":{}}`}}, {"session/new", []string{opened}}, {"session/prompt", []string{ended}}}, "finished  (nothing)"},
		"open call": {session1(told(`{"sessionUpdate":"tool_call","toolCallId":"c1","kind":"read","rawInput":{}}`), ended), "finished  (nothing)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events, _ := converse(t, agenttest.Attempt(), c.steps...)
			if len(events) == 0 || events[len(events)-1] != c.want {
				t.Errorf("%q", events)
			}
			if name == "open call" && !slices.Contains(events, "calls     read") {
				t.Errorf("the call that never ended was not told: %q", events)
			}
		})
	}
}

// The agent asks; the answer comes from the attempt alone.
func TestPermission(t *testing.T) {
	t.Parallel()
	const options = `"options":[{"optionId":"al","kind":"allow_always"},{"optionId":"a1","kind":"allow_once"},{"optionId":"r1","kind":"reject_once"}]`
	reader, few := agenttest.Attempt(), agenttest.Attempt()
	reader.Readonly, reader.Role = true, "reviewer"
	few.Tools = []string{"read", "edit"}
	for _, c := range []struct {
		a    agent.Attempt
		call string
		want string
		why  string
	}{
		{agenttest.Attempt(), `{"kind":"execute","title":"ls"}`, `"optionId":"a1"`, ""},
		{agenttest.Attempt(), `{"kind":"edit","locations":[{"path":"/work/repo/a"},{"path":"b"}]}`, `"optionId":"a1"`, ""},
		{agenttest.Attempt(), `{"kind":"edit","locations":[{"path":"/work/repo/../home/.bashrc"}]}`, `"optionId":"r1"`, "outside the checkout"},
		{agenttest.Attempt(), `{"kind":"edit","locations":[{"path":"/work/repository"}]}`, `"optionId":"r1"`, "outside the checkout"},
		{agenttest.Attempt(), `{"kind":"edit","content":[{"type":"diff","path":"/etc/passwd"}]}`, `"optionId":"r1"`, "outside the checkout"},
		{agenttest.Attempt(), `{"kind":"delete","locations":[{"path":"../x"}]}`, `"optionId":"r1"`, "outside the checkout"},
		{agenttest.Attempt(), `{"kind":"fetch"}`, `"optionId":"r1"`, "no network"},
		{agenttest.Attempt(), `{"kind":"read","locations":[{"path":"/usr/include/stdio.h"}]}`, `"optionId":"a1"`, ""},
		{agenttest.Attempt(), `{"title":"mcp__adamant__finish"}`, `"optionId":"a1"`, ""},
		{reader, `{"kind":"read"}`, `"optionId":"a1"`, ""},
		{reader, `{"kind":"edit"}`, `"optionId":"r1"`, "a reviewer changes nothing"},
		{reader, `{"kind":"execute"}`, `"optionId":"r1"`, "a reviewer changes nothing"},
		{few, `{"kind":"execute"}`, `"optionId":"r1"`, "coder has no tool for execute"},
		{few, `{"kind":"move"}`, `"optionId":"a1"`, ""},
		{few, `17`, `"outcome":"cancelled"`, "cannot be read"},
	} {
		ask := `{"jsonrpc":"2.0","id":"q-1","method":"session/request_permission","params":{"sessionId":"s1","toolCall":` + c.call + `,` + options + `}}`
		events, heard := converse(t, c.a, append(session1(ask), step{`"id":"q-1"`, []string{strings.ReplaceAll(ended, "ID", "3")}})...)
		if answer := heard[len(heard)-1]; !strings.Contains(answer, c.want) {
			t.Errorf("%s: %s", c.call, answer)
		}
		all := strings.Join(events, "\n")
		if c.why != "" && !strings.Contains(all, c.why) || c.why == "" && strings.Contains(all, "refused") {
			t.Errorf("%s: %q", c.call, events)
		}
	}
}

func TestPermissionWithoutChoice(t *testing.T) {
	t.Parallel()
	outcome, why := permit(agenttest.Attempt(), json.RawMessage(`{"toolCall":{},"options":[]}`))
	if outcome["outcome"] != "cancelled" || why == "" {
		t.Errorf("%v, %q", outcome, why)
	}
}

// Files and terminals of the host are not served, whatever an agent asks.
func TestServesNothing(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"fs/read_text_file", "fs/write_text_file", "terminal/create", "x/y"} {
		ask := `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{"path":"/etc/shadow"}}`
		_, heard := converse(t, agenttest.Attempt(), append(session1(ask), step{`"id":7`, []string{strings.ReplaceAll(ended, "ID", "3")}})...)
		if answer := heard[len(heard)-1]; !strings.Contains(answer, `"code":-32601`) {
			t.Errorf("%s: %s", method, answer)
		}
		if !strings.Contains(heard[0], `"readTextFile":false`) || !strings.Contains(heard[0], `"terminal":false`) {
			t.Errorf("%s", heard[0])
		}
	}
}

// A cancelled attempt returns at once: with an agent that never answers, which is told, and with one that does not even read.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("stopped by the operator")
		stdin, agentIn := pipe()
		stdout, agentOut := pipe()
		heard := make(chan string, 10)
		go func() {
			defer close(heard)
			if !reads {
				cancel(why)
				return
			}
			in := bufio.NewScanner(agentIn)
			for i := 1; in.Scan(); i++ {
				heard <- in.Text()
				switch {
				case i <= 2:
					fmt.Fprintln(stdout, strings.ReplaceAll([]string{hello, opened}[i-1], "ID", fmt.Sprint(i)))
				case i == 3:
					cancel(why)
				default:
					return
				}
			}
		}()
		err := New().Converse(ctx, agenttest.Attempt(), stdin, agentOut, func(agent.Event) {})
		if !errors.Is(err, why) {
			t.Errorf("reads %v: %v", reads, err)
		}
		agentIn.Close()
		stdout.Close()
		last := ""
		for line := range heard {
			last = line
		}
		if reads && !strings.Contains(last, "session/cancel") {
			t.Errorf("the agent heard %s", last)
		}
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	r := runner{func(string) (headless.Program, error) {
		return headless.Program{Argv: []string{"/opt/agents/x"}, Mounts: []agent.Mount{{Source: "/host/x", Target: "/opt/agents/x"}}}, nil
	}}
	a := agenttest.Attempt()
	if _, err := r.Prepare(a); err == nil || !strings.Contains(err.Error(), "spec.command") {
		t.Errorf("%v", err)
	}
	a.Command = []string{"x", "acp"}
	l, err := r.Prepare(a)
	if err != nil {
		t.Fatal(err)
	}
	agenttest.Prepared(t, a, l)
	if !slices.Equal(l.Argv, []string{"/opt/agents/x", "acp"}) || len(l.Stdin) != 0 {
		t.Errorf("%+v", l)
	}
	for _, name := range []string{".codex/config.toml", ".config/opencode/opencode.json", ".claude/settings.json"} {
		if len(l.Files[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if _, err := New().Prepare(agent.Attempt{Command: []string{"no-such-agent"}}); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("%v", err)
	}
}
