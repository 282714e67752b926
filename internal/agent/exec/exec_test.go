package exec

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

func attempt(command ...string) agent.Attempt {
	return agent.Attempt{Task: "t1", ID: "t1.1", Name: "coder", Role: "coder", Command: command, Model: "m", Prompt: "say {token} to {model}",
		Repo: "/work/repo", Home: "/work/home", Endpoint: agent.Endpoint, Token: "adm_x"}
}

// found is an installation that shows one file.
func found(program string) (headless.Program, error) {
	return headless.Program{Path: "/opt/" + program, Argv: []string{"/usr/bin/node", "/opt/cli/" + program}, Mounts: []agent.Mount{{Source: "/opt/" + program, Target: "/opt/cli/" + program}}}, nil
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	r := runner{found}
	l, err := r.Prepare(attempt("cli", "--model={model}", "--url", "{endpoint}/v1", "--key", "{token}", "-p", "{prompt}", "{unknown}", "{prompt_file}", "{repo}", "{home}"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/usr/bin/node", "/opt/cli/cli", "--model=m", "--url", agent.Endpoint + "/v1", "--key", "adm_x", "-p", "say {token} to {model}", "{unknown}", "/work/home/prompt.md", "/work/repo", "/work/home"}
	if !slices.Equal(l.Argv, want) {
		t.Errorf("argv %q", l.Argv)
	}
	if len(l.Mounts) != 1 || l.Stdin != nil || string(l.Files["prompt.md"]) != "say {token} to {model}" {
		t.Errorf("%+v", l)
	}
	for _, want := range []string{"OPENAI_BASE_URL=http://127.0.0.1:8787/v1", "ANTHROPIC_BASE_URL=http://127.0.0.1:8787", "OPENAI_API_KEY=adm_x", "ADAMANT_MCP=http://127.0.0.1:8787/mcp", "HOME=/work/home"} {
		if !slices.Contains(l.Env, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
}

// A command line may begin with variables.
func TestPrepareVariables(t *testing.T) {
	t.Parallel()
	l, err := runner{found}.Prepare(attempt("CONFIG={\"url\":\"{endpoint}\"}", "HOME=/elsewhere", "cli", "A=b", "{prompt}"))
	if err != nil || !slices.Equal(l.Argv, []string{"/usr/bin/node", "/opt/cli/cli", "A=b", "say {token} to {model}"}) {
		t.Fatalf("%+v, %v", l, err)
	}
	if !slices.Equal(l.Env[len(l.Env)-2:], []string{`CONFIG={"url":"http://127.0.0.1:8787"}`, "HOME=/elsewhere"}) {
		t.Errorf("%q", l.Env)
	}
	if _, err := (runner{found}).Prepare(attempt("A=b")); err == nil {
		t.Error("variables alone are no command")
	}
}

// A command that names no prompt reads it from its standard input; a file of the checkout is not looked for on the host.
func TestPrepareStdin(t *testing.T) {
	t.Parallel()
	l, err := runner{nil}.Prepare(attempt("./agent.sh", "--quiet"))
	if err != nil || string(l.Stdin) != "say {token} to {model}" || l.Argv[0] != "./agent.sh" || l.Mounts != nil {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	long := attempt("sh", "-c", "{prompt}")
	long.Prompt = strings.Repeat("x", maxArgument+1)
	for want, a := range map[string]agent.Attempt{"needs a command line": attempt(), "use {prompt_file}": long, "no-such-agent-cli": attempt("no-such-agent-cli")} {
		if _, err := New().Prepare(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Lines are shown as they are; events of our own form are events; other JSON is kept.
func TestParse(t *testing.T) {
	t.Parallel()
	var got []string
	err := New().Parse(strings.NewReader("working\n{\"kind\":\"tool\",\"tool\":\"x\"}\n{\"type\":\"theirs\"}\n"), func(e agent.Event) {
		got = append(got, string(e.Kind)+" "+e.Text+e.Tool+string(e.Raw))
	})
	if want := []string{"message working", "tool x", `unknown {"type":"theirs"}`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}
