package sandbox

import (
	"bytes"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Init() // this binary is also the first process of the sandboxes that tests open
	goleak.VerifyTestMain(m)
}

// newSandbox makes sandboxes with some guards left out.
func newSandbox(t testing.TB, without ...guard) *Sandbox {
	t.Helper()
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

func TestTmp(t *testing.T) {
	s := newSandbox(t)
	t.Logf("%+v", s.Report())
	b := time.Now()
	exit, out := sh(t, s, Spec{Identity: slot(t, 1)}, "id; cat /proc/self/status | egrep 'Cap|NoNew|Secc'; ls -la / /dev /etc; cat /proc/self/mountinfo; ps aux; touch /tmp/x /x /usr/x; cat /proc/self/cgroup; cat /proc/1/environ; git --version; hostname; ulimit -a")
	t.Logf("%v %+v\n%s", time.Since(b), exit, out)
}
