package claude

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
		return headless.Program{Argv: []string{"/opt/agents/claude"}, Mounts: []agent.Mount{{Source: "/host/claude", Target: "/opt/agents/claude"}}}, nil
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
	if l.Argv[0] != "/opt/agents/claude" || len(l.Mounts) != 1 || string(l.Stdin) != a.Prompt {
		t.Errorf("%+v", l)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Command = []string{"no-such-program-claude"}
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

func TestArguments(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.MaxTurns = 7
	args := strings.Join(prepare(t, a).Argv, " ")
	for _, want := range []string{"-p --output-format stream-json --verbose", "--model big-model", "--max-turns 7", "--mcp-config /work/home/.claude/adamant-mcp.json",
		"--strict-mcp-config", "--tools Read,Glob,Grep,Edit,Write,Bash"} {
		if !strings.Contains(args, want) {
			t.Errorf("%q is not in %s", want, args)
		}
	}
}

func TestReaderHasNoWritingTools(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Readonly = true
	if got := tools(a); !slices.Equal(got, []string{"Read", "Glob", "Grep"}) {
		t.Errorf("%q", got)
	}
	a.Tools = []string{"read", "run", "finish"}
	if got := tools(a); !slices.Equal(got, []string{"Read"}) {
		t.Errorf("%q", got)
	}
}

func TestOtherWire(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.API = agent.OpenAIChat
	if _, err := installed().Prepare(a); err == nil || !strings.Contains(err.Error(), "big-model is served as openai-chat") {
		t.Errorf("%v", err)
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	l := prepare(t, agenttest.Attempt())
	for _, want := range []string{"ANTHROPIC_BASE_URL=http://127.0.0.1:8787", "ANTHROPIC_API_KEY=adm_secret", "DISABLE_AUTOUPDATER=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
		"ANTHROPIC_DEFAULT_HAIKU_MODEL=big-model"} {
		if !slices.Contains(l.Env, want) {
			t.Errorf("%s is not in %q", want, l.Env)
		}
	}
	const mcp = `{"mcpServers":{"adamant":{"type":"http","url":"http://127.0.0.1:8787/mcp","headers":{"Authorization":"Bearer adm_secret"}}}}`
	if got := string(l.Files[mcpFile]); got != mcp {
		t.Errorf("%s", got)
	}
}
