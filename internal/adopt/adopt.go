// Package adopt makes an existing repository a Repo OS: it plans the files that a wish needs, shows them and writes those that
// do not exist. It never overwrites or deletes what somebody else has written, only what it wrote itself for another phase, so that
// it can be run again at any time, and it never commits.
package adopt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Wishes say what to set up.
type Wishes struct {
	Name     string
	Branch   string // protected branch
	Phase    int    // 1..4
	Was      int    // phase of the adamant.yaml that is there; 0 without one
	Checks   []manifest.Check
	HooksDir string // git's hooks of this clone
	GitHooks bool
	Follow   bool     // without GitHooks: the hooks that adamant wrote before come along to this phase
	Agents   []string // claude, codex
	MCP      bool
	CI       string // "" or github
	Version  string // of adamant, for the workflow
}

// Step is one file of a plan.
type Step struct {
	Path  string `json:"path"`  // relative to the root; absolute for hooks outside
	State string `json:"state"` // write, replace, remove, unchanged, kept
	Note  string `json:"note,omitempty"`
	Text  string `json:"text"`
	Mode  uint32 `json:"mode"`
	Show  bool   `json:"-"` // print the text even when it is written
	root  string // folder that the file stays below, whatever links the repository holds
	name  string // below root
	was   string // text that is replaced or removed
}

// The states of a step.
const (
	Written   = "write"     // does not exist yet
	Replaced  = "replace"   // exists as adamant wrote it for another phase
	Removed   = "remove"    // exists as adamant wrote it for another phase, and this one has none
	Unchanged = "unchanged" // exists with this text
	Kept      = "kept"      // exists with another text, which stays
)

// Plan lists the files for the wishes and their state below root.
func Plan(root string, w Wishes) ([]Step, error) {
	config, err := configText(w)
	if err != nil {
		return nil, err
	}
	steps := []Step{{Path: configPath, Text: config, Mode: 0o644, Show: true}}
	if w.GitHooks {
		steps = append(steps, gitHooks(w)...)
	}
	for _, agent := range w.Agents {
		step, err := agentHooks(agent)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	if w.MCP {
		steps = append(steps, Step{Path: ".mcp.json", Text: mcpText, Mode: 0o644, Note: "agents that read .mcp.json can ask adamant before they push"})
	}
	if w.CI != "" {
		step, err := workflow(w)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	for i := range steps {
		if err := steps[i].compare(root, w); err != nil {
			return nil, err
		}
	}
	hooks, err := followers(w)
	return append(steps, hooks...), err
}

const configPath = ".adamant/adamant.yaml"

// compare looks at what is there.
func (s *Step) compare(root string, w Wishes) error {
	s.root, s.name = root, filepath.FromSlash(s.Path)
	if filepath.IsAbs(s.Path) { // a hook of this clone
		s.root, s.name = filepath.Split(s.Path)
	}
	have, err := s.read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.State = Written
	case err != nil:
		return fmt.Errorf("reading %s: %w", s.Path, err)
	default:
		s.compared(string(have), w)
	}
	return nil
}

func (s *Step) compared(have string, w Wishes) {
	switch {
	case have == s.Text:
		s.State = Unchanged
	case s.ofAnotherPhase(have, w):
		s.State, s.was = Replaced, have
	default:
		s.State, s.Note = Kept, s.whyKept(have, w)
	}
}

// ofAnotherPhase says that a hook or a workflow is, byte for byte, what adamant writes in this or another phase.
func (s *Step) ofAnotherPhase(have string, w Wishes) bool {
	for w.Phase = range len(phases) {
		steps := gitHooks(w)
		if step, err := workflow(w); err == nil {
			steps = append(steps, step)
		}
		if slices.ContainsFunc(steps, func(o Step) bool { return o.Path == s.Path && o.Text == have }) {
			return true
		}
	}
	return false
}

func (s *Step) whyKept(have string, w Wishes) string {
	switch {
	case s.Path == configPath && w.Was != w.Phase && w.Was > 0:
		return fmt.Sprintf("exists and stays as it is: write phase: %d into it", w.Phase)
	case s.Path != configPath && w.Phase > 1 && strings.Contains(have, "adamant") && strings.Contains(have, "phase 1"):
		return "blocks nothing: it was written for phase 1 and edited since, and stays as it is; delete it, and run this again"
	}
	return "exists and stays as it is; --dry-run in an empty folder shows what adamant would write"
}

// Apply carries a plan out. A file that appeared or changed since it was made is neither overwritten nor removed.
func Apply(steps []Step) error {
	for _, s := range steps {
		var err error
		switch s.State {
		case Written:
			err = write(s)
		case Replaced:
			err = replace(s)
		case Removed:
			err = remove(s)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", s.State, s.Path, err)
		}
	}
	return nil
}

// read returns what is there. A link that leads out of the root is an error.
func (s *Step) read() ([]byte, error) {
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(s.name)
}

func write(s Step) error {
	if err := os.MkdirAll(s.root, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(s.name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(s.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(s.Mode))
	if err != nil {
		return err
	}
	_, err = file.WriteString(s.Text)
	return errors.Join(err, file.Close())
}

// still opens the folder of a file that is as it was when the plan was made. The caller closes it.
func (s Step) still() (*os.Root, error) {
	if have, err := s.read(); err != nil || string(have) != s.was {
		return nil, errors.Join(errors.New("it changed meanwhile; run this again"), err)
	}
	return os.OpenRoot(s.root)
}

// replace puts a new file in the old one's place at once.
func replace(s Step) error {
	root, err := s.still()
	if err != nil {
		return err
	}
	defer root.Close()
	next := s
	next.name += ".new"
	if err := write(next); err != nil {
		return err
	}
	return root.Rename(next.name, s.name)
}

// Name makes a valid name of a folder's name.
func Name(folder string) string {
	words := strings.FieldsFunc(folder, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "repository"
	}
	name := strings.Join(words, "-")
	return strings.TrimRight(name[:min(len(name), 63)], "-")
}

// agentHooks makes the agent at the keyboard hear the gate's refusals before it says that it is done.
func agentHooks(agent string) (Step, error) {
	paths := map[string]string{"claude": ".claude/settings.json", "codex": ".codex/hooks.json"}
	path, ok := paths[agent]
	if !ok {
		return Step{}, fmt.Errorf("unknown agent %q: want claude or codex", agent)
	}
	return Step{Path: path, Text: agentHookText, Mode: 0o644, Note: "when the agent stops, it gets the gate's findings; this helps it, it does not bind it"}, nil
}

const agentHookText = `{
  "hooks": {
    "Stop": [
      {
        "hooks": [
          { "type": "command", "command": "adamant hook stop", "timeout": 60 }
        ]
      }
    ]
  }
}
`

const mcpText = `{
  "mcpServers": {
    "adamant": { "command": "adamant", "args": ["mcp"] }
  }
}
`

// hookText is quiet where nothing is refused: a hold is no reason not to go on, and the first commit has nothing before it.
const hookText = `#!/bin/sh
# %[1]s
git rev-parse -q --verify HEAD >/dev/null || exit 0
if ! command -v adamant >/dev/null; then
	echo "adamant is not on PATH: install it, or delete this hook: $0" >&2
	exit %[3]d
fi
said=$(adamant check %[2]s --run none --quiet 2>&1)
case $? in
0 | 3) printf '%%s\n' "$said" | head -n 2 >&2 ;;
*) printf '%%s\n' "$said" >&2; exit %[3]d ;;
esac
`

// gitHooks judge what is staged before a commit, and the branch before a push. Waiting for an approval blocks neither.
func gitHooks(w Wishes) []Step {
	hook := func(name, why, args string, refusal int) Step {
		return Step{Path: filepath.Join(w.HooksDir, name), Mode: 0o755, Note: why, Text: fmt.Sprintf(hookText, why, args, refusal)}
	}
	if w.Phase < 2 {
		return []Step{hook("pre-push", "adamant: shows what the gate thinks of the branch (phase 1 blocks nothing)", "--head HEAD", 0)}
	}
	return []Step{
		hook("pre-commit", "adamant: refuses to commit what the gate would refuse", "--staged", 1),
		hook("pre-push", "adamant: refuses to push what the gate would refuse", "--head HEAD", 1),
	}
}

// sortedKinds lists the kinds of the checks, once each.
func sortedKinds(checks []manifest.Check) []string {
	var kinds []string
	for _, c := range checks {
		kinds = append(kinds, c.Kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
