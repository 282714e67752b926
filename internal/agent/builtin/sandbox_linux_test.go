package builtin

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/loop"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// This binary is also the first process of a sandbox, and the agent in it.
func TestMain(m *testing.M) {
	sandbox.Init()
	if len(os.Args) > 1 && os.Args[1] == Verb {
		status, err := loop.Main(context.Background(), os.Stdin, os.Stdout)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(status)
	}
	os.Exit(m.Run())
}

func folder(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	for path := dir; path != "/tmp" && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil { // the test's own folders: the sandbox runs as this user
			break
		}
	}
	if text != "" {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The agent as it is started for real: this executable in a sandbox, whose only way out is the endpoint. It reads, edits, and
// runs; it sees nothing else of the host, and its commands do not see the token.
func TestInSandbox(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(t.Context(), sandbox.Options{Self: self})
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(folder(t, "secret", "host secret"), "secret")
	server := modeltest.Serve(t,
		modeltest.Turn{Text: "I look.", Calls: []modeltest.Call{{ID: "1", Tool: "read", Args: `{"path":"a.txt"}`}, {ID: "2", Tool: "search", Args: `{"pattern":"old"}`},
			{ID: "3", Tool: "run", Args: fmt.Sprintf(`{"command":"cat %s; env | grep adm_; cat rules.txt"}`, secret)}}},
		modeltest.Turn{Calls: []modeltest.Call{{ID: "4", Tool: "edit", Args: `{"path":"a.txt","old":"old","new":"new"}`}}},
		modeltest.Turn{Calls: []modeltest.Call{{ID: "5", Tool: "write", Args: `{"path":"rules.txt","text":"mine"}`}}},
		modeltest.Turn{Calls: []modeltest.Call{{ID: "6", Tool: "finish", Args: `{"summary":"did it"}`}}})
	repo, home := folder(t, "a.txt", "old\n"), folder(t, "", "")
	if err := os.WriteFile(filepath.Join(repo, "rules.txt"), []byte("rules of main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	launch, err := New(self).Prepare(agent.Attempt{ID: "t.1", Name: "coder", Role: "coder", Model: "m", API: agent.Anthropic, Prompt: "do it", Repo: "/work/repo", Home: "/work/home", Endpoint: agent.Endpoint, Token: "adm_secret"})
	if err != nil {
		t.Fatal(err)
	}
	who := sandbox.Self()
	if os.Getuid() == 0 {
		if who, err = sandbox.Slot(900); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{repo, home, filepath.Join(repo, "a.txt")} {
			if err := os.Chown(path, who.UID, who.GID); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out, errs bytes.Buffer
	spec := sandbox.Spec{Argv: launch.Argv, Env: launch.Env, Dir: "/work/repo", Identity: who, Stdin: bytes.NewReader(launch.Stdin), Stdout: &out, Stderr: &errs,
		Mounts: []sandbox.Mount{{Source: repo, Target: "/work/repo", Writable: true}, {Source: home, Target: "/work/home", Writable: true},
			{Source: filepath.Join(repo, "rules.txt"), Target: "/work/repo/rules.txt"}, {Source: self, Target: Program}},
		Forward: []sandbox.Forward{{Listen: strings.TrimPrefix(agent.Endpoint, "http://"), Serve: func(l net.Listener) { _ = http.Serve(l, server.Mux) }}}}
	process, err := box.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := process.Wait()
	if err != nil || exit.Code != 0 {
		t.Fatalf("%+v, %v\n%s%s", exit, err, errs.String(), out.String())
	}
	text := out.String()
	for _, want := range []string{`"text":"    1\told\n"`, `a.txt:1: old`, `rules of main`, `rules.txt cannot be changed here`, `{"kind":"finished","text":"did it"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the events lack %s", want)
		}
	}
	if strings.Contains(text, "host secret") || strings.Contains(text, "adm_secret") {
		t.Error("a secret was seen")
	}
	data, err := os.ReadFile(filepath.Join(repo, "a.txt"))
	if err != nil || string(data) != "new\n" {
		t.Errorf("a.txt: %q, %v", data, err)
	}
	if t.Failed() {
		t.Log(text)
	}
}
