package adopt

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"

	"github.com/adamant-os/adamant/internal/manifest"
)

func wishes(dir string) Wishes {
	return Wishes{
		Name: "clinic", Branch: "main", Phase: 2, HooksDir: filepath.Join(dir, ".git", "hooks"), GitHooks: true,
		Agents: []string{"claude", "codex"}, MCP: true, CI: "github", Version: "v0.1.0",
		Checks: []manifest.Check{
			{Name: "go-unit", Kind: "unit", Command: []string{"go", "test", "-json", "./..."}, Reports: []manifest.Report{{Format: "gotest", Path: "stdout"}}, Coverage: &manifest.CoverageMin{Scope: "diff", Min: 80}},
			{Name: "odd", Kind: "custom", Command: []string{`echo "a: b" # not a comment`}, Directory: "yes", Env: map[string]string{"N": "1"}},
		},
	}
}

func TestPlanApplyPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	steps, err := Plan(dir, wishes(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.State != Written {
			t.Errorf("%s is %s in an empty folder", s.Path, s.State)
		}
	}
	if err := Apply(steps); err != nil {
		t.Fatal(err)
	}
	again, err := Plan(dir, wishes(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again {
		if s.State != Unchanged {
			t.Errorf("%s is %s the second time", s.Path, s.State)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	steps, err := Plan(dir, wishes(dir))
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, ".mcp.json")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Apply(steps); err == nil {
		t.Error("a file that appeared after the plan was overwritten")
	}
	steps, err = Plan(dir, wishes(dir))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(steps, func(s Step) bool { return s.Path == ".mcp.json" })
	if steps[at].State != Kept {
		t.Errorf("an existing file is %s", steps[at].State)
	}
	if err := Apply(steps); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(mine); err != nil || string(text) != "mine" {
		t.Errorf("the operator's file holds %q, %v", text, err)
	}
}

// TestAnotherPhase: what adamant wrote for phase 1 blocks nothing, so that it must not stay behind in phase 2.
func TestAnotherPhase(t *testing.T) {
	t.Parallel()
	for _, edited := range []string{"", ".git/hooks/pre-push", ".github/workflows/adamant.yml"} {
		dir := t.TempDir()
		w := wishes(dir)
		w.Phase = 1
		apply := func() map[string]Step {
			t.Helper()
			steps, err := Plan(dir, w)
			if err != nil {
				t.Fatal(err)
			}
			if err := Apply(steps); err != nil {
				t.Fatal(err)
			}
			out := map[string]Step{}
			for _, s := range steps {
				out[strings.TrimPrefix(s.Path, dir+"/")] = s
			}
			return out
		}
		apply()
		if edited != "" {
			file, err := os.OpenFile(filepath.Join(dir, edited), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = file.WriteString("# mine\n")
			if err := errors.Join(err, file.Close()); err != nil {
				t.Fatal(err)
			}
		}
		w.Phase, w.Was = 2, 1
		for path, step := range apply() {
			text, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			switch path {
			case ".git/hooks/pre-push", ".github/workflows/adamant.yml":
				if edited == path {
					if step.State != Kept || !strings.HasPrefix(step.Note, "blocks nothing") || !strings.HasSuffix(string(text), "# mine\n") {
						t.Errorf("%s, edited: %s, %q\n%s", path, step.State, step.Note, text)
					}
				} else if step.State != Replaced || strings.Contains(string(text), "phase 1") || string(text) != step.Text {
					t.Errorf("%s: %s\n%s", path, step.State, text)
				}
			case configPath:
				if step.State != Kept || !strings.Contains(step.Note, "write phase: 2 into it") {
					t.Errorf("%s: %s, %q", path, step.State, step.Note)
				}
			}
		}
		if info, err := os.Stat(filepath.Join(dir, ".git/hooks/pre-push")); err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("the hook cannot be run: %v, %v", info, err)
		}
		for path, step := range apply() {
			if path != configPath && path != edited && step.State != Unchanged {
				t.Errorf("%s is %s the second time", path, step.State)
			}
		}
	}
}

// TestReplacedOnlyAsPlanned: a file that changes after the plan stays.
func TestReplacedOnlyAsPlanned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "hook")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Apply([]Step{{Path: path, State: Replaced, Text: "new", Mode: 0o755, root: dir, name: "hook", was: "old"}}); err == nil {
		t.Error("it was replaced")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("it holds %q, %v", text, err)
	}
}

func TestConfigurationReadsBack(t *testing.T) {
	t.Parallel()
	w := wishes(t.TempDir())
	text, err := configText(w)
	if err != nil {
		t.Fatal(err)
	}
	repo, diagnostics := manifest.LoadRepository(".adamant/adamant.yaml", []byte(text))
	if len(diagnostics) > 0 {
		t.Fatalf("%v\n%s", diagnostics, text)
	}
	want, _ := json.Marshal(w.Checks)
	got, _ := json.Marshal(repo.Spec.Checks)
	if string(got) != string(want) {
		t.Errorf("checks came back as\n%s, want\n%s", got, want)
	}
	if repo.Spec.Phase != 2 || repo.Spec.Base != "main" || repo.Metadata.Name != "clinic" {
		t.Errorf("came back as %+v", repo)
	}
}

func TestWorkflowIsValid(t *testing.T) {
	t.Parallel()
	for phase := 1; phase <= 4; phase++ {
		w := wishes(t.TempDir())
		w.Phase = phase
		step, err := workflow(w)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(step.Text, "%!") {
			t.Fatalf("badly formatted:\n%s", step.Text)
		}
		linter, err := actionlint.NewLinter(os.Stderr, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		problems, err := linter.Lint("adamant.yml", []byte(step.Text), nil)
		if err != nil || len(problems) > 0 {
			t.Errorf("actionlint: %v %v", err, problems)
		}
	}
}

func TestHooksAreJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{agentHookText, mcpText} {
		if !json.Valid([]byte(text)) {
			t.Errorf("not JSON: %s", text)
		}
	}
	if _, err := agentHooks("hal"); err == nil {
		t.Error("an unknown agent got hooks")
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"my repo": "my-repo", "a_b": "a-b", "--": "repository", "x": "x"} {
		if got := Name(in); got != want {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		patient Patient
		phase   int
		next    string
	}{
		{"nothing installed", Patient{Branch: "main"}, 0, "adamant init"},
		{"not committed", Patient{Branch: "main", Uncommitted: true}, 0, "commit .adamant"},
		{"phase left out is 1", Patient{Configured: true}, 1, "backtest"},
		{"shallow first", Patient{Configured: true, Shallow: true}, 1, "unshallow"},
		{"tool missing", Patient{Configured: true, MissingTools: []string{"cargo"}}, 1, "install cargo"},
		{"gates missing", Patient{Configured: true, Config: phase(2), MissingGates: []MissingGate{{"medium", "integration"}}}, 2, "declare checks"},
		{"ready to automate", Patient{Configured: true, Config: phase(2)}, 2, "phase: 3"},
		{"catalog missing", Patient{Configured: true, Config: phase(3)}, 3, "catalog generate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := Diagnose(tt.patient)
			if d.Phase != tt.phase || !strings.Contains(d.Next, tt.next) {
				t.Errorf("phase %d, next %q; want %d, %q", d.Phase, d.Next, tt.phase, tt.next)
			}
		})
	}
	if d := Diagnose(Patient{Shallow: true}); !d.Broken {
		t.Error("a shallow clone is not reported as broken")
	}
}

func phase(n int) manifest.Repository {
	return manifest.Repository{Spec: manifest.RepositorySpec{Phase: n}}
}

// A repository may hold links; init writes where the operator is, never through a link to somewhere else.
func TestNothingIsWrittenOutsideTheRepository(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{".adamant", ".claude", ".github"} {
		dir, outside := t.TempDir(), t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, folder)); err != nil {
			t.Fatal(err)
		}
		steps, err := Plan(dir, wishes(dir))
		if err == nil {
			err = Apply(steps)
		}
		if err == nil {
			t.Errorf("%s leads out of the repository and was followed", folder)
		}
		if found, _ := os.ReadDir(outside); len(found) > 0 {
			t.Errorf("%s: wrote %s outside the repository", folder, found[0].Name())
		}
	}
}

func TestAFileThatAppearsInBetweenStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	steps, err := Plan(dir, wishes(dir))
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, ".mcp.json")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if Apply(steps) == nil {
		t.Error("a file that appeared since the plan was taken for ours")
	}
	if text, err := os.ReadFile(mine); err != nil || string(text) != "mine" {
		t.Errorf("it was overwritten: %q, %v", text, err)
	}
}
