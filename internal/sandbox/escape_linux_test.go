package sandbox

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/adamant-os/adamant/internal/exectest"
)

// TestEscapes runs every attack against everything, against nothing of what holds it, and against each single guard of it.
func TestEscapes(t *testing.T) {
	whole := newSandbox(t)
	for _, e := range escapes() {
		holds := e.holds
		if os.Geteuid() == 0 {
			holds = slices.Concat(e.holds, e.root)
		}
		t.Run(e.attack, func(t *testing.T) {
			t.Parallel()
			if out, ok := e.try(t, whole, nil); ok {
				t.Errorf("BREACH: %s", out)
			}
			if e.hosts && os.Geteuid() != 0 {
				t.Log("an ordinary user is refused this by the host itself: no guard can be shown to matter")
				return
			}
			all := slices.Concat(holds, e.also)
			if out, ok := e.try(t, whole, all); !ok {
				t.Errorf("it fails even without %v, so it proves nothing: %s", all, out)
			}
			for _, one := range holds {
				if len(holds) == 1 {
					break
				}
				rest := slices.DeleteFunc(slices.Clone(all), func(g guard) bool { return g == one })
				if out, ok := e.try(t, whole, rest); ok {
					t.Errorf("%s alone does not stop it: %s", one, out)
				}
			}
		})
	}
}

// TestEveryGuardIsAttacked: a guard that no attack is stopped by is none.
func TestEveryGuardIsAttacked(t *testing.T) {
	t.Parallel()
	var needed guards
	for _, e := range escapes() {
		needed = slices.Concat(needed, e.holds, e.root)
	}
	for _, g := range []guard{guardUser, guardPID, guardView, guardNet, guardIPC, guardUTS, guardIdentity, guardCaps, guardNoNewPrivs, guardNosuid,
		guardReadOnly, guardLandlock, guardSeccomp, guardRlimits, guardCgroup, guardKeyring, guardDescriptors, guardEnv, guardTargets, guardTemp, guardDumpable} {
		if !needed.has(g) { // guardKill and guardOrphan have tests of their own; guardCgroupNS one where there are cgroups
			t.Errorf("no attack is stopped by %s", g)
		}
	}
}

// try runs an attack once and tells what it said and whether it got through.
func (e escape) try(t *testing.T, whole *Sandbox, without guards) (string, bool) {
	t.Helper()
	s := e.arrange(t, whole, without)
	var out bytes.Buffer
	s.spec.Stdout, s.spec.Stderr = &out, &out
	p, err := s.sandbox.Start(t.Context(), s.spec)
	if err != nil {
		if slices.Contains(s.spec.Argv, "planted") && strings.Contains(err.Error(), "symlink") {
			return err.Error(), false
		}
		t.Fatalf("without %v: %v", without, err)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Fatalf("without %v: %v", without, err)
	}
	text := strings.TrimSpace(out.String())
	switch {
	case exit.Code == exitBreach && exit.Cause == "":
		return text, true
	case exit.Code == exitHeld, exit.Cause == CauseMemory:
		return text, false
	}
	t.Fatalf("without %v the attack does not work: %+v %s", without, exit, text)
	return "", false
}

// TestAsOrdinaryUser runs all of it again as nobody, when this is root: the layers differ.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("this is the ordinary user already")
		return
	}
	dir := folder(t, "adamant-nobody-")
	program, err := os.ReadFile(testBinary())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "setuid", "tmp"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o777), os.Chmod(filepath.Join(dir, name), 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	path, setuid := filepath.Join(dir, "bin", "sandbox.test"), filepath.Join(dir, "setuid", "sandbox.test")
	if err := errors.Join(os.Chmod(dir, 0o755), exectest.WriteFile(path, program, 0o755), exectest.WriteFile(setuid, program, 0o755), os.Chmod(setuid, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-test.v", "-test.run", "^(Test[^A]|TestA[^s])")
	cmd.Dir = filepath.Join(dir, "tmp")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TMPDIR=" + cmd.Dir, setuidVariable + "=" + setuid, programVariable + "=" + path, "ADAMANT_TEST_DAEMON_SECRET=secret"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestEscapes")) || bytes.Contains(out, []byte("--- SKIP")) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
