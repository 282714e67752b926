package headless

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
)

// CLI is a program of others that a runner drives.
type CLI struct {
	Name    string   // of the runner
	Command string   // the program's name in PATH
	Package string   // of npm
	Tested  []string // versions, the newest last
	APIs    []string // wire formats it speaks to a model
}

// Locate finds the program for an attempt: the persona's command, else the usual name.
func (c CLI) Locate(command []string) (Program, error) {
	name := c.Command
	if len(command) > 0 && command[0] != "" {
		name = command[0]
	}
	p, err := Find(name)
	var missing *NotInstalledError
	if errors.As(err, &missing) {
		missing.Install = c.install()
	}
	return p, err
}

// Check refuses an attempt that the CLI cannot serve.
func (c CLI) Check(a agent.Attempt) error {
	if a.Model == "" {
		return fmt.Errorf("the %s runner needs a model: name one in the persona of %s (spec.models)", c.Name, a.Name)
	}
	for _, api := range c.APIs {
		if agent.Serves(a.API, api) {
			return nil
		}
	}
	return fmt.Errorf("%s speaks %s, but the model %s is served as %s: choose another runner or model for %s", c.Name, strings.Join(c.APIs, " and "), a.Model, a.API, a.Name)
}

// Environment is what every CLI gets besides what it needs itself.
func (c CLI) Environment(a agent.Attempt, more ...string) []string {
	return append(append(agent.BaseEnv(a), "TERM=dumb", "NO_COLOR=1", "CI=1"), more...)
}

// Doctor says why the CLI cannot be used.
func (c CLI) Doctor(ctx context.Context) error {
	_, err := c.Installation(ctx, nil)
	return err
}

// Installation finds the CLI as Locate does and asks for its version.
func (c CLI) Installation(ctx context.Context, command []string) (agent.Installation, error) {
	found := agent.Installation{Tested: c.Tested, Install: c.install()}
	p, err := c.Locate(command)
	if err != nil {
		return found, err
	}
	found.Program = p.Path
	found.Version, err = version(ctx, p.Path)
	return found, err
}

func (c CLI) install() string {
	return "npm install -g " + c.Package + "@" + c.Tested[len(c.Tested)-1]
}

// patience is how long a CLI may take to say its version.
const patience = 20 * time.Second

var versionForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\d+\.\d+\.\d+[-.+\w]*`) })

// version reads package.json where a CLI has one, which starts nothing, else asks the program, in an empty home folder.
func version(ctx context.Context, program string) (string, error) {
	if v := packageVersion(program); v != "" {
		return v, nil
	}
	home, err := os.MkdirTemp("", "adamant-doctor-")
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	defer os.RemoveAll(home)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = 10 * time.Second // somebody who was just forked has its output open, too
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	return versionForm().FindString(string(out)), nil
}

// packageVersion is the version of the package of Node's that a program is part of.
func packageVersion(program string) string {
	for dir := filepath.Dir(program); filepath.Base(dir) != "node_modules" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "package.json"))
		if err != nil {
			continue // the package's own is further up
		}
		var manifest struct{ Name, Version string }
		if json.Unmarshal(data, &manifest) == nil && manifest.Name != "" && manifest.Version != "" {
			return manifest.Version
		}
	}
	return ""
}

// Names says tools of adamant's in a CLI's own words, in the order of table, each once. No tools means all.
func Names(tools []string, table []ToolName) []string {
	var names []string
	seen := map[string]bool{}
	for _, row := range table {
		if len(tools) > 0 && !slices.Contains(tools, row.Tool) || seen[row.Name] {
			continue
		}
		seen[row.Name] = true
		names = append(names, row.Name)
	}
	return names
}

// ToolName is what a CLI calls a tool of adamant's.
type ToolName struct{ Tool, Name string }
