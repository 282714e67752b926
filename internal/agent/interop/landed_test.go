//go:build clis

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// product is adamant itself, built, with a repository whose personas are the CLIs.
type product struct {
	t    *testing.T
	bin  string
	repo string
	env  []string
}

func (p *product) run(name string, args ...string) string {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = p.repo, p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s %v: %v\n%s", filepath.Base(name), args, err, out)
	}
	return string(out)
}

const persona = `apiVersion: adamant.dev/v1
kind: Agent
metadata: { name: %s }
spec:
  role: coder
  runner: %s
  models: [{ name: scripted-model }]
  command: [%s]
`

const part = `    - name: %[1]s
      agent: %[1]s
      turns:
        - { think: I must look first., say: I read it., calls: [{ read: README.md }] }
        - { think: One page is wanted., say: I write., calls: [{ write: { path: docs/%[1]s.md, text: "# Who\n\nA greeting.\n" } }] }
        - { say: Done. }
`

// A task for each CLI ends as a change on main: daemon, workspace, sandbox, gateway, gate and queue are the real ones.
func TestLanded(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	p := &product{t: t, bin: filepath.Join(dir, "adamant"), repo: filepath.Join(dir, "repo")}
	p.env = append(os.Environ(), "ADAMANT_KERNEL="+filepath.Join(dir, "kernel"), "XDG_STATE_HOME="+filepath.Join(dir, "state"),
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
	if out, err := exec.Command("go", "build", "-o", p.bin, "../../../cmd/adamant").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	files := map[string][]byte{"README.md": []byte("# Greet\n")}
	parts := strings.Builder{}
	for _, c := range clis() {
		name := coder(c)
		command := strings.Join(append([]string{program(t, c.program)}, c.args...), ", ")
		files[".adamant/agents/"+name+".yaml"] = fmt.Appendf(nil, persona, name, c.runner.Name(), command)
		fmt.Fprintf(&parts, part, name)
	}
	write(t, p.repo, files)
	write(t, dir, map[string][]byte{"script.yaml": []byte("apiVersion: adamant.dev/v1\nkind: Script\nmetadata: { name: clis }\nspec:\n  parts:\n" + parts.String())})
	p.run("git", "init", "-q", "-b", "main")
	p.run("git", "add", ".")
	p.run("git", "commit", "-q", "-m", "start")
	p.run(p.bin, "up", "--detach", "--script", filepath.Join(dir, "script.yaml"))
	t.Cleanup(func() { p.run(p.bin, "down") })
	for _, c := range clis() {
		t.Run(c.name, func(t *testing.T) {
			p := &product{t: t, bin: p.bin, repo: p.repo, env: p.env}
			told := p.run(p.bin, "task", "Write a page about "+coder(c), "--agent", coder(c), "--wait")
			main := p.run("git", "--git-dir", filepath.Join(dir, "kernel", "main.git"), "ls-tree", "-r", "--name-only", "main", "docs")
			if !strings.Contains(main, "docs/"+coder(c)+".md\n") {
				t.Errorf("main has\n%s\nthe task says\n%s", main, told)
			}
		})
	}
}

// coder is the persona of a CLI.
func coder(c cli) string { return "by-" + path.Base(c.program) }
