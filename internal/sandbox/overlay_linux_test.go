package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keep makes a folder of Keeper's in which everybody may write, as a cache of compiled things is.
func keep(t *testing.T) string {
	t.Helper()
	keeper, err := Keeper()
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, "adamant-keep-")
	cache := filepath.Join(dir, "cache")
	if err := errors.Join(os.Chmod(dir, 0o755), os.MkdirAll(filepath.Join(cache, "ab"), 0o777), os.WriteFile(filepath.Join(cache, "ab", "known"), []byte("trusted"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{cache, filepath.Join(cache, "ab"), filepath.Join(cache, "ab", "known")} {
		if keeper != Self() {
			if err := os.Chown(path, keeper.UID, keeper.GID); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return cache
}

// poison writes, replaces, renames and removes in an overlay at /cache, each of which has to work inside.
const poison = `set -e
echo poison >/cache/ab/new; echo poison >/cache/ab/known; grep -q poison /cache/ab/known
mkdir /cache/cd; echo x >/cache/cd/x; mv /cache/ab/known /cache/cd/moved; rm /cache/ab/new; rm -r /cache/cd; rmdir /cache/ab; mkdir /cache/ab; test -z "$(ls /cache/ab)"
echo poison >/cache/ab/known; test ! -e /tmp/.layers; test ! -e /.layers; echo fine`

func TestOverlay(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	cache := keep(t)
	for range 2 { // nothing of the first is seen by the second
		spec := Spec{Identity: slot(t, 240), Mounts: []Mount{{Source: cache, Target: "/cache", Overlay: true}}}
		if exit, out := sh(t, s, spec, "grep -q trusted /cache/ab/known; "+poison); exit != (Exit{}) || !strings.HasSuffix(out, "fine\n") {
			t.Fatalf("%+v %s", exit, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(cache, "ab", "known"))
	if err != nil || string(text) != "trusted" {
		t.Errorf("the source changed: %q %v", text, err)
	}
}

// TestPoisonWithoutOverlay is the attack with its guard left out.
func TestPoisonWithoutOverlay(t *testing.T) {
	t.Parallel()
	whole := newSandbox(t)
	s := &Sandbox{self: whole.self, layers: whole.layers, without: guards{guardOverlay}}
	cache := keep(t)
	spec := Spec{Identity: slot(t, 241), Mounts: []Mount{{Source: cache, Target: "/cache", Overlay: true}}}
	sh(t, s, spec, poison)
	if text, err := os.ReadFile(filepath.Join(cache, "ab", "known")); string(text) != "poison\n" {
		t.Errorf("it fails even without the overlay, so it proves nothing: %q %v", text, err)
	}
}

func TestOverlayIsBounded(t *testing.T) {
	t.Parallel()
	spec := Spec{Identity: slot(t, 242), Mounts: []Mount{{Source: keep(t), Target: "/cache", Overlay: true}}, Limits: Limits{Temp: 8 << 20}}
	if exit, out := sh(t, newSandbox(t), spec, "head -c 16000000 /dev/zero >/cache/big"); exit.Code == 0 {
		t.Errorf("an overlay takes more than Limits.Temp: %s", out)
	}
}

func TestHostnameAndProcessors(t *testing.T) {
	t.Parallel()
	spec := Spec{Identity: slot(t, 243), Hostname: "other", Processors: 1}
	if exit, out := sh(t, newSandbox(t), spec, "uname -n; nproc"); exit != (Exit{}) || out != "other\n1\n" {
		t.Errorf("%+v %q", exit, out)
	}
}

func TestOverlaysThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	cache := keep(t)
	for name, spec := range map[string]Spec{
		"a writable one": {Identity: slot(t, 244), Mounts: []Mount{{Source: cache, Target: "/cache", Overlay: true, Writable: true}}},
		"the host's":     {View: ViewHost, Mounts: []Mount{{Source: cache, Target: "/cache", Overlay: true}}},
	} {
		if c, err := s.Open(t.Context(), spec); err == nil {
			c.Kill()
			t.Errorf("%s is accepted", name)
		}
	}
	if os.Geteuid() == 0 {
		spec := Spec{Identity: slot(t, 244), Mounts: []Mount{{Source: "/usr/share", Target: "/cache", Overlay: true}}}
		if c, err := s.Open(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "Keeper") {
			c.Kill()
			t.Errorf("one over what belongs to root is accepted: %v", err)
		}
	}
}
