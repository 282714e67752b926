package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
)

// TestFurnish: an agent's checkout and home get what setups make, each setup made once, and files of the checkout stay.
func TestFurnish(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	n := setups(r)
	one := withSetup("true", `mkdir deps && cat lock >deps/got && echo home >"$HOME/.tool"`)
	same := withSetup("false", one.Setup...)
	other := withSetup("true", "echo other >other")
	for range 2 {
		checkout, home := t.TempDir(), t.TempDir()
		if err := os.WriteFile(filepath.Join(checkout, "code"), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.Furnish(t.Context(), tree{"lock": "lock1", "code": "base"}, []manifest.Check{one, same, sh("true"), other}, checkout, home); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{checkout + "/deps/got": "lock1", home + "/.tool": "home\n", checkout + "/other": "other\n", checkout + "/code": "mine"} {
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v; want %q", path, got, err, want)
			}
		}
	}
	if n.Load() != 2 {
		t.Errorf("setups ran %d times, want 2", n.Load())
	}
	if err := r.Furnish(t.Context(), tree{"lock": "l"}, []manifest.Check{withSetup("true", "exit 3")}, t.TempDir(), t.TempDir()); err == nil {
		t.Error("a setup that fails is no error")
	}
}
