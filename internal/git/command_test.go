package git

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

// alias runs a shell command below git, which this package itself never does.
func (f *fixture) alias(script string) call {
	f.git("config", "alias.run", "!"+script)
	return call{env: testEnv(f.home), dir: f.dir, args: []string{"run"}}
}

func TestStderr(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, err := newFixture(t).alias("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 3").output(ctx)
	if err == nil || len(err.Error()) > stderrLimit+200 || !strings.Contains(err.Error(), "exit status 3: xxx") {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
	out, err := newFixture(t).alias("echo fine; echo warning: x >&2").output(ctx)
	if err != nil || string(out) != "fine\n" {
		t.Errorf("a warning: %q, %v", out, err)
	}
	if _, err := newFixture(t).alias("echo fine; echo error: x >&2").output(ctx); !errors.Is(err, errComplained) || saidNo(err) {
		t.Errorf("an error that ended with 0: %v", err)
	}
	if _, err := newFixture(t).alias("echo error: x >&2; exit 1").output(ctx); err == nil || saidNo(err) {
		t.Errorf("an error that ended with 1: %v", err)
	}
	if _, err := newFixture(t).alias("exit 1").output(ctx); !saidNo(err) {
		t.Errorf("no: %v", err)
	}
}

func TestReadErrorsAreReported(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd record")
	err := newFixture(t).alias("echo x").stream(t.Context(), func(*bufio.Reader) error { return odd })
	if !errors.Is(err, odd) {
		t.Errorf("error %v", err)
	}
	err = newFixture(t).alias("printf abc").stream(t.Context(), func(out *bufio.Reader) error {
		_, err := readToken(out, 10)
		return err
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut record: %v", err)
	}
	if _, err := readToken(bufio.NewReader(strings.NewReader(strings.Repeat("x", 100)+"\x00")), 10); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a long record: %v", err)
	}
}
