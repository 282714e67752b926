package codex

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/agenttest"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

// installed is the runner on a machine that has the CLI.
func installed() runner {
	r := New().(runner)
	r.locate = func([]string) (headless.Program, error) {
		return headless.Program{Argv: []string{"/opt/agents/codex"}, Mounts: []agent.Mount{{Source: "/host/codex", Target: "/opt/agents/codex"}}}, nil
	}
	return r
}

func prepare(t *testing.T, a agent.Attempt) agent.Launch {
	t.Helper()
	l, err := installed().Prepare(a)
	if err != nil {
		t.Fatal(err)
	}
	agenttest.Prepared(t, a, l)
	return l
}

func TestGolden(t *testing.T) { agenttest.Golden(t, New()) }

func FuzzParse(f *testing.F) { agenttest.Robust(f, New()) }

func TestPrepare(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	l := prepare(t, a)
	if l.Argv[0] != "/opt/agents/codex" || len(l.Mounts) != 1 || string(l.Stdin) != a.Prompt {
		t.Errorf("%+v", l)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Command = []string{"no-such-program-codex"}
	_, err := New().Prepare(a)
	var missing *headless.NotInstalledError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "npm install -g ") {
		t.Errorf("%v", err)
	}
}

func TestNeedsModel(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Model = ""
	if _, err := installed().Prepare(a); err == nil || !strings.Contains(err.Error(), "spec.models") {
		t.Errorf("%v", err)
	}
}

// Codex's own sandbox would not start inside ours, and its helpers do not start with a CODEX_HOME below the temporary folder.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Readonly = true // a reviewer's shell must start, too
	l := prepare(t, a)
	config := string(l.Files[ConfigFile])
	for _, want := range []string{"sandbox_mode = 'danger-full-access'", "approval_policy = 'never'", "base_url = 'http://127.0.0.1:8787/v1'", "wire_api = 'responses'",
		"url = 'http://127.0.0.1:8787/mcp'", "model = 'big-model'", "model_context_window = 200000", "check_for_update_on_startup = false"} {
		if !strings.Contains(config, want) {
			t.Errorf("%s is not in\n%s", want, config)
		}
	}
	if strings.Contains(config, a.Token) {
		t.Error("the configuration has the token; it names a variable")
	}
	if !slices.Contains(l.Env, "CODEX_HOME=/work/home/.codex") || !slices.Contains(l.Env, "ADAMANT_TOKEN=adm_secret") {
		t.Errorf("%q", l.Env)
	}
}

func TestOtherWire(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.API = agent.Anthropic
	if _, err := installed().Prepare(a); err == nil || !strings.Contains(err.Error(), "speaks openai-responses") {
		t.Errorf("%v", err)
	}
}

// What is not in a recorded transcript, by the shapes that Codex documents.
func TestItems(t *testing.T) {
	t.Parallel()
	const stream = `{"type":"item.completed","item":{"id":"i1","type":"file_change","changes":[{"path":"a.go","kind":"update"}],"status":"completed"}}
{"type":"item.started","item":{"id":"i2","type":"mcp_tool_call","server":"adamant","tool":"check","arguments":{},"status":"in_progress"}}
{"type":"item.completed","item":{"id":"i2","type":"mcp_tool_call","server":"adamant","tool":"check","arguments":{},"error":{"message":"no"},"status":"failed"}}
{"type":"item.completed","item":{"id":"i3","type":"command_execution","command":"rm","aggregated_output":"","exit_code":null,"status":"declined"}}
{"type":"item.completed","item":{"id":"i4","type":"todo_list","items":[]}}
{"type":"turn.failed","error":{"message":"out of tokens"}}
`
	var got []string
	if err := New().Parse(strings.NewReader(stream), func(e agent.Event) { got = append(got, agent.Render(e)) }); err != nil {
		t.Fatal(err)
	}
	want := []string{`calls     apply_patch [{"path":"a.go","kind":"update"}]`, "result    (nothing)", "calls     adamant.check", "failed 1  no", `calls     exec_command command=rm`, "failed 1  (nothing)",
		`unknown   {"type":"item.completed","item":{"id":"i4","type":"todo_list","items":[]}}`, "gave up   out of tokens"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
