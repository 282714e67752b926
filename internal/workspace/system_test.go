package workspace

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/adamant-os/adamant/internal/sandbox"
)

func hardLinks(t testing.TB, path string) uint64 {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(info.Sys().(*syscall.Stat_t).Nlink)
}

// asUser runs a program as another user, outside of any sandbox.
func asUser(id sandbox.Identity, argv ...string) (string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(id.UID), Gid: uint32(id.GID)}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
