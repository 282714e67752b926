package git

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The oldest git that merges without a working tree and takes NUL-separated input in cat-file --batch-command.
const (
	minMajor = 2
	minMinor = 39
)

// binary finds git once per process.
var binary = sync.OnceValues(func() (string, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return "", fmt.Errorf("finding git: %w; install git %d.%d or newer", err, minMajor, minMinor)
	}
	return path, nil
})

// recent refuses a git that is too old, once per process. Open asks while it looks for the repository.
var recent = sync.OnceValue(func() error {
	path, err := binary()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return fmt.Errorf("asking %s for its version: %w", path, err)
	}
	return checkVersion(string(out))
})

// checkVersion reads the answer of "git version".
func checkVersion(answer string) error {
	text, ok := strings.CutPrefix(strings.TrimSpace(answer), "git version ")
	if !ok {
		return fmt.Errorf("%q is not the version of a git", answer)
	}
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%q is not the version of a git", answer)
	}
	if a < minMajor || a == minMajor && b < minMinor {
		return fmt.Errorf("git %s is too old: adamant needs %d.%d or newer", text, minMajor, minMinor)
	}
	return nil
}
