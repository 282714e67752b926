// Package agenttest is what every runner of other people's CLIs is tested with: recorded transcripts against golden events, and
// garbage. It is imported by tests only.
package agenttest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
)

var update = flag.Bool("update", false, "write the golden events anew")

// Golden parses every testdata/*/*.jsonl and compares the events with the file beside it that ends in .events.
func Golden(t *testing.T, r agent.Runner) {
	t.Helper()
	transcripts := Transcripts(t)
	if len(transcripts) == 0 {
		t.Fatal("there is no transcript in testdata")
	}
	for _, name := range transcripts {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(name, ".jsonl") + ".events"
			got := lines(t, parse(t, r, raw))
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs; look at it, then run with -update. Now:\n%s", golden, got)
			}
		})
	}
}

// Transcripts lists the recorded transcripts of the package under test.
func Transcripts(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Robust fuzzes Parse: it does not fail, each event can be written, and a line that no CLI writes is kept as Unknown.
func Robust(f *testing.F, r agent.Runner) {
	for _, name := range Transcripts(f) {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, line := range bytes.Split(raw, []byte("\n")) {
			if len(line) < 4096 && i < 40 {
				f.Add(line)
			}
		}
	}
	f.Add([]byte("no JSON at all \xff\x00"))
	f.Add([]byte(`{"type":17,"message":{"content":{}}}` + "\n" + `[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines(t, parse(t, r, raw))
		const foreign = "a line that no CLI writes"
		events := parse(t, r, append(append([]byte{}, raw...), "\n"+foreign+"\n"...))
		kept := false
		for _, e := range events {
			kept = kept || e.Kind == agent.Unknown && e.Text == foreign
		}
		if !kept {
			t.Error("a line that is no JSON was dropped")
		}
	})
}

func parse(t *testing.T, r agent.Runner, raw []byte) []agent.Event {
	t.Helper()
	var events []agent.Event
	if err := r.Parse(bytes.NewReader(raw), func(e agent.Event) { events = append(events, e) }); err != nil {
		t.Fatal(err)
	}
	return events
}

func lines(t *testing.T, events []agent.Event) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, e := range events {
		if e.Kind == "" {
			t.Errorf("an event without a kind: %+v", e)
		}
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("event %+v: %v", e, err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// Attempt is one that every runner can prepare.
func Attempt() agent.Attempt {
	return agent.Attempt{
		Task: "t1", ID: "a1", Name: "coder", Role: "coder", Model: "big-model", Context: 200000,
		Prompt: "Say good day.", Repo: "/work/repo", Home: "/work/home", Endpoint: agent.Endpoint, Token: "adm_secret",
	}
}

// Prepared checks what holds for every launch: the token and the prompt are in no argument, since arguments are seen by every
// process; every file is below the home folder; and nothing but loopback is named as an address.
func Prepared(t *testing.T, a agent.Attempt, l agent.Launch) {
	t.Helper()
	for _, arg := range l.Argv {
		if strings.Contains(arg, a.Token) || strings.Contains(arg, a.Prompt) {
			t.Errorf("the argument %q tells the token or the prompt", arg)
		}
	}
	for name := range l.Files {
		if !filepath.IsLocal(name) {
			t.Errorf("the file %q is not below the home folder", name)
		}
	}
	env := strings.Join(l.Env, "\n") + "\n"
	for _, want := range []string{"HOME=" + a.Home + "\n", "PATH=" + agent.SystemPath + "\n"} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment has no %s", want)
		}
	}
	seen := map[string]bool{}
	for _, v := range l.Env {
		name, _, _ := strings.Cut(v, "=")
		if seen[name] {
			t.Errorf("%s is in the environment twice", name)
		}
		seen[name] = true
	}
}
