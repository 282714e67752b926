// Command genrepo makes the repository that the check benchmark runs on: a Go monorepo of a given number of files, a branch
// that changes some of them, and a constitution of a given number of rules. The same arguments make the same repository.
//
//	genrepo -files 10000 -changed 100 -rules 50 DIR
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	files := flag.Int("files", 10_000, "files in the repository")
	changed := flag.Int("changed", 100, "files the branch changes")
	rules := flag.Int("rules", 50, "rules of the repository's own constitution")
	commits := flag.Int("commits", 200, "commits on main")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: genrepo [flags] DIR")
	}
	g := generator{dir: flag.Arg(0), files: *files, changed: *changed, rules: *rules, commits: *commits}
	if err := g.run(); err != nil {
		log.Fatal(err)
	}
}

type generator struct {
	dir                            string
	files, changed, rules, commits int
}

func (g generator) run() error {
	if err := os.MkdirAll(g.dir, 0o755); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return g.git("init", "-q", "-b", "main") },
		g.base,
		func() error { return g.commit("A monorepo") },
		g.history,
		func() error { return g.git("switch", "-q", "-c", "feature") },
		g.feature,
		func() error { return g.commit("Change some files") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func path(i int) string { return fmt.Sprintf("services/s%03d/p%02d/file%02d", i/100, i/10%10, i%10) }

// base writes three Go files for each Kubernetes manifest, a configuration and the rules.
func (g generator) base() error {
	for i := range g.files {
		name, text := path(i)+".go", goFile(i, 20)
		if i%4 == 3 {
			name, text = path(i)+".yaml", manifest(i, 2)
		}
		if err := g.write(name, text); err != nil {
			return err
		}
	}
	for i := range g.rules {
		if err := g.write(fmt.Sprintf(".adamant/policy/rule%02d.rego", i), rule(i)); err != nil {
			return err
		}
	}
	return g.write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata:\n  name: bench\nspec:\n  phase: 2\n  base: main\n  checks:\n    - name: none\n      kind: unit\n      command: [\"true\", x]\n      allowNoTests: true\n")
}

// history gives the index something to count.
func (g generator) history() error {
	for i := range g.commits {
		n := (i * 37) % g.files
		if n%4 == 3 {
			n--
		}
		if err := g.write(path(n)+".go", goFile(n, 21+i%7)); err != nil {
			return err
		}
		if err := g.commit(fmt.Sprintf("fix: change %d", i)); err != nil {
			return err
		}
	}
	return nil
}

func (g generator) feature() error {
	for i := range g.changed {
		n := (i * (g.files / g.changed)) % g.files
		name, text := path(n)+".go", goFile(n, 40)
		if i%4 == 3 {
			n += 3 - n%4
			name, text = path(n)+".yaml", manifest(n, 3)
		}
		if err := g.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

func goFile(i, lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Package p%d is generated input.\npackage p%d\n\nfunc value%d(n int) int {\n", i, i, i)
	for line := range lines {
		fmt.Fprintf(&b, "\tn += n*%d + %d\n", line+2, i)
	}
	b.WriteString("\treturn n\n}\n")
	return b.String()
}

func manifest(i, replicas int) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: app%d
  labels: { app: app%d, team: t%d }
spec:
  replicas: %d
  selector:
    matchLabels: { app: app%d }
  template:
    metadata:
      labels: { app: app%d }
    spec:
      securityContext: { runAsNonRoot: true }
      containers:
        - name: app
          image: registry.example.com/app%d@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
          resources:
            limits: { memory: 128Mi, cpu: 500m }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
`, i, i, i%9, replicas, i, i, i)
}

func rule(i int) string {
	return fmt.Sprintf(`# METADATA
# title: Deployment has no label forbidden%d
# custom:
#   id: bench/rule%d
package adamant.rules.bench%d

import rego.v1

deny contains {"rule": "bench/rule%d", "message": msg, "path": doc.path, "pointer": "/metadata/labels"} if {
	some doc in input.documents
	doc.kind == "kubernetes"
	doc.value.kind == "Deployment"
	doc.value.metadata.labels["forbidden%d"]
	msg := sprintf("%%s has label forbidden%d", [doc.value.metadata.name])
}
`, i, i, i, i, i, i)
}

func (g generator) write(name, text string) error {
	full := filepath.Join(g.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, []byte(text), 0o644)
}

func (g generator) commit(message string) error {
	if err := g.git("add", "-A"); err != nil {
		return err
	}
	return g.git("-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "-qm", message)
}

func (g generator) git(args ...string) error {
	cmd := exec.Command("git", append([]string{"-C", g.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2026-11-01T12:00:00Z", "GIT_COMMITTER_DATE=2026-11-01T12:00:00Z", "GIT_CONFIG_GLOBAL=/dev/null")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
