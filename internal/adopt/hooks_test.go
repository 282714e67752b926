package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hooked is a clone's folder of hooks.
type hooked struct {
	t *testing.T
	Wishes
	root string
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	root := t.TempDir()
	h := &hooked{t, Wishes{Name: "clinic", Branch: "main", Phase: 2, HooksDir: filepath.Join(root, ".git", "hooks"), GitHooks: true}, root}
	h.apply()
	return h
}

// apply plans and applies, and returns the states of hooks by name.
func (h *hooked) apply() map[string]string {
	h.t.Helper()
	steps, err := Plan(h.root, h.Wishes)
	if err == nil {
		err = Apply(steps)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	states := map[string]string{}
	for _, s := range steps {
		if filepath.Dir(s.Path) == h.HooksDir {
			states[filepath.Base(s.Path)] = s.State
		}
	}
	return states
}

func (h *hooked) want(about string, states map[string]string, commit, push string) {
	h.t.Helper()
	if states["pre-commit"] != commit || states["pre-push"] != push {
		h.t.Errorf("%s: %v, want pre-commit %q, pre-push %q", about, states, commit, push)
	}
}

func (h *hooked) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.HooksDir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hooked) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.HooksDir, name))
	if err != nil && !os.IsNotExist(err) {
		h.t.Fatal(err)
	}
	return string(text)
}

// TestBackToPhaseOne: what refuses must not stay behind in a phase that blocks nothing, hooks wished for or not.
func TestBackToPhaseOne(t *testing.T) {
	t.Parallel()
	for _, wished := range []bool{true, false} {
		h := newHooked(t)
		h.Phase, h.GitHooks, h.Follow = 1, wished, true
		h.want("back", h.apply(), Removed, Replaced)
		if h.read("pre-commit") != "" || !strings.Contains(h.read("pre-push"), "phase 1") {
			t.Errorf("left: %q, %q", h.read("pre-commit"), h.read("pre-push"))
		}
		again := ""
		if wished {
			again = Unchanged
		}
		h.want("again", h.apply(), "", again)
		h.Phase = 2
		h.want("forth", h.apply(), Written, Replaced)
		if !strings.Contains(h.read("pre-commit"), "refuses to commit") || !strings.Contains(h.read("pre-push"), "refuses to push") {
			t.Errorf("not guarded: %q, %q", h.read("pre-commit"), h.read("pre-push"))
		}
	}
}

// TestHooksStay where nobody asked for a phase, and where none was there.
func TestHooksStay(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.Phase, h.GitHooks = 1, false
	h.want("no phase", h.apply(), "", "")
	if h.read("pre-commit") == "" {
		t.Error("the hook is gone")
	}
	bare := &hooked{t, Wishes{Name: "clinic", Branch: "main", Phase: 2, HooksDir: filepath.Join(t.TempDir(), "hooks"), Follow: true}, t.TempDir()}
	bare.want("none there", bare.apply(), "", "")
}

// TestOwnHooksAreKept and named, where they run adamant or hooks are wished for.
func TestOwnHooksAreKept(t *testing.T) {
	t.Parallel()
	for text, unwished := range map[string]string{"make lint\n": "", "adamant check --staged\n": Kept} {
		h := newHooked(t)
		h.write("pre-commit", text)
		h.Phase, h.Follow = 1, true
		h.want(text, h.apply(), Kept, Replaced)
		h.GitHooks = false
		h.want(text, h.apply(), unwished, "")
		if h.read("pre-commit") != text {
			t.Errorf("it holds %q", h.read("pre-commit"))
		}
	}
}

// TestLinkedHookIsKept: adamant writes files, so a link is somebody else's, though it leads to what adamant would write.
func TestLinkedHookIsKept(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	hook, elsewhere := filepath.Join(h.HooksDir, "pre-commit"), filepath.Join(t.TempDir(), "pre-commit")
	if err := os.Rename(hook, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, hook); err != nil {
		t.Skip("links need a privilege here: ", err)
	}
	h.Phase, h.Follow = 1, true
	h.want("linked", h.apply(), Kept, Replaced)
	if h.read("pre-commit") == "" {
		t.Error("the hook is gone")
	}
}

// TestRemovedOnlyAsPlanned: a file that changes after the plan stays.
func TestRemovedOnlyAsPlanned(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.Phase = 1
	steps, err := Plan(h.root, h.Wishes)
	if err != nil {
		t.Fatal(err)
	}
	h.write("pre-commit", "mine")
	if err := Apply(steps); err == nil || !strings.Contains(err.Error(), "it changed meanwhile") {
		t.Errorf("it was removed: %v", err)
	}
	if h.read("pre-commit") != "mine" {
		t.Errorf("it holds %q", h.read("pre-commit"))
	}
}
