package secret

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const childVariable = "ADAMANT_SECRET_CHILD"

// TestMain is also the process that dies.
func TestMain(m *testing.M) {
	kind := os.Getenv(childVariable)
	if kind == "" {
		os.Exit(m.Run())
	}
	if err := doomed(kind); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// doomed raises the limit of core files, guards itself if it is of that kind, and ends as a crash does.
func doomed(kind string) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return err
	}
	if kind == "guarded" {
		if err := Guard(); err != nil {
			return err
		}
		if err := guarded(); err != nil {
			return err
		}
	}
	return unix.Kill(os.Getpid(), unix.SIGABRT) // with GOTRACEBACK=crash, Go lets it through
}

// guarded checks from inside what Guard did.
func guarded() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur > 1 || limit.Max > 1 {
		return fmt.Errorf("the limit of core files is %+v, %w", limit, err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || (dumpable == 0) != (os.Geteuid() == 0) {
		return fmt.Errorf("dumpable is %d, %w", dumpable, err)
	}
	return Guard() // twice is as good as once
}

// dumps runs a process of that kind to its end and says whether Linux wrote its memory down.
func dumps(t *testing.T, kind string, account *syscall.Credential) bool {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(dir+"/..", 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), childVariable+"="+kind, "GOTRACEBACK=crash")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("it did not crash: %v\n%s", err, out)
	}
	return exit.Sys().(syscall.WaitStatus).CoreDump()
}

func TestGuard(t *testing.T) {
	t.Parallel()
	accounts := map[string]*syscall.Credential{"this account": nil}
	if os.Geteuid() == 0 {
		accounts["nobody"] = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	for name, account := range accounts {
		if dumps(t, "guarded", account) {
			t.Errorf("%s: a guarded process left a core file", name)
		}
		if !dumps(t, "plain", account) {
			t.Logf("%s: this machine writes no core files of any process: only the limit was tested", name)
		}
	}
}
