package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/task"
)

// persona makes an agent's file on main before the daemon starts.
func agentFile(name, spec string) string {
	return "apiVersion: adamant.dev/v1\nkind: Agent\nmetadata: {name: " + name + "}\nspec: {role: coder, " + spec + "}\n"
}

// refusal waits until the gate has refused an attempt of a task, and returns why.
func (h *house) refusal(id string) string {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
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
