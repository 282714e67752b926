package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/policy"
)

// Every scaffold compiles as the gate compiles it, passes its own tests, and they reach every line.
func TestScaffolds(t *testing.T) {
	t.Parallel()
	for _, kind := range append(document.Kinds(), "files") {
		for _, does := range []string{policy.Deny, policy.Hold, policy.Warn} {
			rule, tests := scaffold("my-team/import", kind, does)
			modules := []facts.Module{{Path: "a.rego", Text: rule}, {Path: "a_test.rego", Text: tests}}
			e, err := policy.Compile(context.Background(), modules, policy.Options{NoBase: true})
			if err != nil {
				t.Fatalf("%s %s: %v\n%s", kind, does, err, rule)
			}
			if r := e.Rules()[0]; r.ID != "my-team/import" || r.Kind != does || r.Title == "" || r.Fix == "" || r.Failing == "" || r.Passing == "" {
				t.Errorf("%s: %+v", kind, r)
			}
			report, err := policy.Test(context.Background(), modules, policy.TestOptions{Coverage: true})
			if err != nil || report.Passed != 2 || report.Failed != 0 || report.Coverage != 100_000 {
				t.Errorf("%s: %+v, %v\n%s\n%s", kind, report, err, rule, tests)
			}
		}
	}
}

func TestPolicyNewRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		env := &Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Dir: dir, Getenv: func(string) string { return "" }, Now: System().Now}
		return Main(context.Background(), env, append([]string{"policy", "new"}, args...)), out.String()
	}
	for _, args := range [][]string{{"Team"}, {"../x"}, {"a//b"}, {"a_test"}, {"a", "--kind", "x"}, {"a", "--does", "require"}, {}} {
		if code, out := run(args...); code != ExitUsage {
			t.Errorf("%q: exit %d\n%s", args, code, out)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Fatalf("something was written: %v, %v", entries, err)
	}
	if code, out := run("a/b"); code != ExitOK {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if err := os.Remove(filepath.Join(dir, ".adamant/policy/a/b.rego")); err != nil {
		t.Fatal(err)
	}
	if code, out := run("a/b"); code != ExitUsage || !strings.Contains(out, "b_test.rego is there already") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, ".adamant/policy/a/b.rego")); err == nil {
		t.Error("one of two files was written")
	}
}
