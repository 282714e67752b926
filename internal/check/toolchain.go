package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// versionCommands ask a toolchain for its identity. A word of a check's commands selects the entry.
func versionCommands(word string) []string {
	switch word {
	case "go", "gofmt":
		return []string{"go", "version"}
	case "node", "npm", "npx", "pnpm", "yarn", "jest", "vitest", "mocha", "eslint", "tsc", "prettier":
		return []string{"node", "--version"}
	case "python", "python3", "pytest", "pip", "tox", "uv", "poetry":
		return []string{"python3", "--version"}
	case "cargo", "rustc":
		return []string{"rustc", "--version"}
	case "mvn", "java", "gradle":
		return []string{"java", "-version"}
	}
	return nil
}

var commandWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9_.+-]*`) })

// toolchain is what a result depends on besides its inputs: the versions of the toolchains that its commands name, and
// path, size and time of every program they name.
func (r *run) toolchain(ctx context.Context, words []string) []string {
	identity := []string{runtime.GOOS + "/" + runtime.GOARCH}
	for _, word := range words {
		if command := versionCommands(word); command != nil {
			identity = append(identity, r.version(ctx, command))
		}
		if program := r.program(word); program != "" {
			identity = append(identity, program)
		}
	}
	slices.Sort(identity)
	return slices.Compact(identity)
}

// words are the different words of what a check runs after setup, sorted.
func words(c *manifest.Check) []string {
	lines := slices.Clone(c.Command)
	for _, svc := range c.Services {
		lines = slices.Concat(lines, svc.Command, svc.Ready)
	}
	return wordsOf(lines)
}

func wordsOf(lines []string) []string {
	all := commandWord().FindAllString(strings.Join(lines, " "), -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// program identifies the program that a word names, "" when it names none.
func (r *run) program(word string) string {
	path, err := sandbox.Lookup(word, "", []string{"PATH=" + cleanPath(r.Path)})
	if err != nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano())
}

// version runs a version command once a run, outside every checkout, so that no file of the change decides which
// toolchain answers. A toolchain that does not answer is part of the identity as such.
func (r *run) version(ctx context.Context, command []string) string {
	name := strings.Join(command, " ")
	r.mu.Lock()
	defer r.mu.Unlock()
	if version, known := r.versions[name]; known {
		return version
	}
	if err := r.open(); err != nil { // running the check says so too
		return fmt.Sprintf("%s: %v", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var out bytes.Buffer
	s := &session{Argv: command, Dir: r.tools.path, Env: r.basics(r.tools)}
	var end outcome
	plain, err := sandbox.New(ctx, sandbox.Options{Weaker: true}) // process groups are enough for what the system ships
	if err == nil {
		end, err = launch(ctx, plain, s, &out, nil)
	}
	version := fmt.Sprintf("%s: %q %v %v", name, out.String(), end, err)
	if command[0] == "java" { // which answers on stderr: the program's own identity has to do
		version = name
	}
	r.versions[name] = version
	return version
}

// digest is the SHA-256 of a value's JSON, in hex.
func digest(value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode a cache key: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// lockFiles are what setup depends on when a check does not say: manifests and lock files of the known package managers.
func lockFiles(name string) bool {
	switch filepath.Base(name) {
	case "go.mod", "go.sum", "go.work", "go.work.sum", "package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml",
		"pnpm-workspace.yaml", "yarn.lock", ".yarnrc.yml", ".npmrc", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "pyproject.toml",
		"setup.py", "setup.cfg", "poetry.lock", "uv.lock", "Pipfile", "Pipfile.lock", "pom.xml", ".python-version", ".nvmrc":
		return true
	}
	base := filepath.Base(name)
	return strings.HasSuffix(base, ".txt") && (strings.Contains(base, "requirements") || strings.Contains(filepath.Dir(name), "requirements"))
}
