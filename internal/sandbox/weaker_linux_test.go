package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sleepers start processes that want to live on: one ignores SIGTERM, one leaves the group, one is forked twice and leaves the
// session too.
const sleepers = `
bash -c 'trap "" TERM; exec -a MARK sleep 300' &
setsid bash -c 'exec -a MARK sleep 300' </dev/null >/dev/null 2>&1 &
(setsid bash -c 'trap "" TERM HUP; exec -a MARK sleep 300' </dev/null >/dev/null 2>&1 &)
while test $(pgrep -c -f '^MARK 300') -lt 3; do sleep 0.02; done
echo up
`

// checks are the layers that a check may get, of which each promises to leave nothing behind.
func checks(t *testing.T) map[string]*Sandbox {
	s := newSandbox(t)
	all := map[string]*Sandbox{"subreaper": {self: s.self, layers: layers{Guarded: true}}}
	for _, l := range weaker[:4] {
		if !l.User && os.Geteuid() != 0 {
			continue // an ordinary user has none without
		}
		all[fmt.Sprintf("user %v mounts %v", l.User, l.Mount)] = &Sandbox{self: s.self, layers: l}
	}
	return all
}

// checkSpec is what a check gets.
func checkSpec(t *testing.T, script string, out *bytes.Buffer) Spec {
	box := t.TempDir()
	return Spec{
		View: ViewHost, Nested: true, Argv: []string{"sh", "-c", script}, Dir: box, Env: []string{"PATH=" + os.Getenv("PATH"), "BOX=" + box},
		Mounts: []Mount{{Source: box, Target: box, Writable: true}}, Stdout: out, Stderr: out,
		Limits: Limits{Memory: -1, Processes: -1, FileSize: -1, OpenFiles: -1},
	}
}

func TestNothingOutlivesACheck(t *testing.T) {
	t.Parallel()
	for name, s := range checks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := newMark("left")
			var out bytes.Buffer
			p, err := s.Start(t.Context(), checkSpec(t, strings.ReplaceAll(sleepers, "MARK", mark), &out))
			if err != nil {
				t.Fatal(err)
			}
			if exit, err := p.Wait(); err != nil || exit != (Exit{}) || !strings.HasSuffix(out.String(), "up\n") {
				t.Errorf("%+v %v %s", exit, err, out.String())
			}
			if n := alive(t, mark); n > 0 {
				t.Errorf("%d processes outlive it", n)
			}
		})
	}
}

func TestTimeoutKillsACheck(t *testing.T) {
	t.Parallel()
	for name, s := range checks(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := newMark("late")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var out bytes.Buffer
			p, err := s.Start(ctx, checkSpec(t, strings.ReplaceAll("trap '' TERM\n"+sleepers+"sleep 300 & wait; sleep 300", "MARK", mark), &out))
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return alive(t, mark) >= 3 })
			begin := time.Now()
			cancel()
			if exit, err := p.Wait(); err != nil || exit.Cause != CauseTerminated {
				t.Errorf("%+v %v %s", exit, err, out.String())
			}
			if n, took := alive(t, mark), time.Since(begin); n > 0 || took > 2*time.Minute { // they would sleep for five
				t.Errorf("%d processes are left after %s", n, took)
			}
		})
	}
}

// TestDeathOfTheRunner kills, with SIGKILL, a process that runs a check.
func TestDeathOfTheRunner(t *testing.T) {
	t.Parallel()
	all := checks(t)
	if mark := os.Getenv("ADAMANT_TEST_RUNNER"); mark != "" {
		var out bytes.Buffer
		p, err := all[os.Getenv("ADAMANT_TEST_LAYERS")].Start(t.Context(), checkSpec(t, strings.ReplaceAll(sleepers+"sleep 300", "MARK", mark), &out))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Wait() // this process is killed meanwhile
		return
	}
	for name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := newMark("dead")
			runner := exec.Command(testBinary(), "-test.run", "^TestDeathOfTheRunner$")
			runner.Env = append(os.Environ(), "ADAMANT_TEST_RUNNER="+mark, "ADAMANT_TEST_LAYERS="+name, "TMPDIR="+t.TempDir())
			if err := runner.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return alive(t, mark) >= 3 })
			if err := runner.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = runner.Wait() // it was killed
			eventually(t, func() bool { return alive(t, mark) == 0 })
		})
	}
}

// TestViewOfACheck: a check sees the host's files, writes to its own, and may make namespaces of its own.
func TestViewOfACheck(t *testing.T) {
	t.Parallel()
	whole := newSandbox(t)
	s := &Sandbox{self: whole.self, layers: whole.layers}
	dir := folder(t, "adamant-check-")
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	spec := checkSpec(t, `test -r /etc/hostname && touch "$BOX/x" && touch /tmp/x && ! touch /usr/x && ! test -s `+secret+` && unshare --user --map-root-user true &&
		test $$ -lt 100 && ! test -e /run/dbus && echo fine`, &out)
	spec.Hide = []string{secret}
	p, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); err != nil || exit != (Exit{}) || !strings.HasSuffix(out.String(), "fine\n") {
		t.Errorf("%+v %v %s", exit, err, out.String())
	}
}

// TestGroups is all there is where a system has no isolation: process groups.
func TestGroups(t *testing.T) {
	t.Parallel()
	s, err := New(t.Context(), Options{Weaker: true})
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]Exit{
		"echo out; echo err >&2; exit 4": {Code: 4},
		"kill -9 $$":                     {Code: -1, Signal: "SIGKILL"},
		"sleep 300 & :":                  {},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			spec := checkSpec(t, script, &out)
			p, err := s.Start(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if exit, err := p.Wait(); err != nil || exit != want || want.Code == 4 && out.String() != "out\nerr\n" {
				t.Errorf("%+v %v %q", exit, err, out.String())
			}
		})
	}
	t.Run("deaf to SIGTERM", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		p, err := s.Start(t.Context(), checkSpec(t, "trap '' TERM; while :; do sleep 1; done", &out))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		if exit, err := p.Wait(); err != nil || exit.Cause != CauseTerminated {
			t.Errorf("%+v %v", exit, err)
		}
	})
	t.Run("not there", func(t *testing.T) {
		var missing *NotFoundError
		spec := checkSpec(t, "", new(bytes.Buffer))
		spec.Argv = []string{"no-such-program"}
		if _, err := s.Start(t.Context(), spec); !errors.As(err, &missing) {
			t.Error(err)
		}
	})
}

// TestInsideACheck opens an agent's sandbox inside of a check: root has less there than on a host, as in many a container, and mounts
// cannot be handed over.
func TestInsideACheck(t *testing.T) {
	t.Parallel()
	whole := newSandbox(t)
	s := &Sandbox{self: whole.self, layers: whole.layers}
	var out bytes.Buffer
	spec := checkSpec(t, testBinary(), &out)
	folder := filepath.Dir(testBinary())
	spec.Mounts = append(spec.Mounts, Mount{Source: folder, Target: folder})
	spec.Env = append(spec.Env, attackVariable+"=nest", programVariable+"="+testBinary())
	p, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); err != nil || exit != (Exit{}) || out.String() != "agent\n" {
		t.Errorf("%+v %v %s", exit, err, out.String())
	}
}

// nest is the check of TestInsideACheck.
func nest() {
	fail := func(err error) {
		fmt.Println(err)
		os.Exit(1)
	}
	s, err := New(context.Background(), Options{Self: testBinary()})
	if err != nil {
		fail(err)
	}
	id, err := Slot(1)
	if err != nil {
		fail(err)
	}
	box := os.Getenv("BOX")
	if id != Self() {
		if err := os.Chown(box, id.UID, id.GID); err != nil {
			fail(err)
		}
	}
	p, err := s.Start(context.Background(), Spec{
		Argv: []string{"/bin/sh", "-c", "touch x && id -un"}, Dir: "/work/box", Env: []string{"PATH=/usr/bin:/bin"}, Identity: id, Stdout: os.Stdout, Stderr: os.Stdout,
		Mounts: []Mount{{Source: box, Target: "/work/box", Writable: true}},
	})
	if err != nil {
		fail(err)
	}
	exit, err := p.Wait()
	if err != nil || exit != (Exit{}) {
		fail(fmt.Errorf("%+v %w", exit, err))
	}
	os.Exit(0)
}
