package pi

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
		return headless.Program{Argv: []string{"/opt/agents/pi"}, Mounts: []agent.Mount{{Source: "/host/pi", Target: "/opt/agents/pi"}}}, nil
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
	if l.Argv[0] != "/opt/agents/pi" || len(l.Mounts) != 1 || string(l.Stdin) != a.Prompt {
		t.Errorf("%+v", l)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	a.Command = []string{"no-such-program-pi"}
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

func TestWires(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		"":                    `"baseUrl":"http://127.0.0.1:8787/v1","api":"openai-completions"`,
		agent.OpenAIChat:      `"baseUrl":"http://127.0.0.1:8787/v1","api":"openai-completions"`,
		agent.OpenAIResponses: `"baseUrl":"http://127.0.0.1:8787/v1","api":"openai-responses"`,
		agent.Anthropic:       `"baseUrl":"http://127.0.0.1:8787","api":"anthropic-messages"`,
	} {
		a := agenttest.Attempt()
		a.API = api
		models := string(prepare(t, a).Files[".pi/agent/models.json"])
		if !strings.Contains(models, want) || strings.Contains(models, a.Token) {
			t.Errorf("%s: %s", api, models)
		}
	}
}

func TestReaderHasNoWritingTools(t *testing.T) {
	t.Parallel()
	a := agenttest.Attempt()
	if got := tools(a); !slices.Equal(got, []string{"read", "ls", "grep", "find", "edit", "write", "bash"}) {
		t.Errorf("%q", got)
	}
	a.Readonly = true
	if got := tools(a); !slices.Equal(got, []string{"read", "ls", "grep", "find"}) {
		t.Errorf("%q", got)
	}
}

// pi says agent_end, then tries again: only the last end counts, and none when the agent dies before it.
func TestEnds(t *testing.T) {
	t.Parallel()
	const failed = `{"type":"message_end","message":{"role":"assistant","content":[],"stopReason":"error","errorMessage":"529"}}` + "\n"
	const well = `{"type":"message_end","message":{"role":"assistant","content":[{"type":"text","text":"done"}],"stopReason":"stop"}}` + "\n"
	const start, end = `{"type":"agent_start"}` + "\n", `{"type":"agent_end","messages":[]}` + "\n"
	for stream, want := range map[string]string{
		start + failed + end:                      "gave up   error 529",
		start + failed + end + start + well + end: "finished  done",
		start + failed + end + start:              "",
		start + well:                              "",
	} {
		got := ""
		err := New().Parse(strings.NewReader(stream), func(e agent.Event) {
			if e.Kind == agent.Finished {
				got += agent.Render(e)
			}
		})
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", stream, got, err)
		}
	}
}
