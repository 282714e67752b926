package sandbox

import (
	"os"
	"os/exec"
	"testing"
)

// BenchmarkStart is what it costs to run a program that does nothing, from its start until nothing is left: alone, in our sandbox,
// and in bubblewrap with the namespaces and mounts that it has for it. For Landlock, seccomp, limits and a listener bubblewrap
// needs a second step inside: that is measured, too, as a start of adamant that does nothing.
func BenchmarkStart(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sandbox", func(b *testing.B) {
		s := newSandbox(b)
		benchmark(b, s, Spec{Identity: slot(b, 3)})
	})
	b.Run("sandbox in the program", func(b *testing.B) { // with adamant's own weight instead of this test's
		self := os.Getenv("ADAMANT_BINARY")
		if self == "" {
			b.Skip("LEFT OUT: set ADAMANT_BINARY to a built adamant")
		}
		s, err := New(b.Context(), Options{Self: self})
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, s, Spec{Identity: slot(b, 4)})
	})
	b.Run("bubblewrap", func(b *testing.B) {
		path, err := exec.LookPath("bwrap")
		if err != nil {
			b.Skip("LEFT OUT: bubblewrap is not installed")
		}
		wrap := func(b *testing.B, program ...string) {
			args := []string{"--unshare-all", "--clearenv", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox",
				"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
				"--ro-bind", "/etc/ssl/certs", "/etc/ssl/certs", "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache",
				"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"}
			if out, err := exec.Command(path, append(args, program...)...).CombinedOutput(); err != nil {
				b.Fatalf("%v %s", err, out)
			}
		}
		b.Run("alone", func(b *testing.B) {
			for b.Loop() {
				wrap(b, "/bin/true")
			}
		})
		b.Run("and a second step", func(b *testing.B) {
			self := os.Getenv("ADAMANT_BINARY")
			if self == "" {
				b.Skip("LEFT OUT: set ADAMANT_BINARY to a built adamant")
			}
			for b.Loop() { // without orders it ends at once, with status 1
				wrap(b, "--setenv", initVariable, "1", "--ro-bind", self, "/tmp/adamant", "/bin/sh", "-c", "/tmp/adamant 2>/dev/null; exec /bin/true")
			}
		})
	})
}

func benchmark(b *testing.B, s *Sandbox, spec Spec) {
	b.Helper()
	spec.Argv, spec.Dir = []string{"/bin/true"}, "/"
	for b.Loop() {
		p, err := s.Start(b.Context(), spec)
		if err != nil {
			b.Fatal(err)
		}
		if exit, err := p.Wait(); err != nil || exit != (Exit{}) {
			b.Fatal(exit, err)
		}
	}
}
