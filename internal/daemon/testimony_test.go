package daemon

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/why"
)

// persona makes an agent's file on main before the daemon starts.
func agentFile(name, spec string) string {
	return "apiVersion: adamant.dev/v1\nkind: Agent\nmetadata: {name: " + name + "}\nspec: {role: coder, " + spec + "}\n"
}

// refusal waits until the gate has refused an attempt of a task, and returns why.
func (h *house) refusal(id string) string {
	h.t.Helper()
	for deadline := time.Now().Add(hang); ; {
		var d api.TaskDetail
		h.call("GET", api.PathTask, id, nil, &d)
		if d.Return != nil {
			return d.Return.Why + " " + strings.Join(rulesOf(d.Return.Findings), " ")
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("task %s is %s (%s)", id, d.Status, d.Why)
		}
		if err := sleep(h.t.Context(), 20*time.Millisecond); err != nil {
			h.t.Fatal(err)
		}
	}
}

func rulesOf(findings []task.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Rule+": "+f.Message)
	}
	return out
}

// TestUnrecordedWork refuses what an agent did without a record of it.
func TestUnrecordedWork(t *testing.T) {
	t.Parallel()
	h, _ := newStudio(t, "", func(a task.Attempt) scene {
		if a.N == 1 {
			return scene{write: leaf("a", "Nobody saw."), secret: true}
		}
		write := leaf("a", "Seen.")
		return scene{write: write, secret: true}
	})
	why := h.refusal(h.task(api.NewTask{Title: "Write a page"}))
	if !strings.Contains(why, "agents/unrecorded") || !strings.Contains(why, "nothing of what it did is on record") {
		t.Errorf("refused because %s", why)
	}
	if h.main("docs/a.md") != "" {
		t.Error("it landed")
	}
}

// TestJuniorWaits holds even a page of documentation of a junior until the operator approves, and lands the same of a standard agent.
func TestJuniorWaits(t *testing.T) {
	t.Parallel()
	h, _ := newStudio(t, "", func(a task.Attempt) scene { return scene{write: leaf(a.Agent, "A page.")} }, func(h *house) {
		h.clone.Write(".adamant/agents/coder.yaml", agentFile("coder", "tier: standard"))
		h.clone.Write(".adamant/agents/pupil.yaml", agentFile("pupil", "tier: junior"))
		h.clone.Commit("agents")
	})
	pupil, coder := h.task(api.NewTask{Title: "Write a page", Agent: "pupil"}), h.task(api.NewTask{Title: "Write another", Agent: "coder"})
	h.reaches(coder, task.Done)
	d := h.reaches(pupil, task.Waiting)
	c := h.await(d.Change[:16], change.NeedsOperator)
	if h.main("docs/pupil.md") != "" {
		t.Error("a junior's change landed")
	}
	if !strings.Contains(string(c.Verdict), "agent pupil is a junior") {
		t.Errorf("the operator is asked %s", c.Verdict)
	}
}

// TestGrantedPath lands outside of an agent's paths what its task grants, and nothing else.
func TestGrantedPath(t *testing.T) {
	t.Parallel()
	h, _ := newStudio(t, "", func(a task.Attempt) scene { return scene{write: leaf("a", "A page.")} }, func(h *house) {
		h.clone.Write(".adamant/agents/coder.yaml", agentFile("coder", "paths: [\"src/**\"]"))
		h.clone.Commit("agents")
	})
	if why := h.refusal(h.task(api.NewTask{Title: "Write a page"})); !strings.Contains(why, "agents/paths") {
		t.Errorf("refused because %s", why)
	}
	h.reaches(h.task(api.NewTask{Title: "Write a page, as granted", Grants: []string{"docs/**"}}), task.Done)
	if h.main("docs/a.md") == "" {
		t.Error("it did not land")
	}
}

// TestWhyAfterwards asks, of the kernel and of a clone that was synchronised, how a line came to be.
func TestWhyAfterwards(t *testing.T) {
	t.Parallel()
	h, _ := newStudio(t, "", func(a task.Attempt) scene {
		if a.N == 1 {
			return scene{write: map[string]string{"broken": "x\n", "docs/a.md": "# A\n\nA page.\n"}}
		}
		return scene{write: map[string]string{"broken": ""}}
	})
	id := h.task(api.NewTask{Title: "Write a page", Text: "So that people know.", Feature: "words"})
	d := h.reaches(id, task.Done)
	h.until("the end of the landing is on record", func() bool { return h.ledger(ledger.LandingDone) == 1 }) // main has moved before
	ctx := t.Context()
	clone, err := git.Open(ctx, h.clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer clone.Close()
	if _, err := why.OpenLens(ctx, clone, ""); !errors.Is(err, why.ErrNothingFetched) {
		t.Errorf("before anything was fetched: %v", err)
	}
	if _, err := kernel.SyncFrom(ctx, clone, "adamant", filepath.Join(h.dir, "kernel.git")); err != nil {
		t.Fatal(err)
	}
	lens, err := why.OpenLens(ctx, clone, "")
	if err != nil {
		t.Fatal(err)
	}
	defer lens.Close()
	main, err := lens.Ref(ctx, kernel.RefMain)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*why.Reader{"kernel": why.NewReader(h.kernel.Repo(), clone), "clone": why.NewReader(lens.Repo, clone)} {
		for _, asked := range []string{"docs/a.md:3", d.Commit, d.Change[:12], id, string(main)} {
			a, err := r.Explain(ctx, asked, main)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, asked, err)
			}
			if a.Intent == nil || a.Intent.Text != "So that people know." || a.Landing == nil || string(a.Landing.Commit) != d.Commit || len(a.Landing.Records) != 2 {
				t.Errorf("%s, %s: intent %+v, landing %+v", name, asked, a.Intent, a.Landing)
			}
			if a.Verdict == nil || a.Verdict.Unread || a.Verdict.Decision != "allow" || len(a.Verdict.Refused) != 1 || len(a.Missing) > 1 {
				t.Errorf("%s, %s: verdict %+v, missing %q", name, asked, a.Verdict, a.Missing)
			}
			if n := len(a.Made.Attempts); n != 2 || !a.Made.Attempts[0].In || a.Made.Attempts[0].Returned == nil || len(a.Made.Attempts[0].Actions) != 3 || a.Made.Reasoning.Missing != 0 {
				t.Errorf("%s, %s: made %+v", name, asked, a.Made)
			}
			if here := a.Made.Attempts[0].Actions[1]; here.Here != (asked == "docs/a.md:3") {
				t.Errorf("%s, %s: the action that wrote the file is marked %v", name, asked, here.Here)
			}
		}
		a, err := r.Explain(ctx, "README.md:1", main)
		if err != nil || !a.Made.Human || !a.Made.Before || a.Change != nil {
			t.Errorf("%s: of a commit that is older: %+v, %v", name, a, err)
		}
		for _, asked := range []string{"nothing", "0000000000000000", "README.md:99", "none.md:1"} {
			if a, err := r.Explain(ctx, asked, main); err == nil {
				t.Errorf("%s: %s was explained: %+v", name, asked, a)
			}
		}
	}
	alone, err := why.NewReader(nil, clone).Explain(ctx, "HEAD", main)
	if err != nil || alone.Commit == nil || len(alone.Missing) != 1 {
		t.Errorf("without any record: %+v, %v", alone, err)
	}
}
