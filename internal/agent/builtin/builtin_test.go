package builtin

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/loop"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
)

// What Prepare writes, the hidden command understands, and what that prints, Parse understands. The token is in the environment
// only.
func TestRound(t *testing.T) {
	s := modeltest.Serve(t, modeltest.Turn{Calls: []modeltest.Call{{ID: "1", Tool: "finish", Args: `{"summary":"nothing to do"}`}}})
	r := New("/usr/local/bin/adamant")
	launch, err := r.Prepare(agent.Attempt{ID: "t.1", Name: "coder", Role: "coder", Model: "claude-x", Prompt: "do it", Repo: t.TempDir(), Home: "/work/home", Endpoint: s.URL, Token: "adm_secret"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(launch.Argv, []string{Program, Verb}) || !slices.Equal(launch.Mounts, []agent.Mount{{Source: "/usr/local/bin/adamant", Target: Program}}) {
		t.Errorf("%+v", launch)
	}
	if bytes.Contains(launch.Stdin, []byte("adm_secret")) || !slices.Contains(launch.Env, loop.TokenVariable+"=adm_secret") {
		t.Errorf("stdin %s, env %q", launch.Stdin, launch.Env)
	}
	t.Setenv(loop.TokenVariable, "adm_secret")
	var out bytes.Buffer
	status, err := loop.Main(t.Context(), bytes.NewReader(launch.Stdin), &out)
	if err != nil || status != 0 {
		t.Fatalf("%d, %v: %s", status, err, out.String())
	}
	if os.Getenv(loop.TokenVariable) != "" {
		t.Error("the token stayed in the environment")
	}
	if got := s.Requests()[0]; got.Path != "/v1/messages" || got.Header.Get("X-Api-Key") != "adm_secret" {
		t.Errorf("%s %v", got.Path, got.Header)
	}
	var kinds []string
	if err := r.Parse(&out, func(e agent.Event) { kinds = append(kinds, string(e.Kind)) }); err != nil || !strings.HasPrefix(strings.Join(kinds, " "), "started usage tool") || kinds[len(kinds)-1] != "finished" {
		t.Errorf("%q, %v", kinds, err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	if _, err := New("adamant").Prepare(agent.Attempt{Model: "m"}); err == nil || !strings.Contains(err.Error(), "no absolute path") {
		t.Errorf("%v", err)
	}
}

func TestMainRefuses(t *testing.T) {
	t.Parallel()
	if status, err := loop.Main(t.Context(), strings.NewReader("{}"), &bytes.Buffer{}); status != 2 || err == nil {
		t.Errorf("%d, %v", status, err)
	}
}
