package sandbox

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/leaktest"
)

func TestMain(m *testing.M) {
	Init() // this binary is also the first process of the sandboxes that tests open
	if name := os.Getenv(attackVariable); name != "" {
		playAttack(name) // and what runs inside
	}
	os.Setenv("ADAMANT_TEST_DAEMON_SECRET", "secret")
	program := publish()
	leaktest.Main(m, func() {
		if program != "" {
			os.RemoveAll(filepath.Dir(program))
		}
	})
}

// programVariable names a copy of this program that every user can start.
const programVariable = "ADAMANT_TEST_PROGRAM"

// publish makes such a copy, unless there is one. It returns what is to be removed.
func publish() string {
	if os.Getenv(programVariable) != "" {
		return ""
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("/var/tmp", "adamant-program-")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "sandbox.test")
	if err := errors.Join(os.Chmod(dir, 0o755), exectest.WriteFile(path, program, 0o755)); err != nil {
		panic(err)
	}
	os.Setenv(programVariable, path)
	return path
}

// newSandbox makes sandboxes with some guards left out.
func newSandbox(t testing.TB, without ...guard) *Sandbox {
	t.Helper()
	if filtered(t) {
		const why = "these tests run under somebody else's seccomp filter (in a check of adamant, perhaps), which holds attacks that only ours should hold"
		if os.Getenv("ADAMANT_TEST_ISOLATION") == "none" {
			t.Skip("LEFT OUT: " + why + ", and ADAMANT_TEST_ISOLATION=none says that this is known")
		}
		t.Fatal(why + "; set ADAMANT_TEST_ISOLATION=none to leave them out")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Options{Self: self, without: without})
	if err != nil {
		t.Fatalf("%v; a guard that nobody tests is none: run these tests where sandboxes can be had", err)
	}
	return s
}

// filtered tells whether a filter of system calls is in force already.
func filtered(t testing.TB) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(status, []byte("\nSeccomp:\t2\n"))
}

// slot is an identity for a test.
func slot(t testing.TB, n int) Identity {
	t.Helper()
	id, err := Slot(n)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sh runs a shell script and returns its end and what it printed.
func sh(t *testing.T, s *Sandbox, spec Spec, script string) (Exit, string) {
	t.Helper()
	var out bytes.Buffer
	spec.Argv, spec.Stdout, spec.Stderr = []string{"sh", "-c", script}, &out, &out
	spec.Env = append(spec.Env, "PATH=/usr/local/bin:/usr/bin:/bin")
	if spec.Dir == "" {
		spec.Dir = "/"
	}
	p, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Errorf("%v (%s)", err, out.String())
	}
	return exit, out.String()
}
