package persona

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Folder is where personas lie.
const Folder = ".adamant/agents"

const (
	fileLimit  = 1 << 20 // bytes of one persona
	countLimit = 200     // personas of a repository
)

// File is a persona as it is written.
type File struct {
	Path    string
	Data    []byte
	Problem string // why there is no data
}

// IsFile says that a path is that of a persona. Whatever else lies in the folder is none.
func IsFile(name string) bool {
	dir, file := path.Split(name)
	return dir == Folder+"/" && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(file))
}

// Load reads the personas of a commit. An error means that git failed; what is wrong with a file is in Set.Problems.
func Load(ctx context.Context, repo *git.Repo, rev git.OID) (*Set, error) {
	tree, err := repo.Lookup(ctx, rev, Folder)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return &Set{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s at %s: %w", Folder, rev.Short(), err)
	}
	entries, err := entriesOf(ctx, repo, tree)
	if err != nil {
		return nil, fmt.Errorf("reading %s at %s: %w", Folder, rev.Short(), err)
	}
	var files []File
	for _, e := range entries {
		file := File{Path: Folder + "/" + e.Path}
		if !IsFile(file.Path) {
			continue
		}
		if file.Problem = FileProblem(e.Mode); file.Problem == "" {
			file.Data, err = repo.Blob(ctx, e.OID, fileLimit)
		}
		if tooLarge := (*git.TooLargeError)(nil); errors.As(err, &tooLarge) {
			file.Problem, err = "is too large to be looked at", nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s at %s: %w", file.Path, rev.Short(), err)
		}
		files = append(files, file)
	}
	return Parse(files), nil
}

// entriesOf lists a folder; a file of its name has no entries.
func entriesOf(ctx context.Context, repo *git.Repo, tree git.OID) ([]git.Entry, error) {
	info, err := repo.Info(ctx, []git.OID{tree})
	if err != nil || info[0].Type != "tree" {
		return nil, err
	}
	return repo.Tree(ctx, tree)
}

// FileProblem says why a persona of that mode is not read, "" when it is.
func FileProblem(mode git.Mode) string {
	if mode != git.ModeFile && mode != git.ModeExec {
		return "is no regular file"
	}
	return ""
}

// Parse makes the set of personas of their files. One that cannot be read is not in it, and is in Problems.
func Parse(files []File) *Set {
	set := &Set{Declared: len(files) > 0}
	seen := map[string]string{}
	for i, f := range files {
		if i == countLimit {
			set.Problems = append(set.Problems, manifest.Diagnostic{Path: Folder, Line: 1, Message: fmt.Sprintf("holds %d personas; %d are read", len(files), countLimit)})
			break
		}
		if f.Problem != "" {
			set.Problems = append(set.Problems, manifest.Diagnostic{Path: f.Path, Line: 1, Message: f.Problem})
			continue
		}
		set.Problems = append(set.Problems, set.take(f, seen)...)
	}
	slices.SortFunc(set.personas, func(a, b Persona) int { return cmp.Compare(a.Name, b.Name) })
	return set
}

// take adds a persona to the set, or says why not. Of two of a name none is taken: nobody knows which is meant.
func (s *Set) take(f File, seen map[string]string) []manifest.Diagnostic {
	agent, problems := manifest.LoadAgent(f.Path, f.Data)
	if len(problems) > 0 {
		return problems
	}
	p := complete(agent, f.Path)
	if problems = check(p, f.Path, seen); len(problems) > 0 {
		if nameOf(f.Path) == p.Name {
			s.personas = slices.DeleteFunc(s.personas, func(other Persona) bool { return other.Name == p.Name })
		}
		return problems
	}
	seen[p.Name] = f.Path
	s.personas = append(s.personas, p)
	return nil
}

// nameOf is the agent's name that a file's name says.
func nameOf(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }

// check is what concerns the file's name, the role and the other personas.
func check(p Persona, file string, seen map[string]string) []manifest.Diagnostic {
	var out []manifest.Diagnostic
	report := func(format string, args ...any) {
		out = append(out, manifest.Diagnostic{Path: file, Line: 1, Message: fmt.Sprintf(format, args...)})
	}
	if says := nameOf(file); says != p.Name {
		report("metadata.name is %q; the file's name says %q, and they must be the same", p.Name, says)
	}
	if !isAgentName(p.Name) {
		report("%q cannot be an agent's name: want lower-case letters and digits, with single . - or _ between them, at most 64", p.Name)
	}
	if other := seen[p.Name]; other != "" {
		report("agent %q is described in %s already", p.Name, other)
	}
	role, _ := RoleNamed(p.Role)
	for _, tool := range p.Tools {
		if !slices.Contains(role.Tools, tool) {
			report("spec.tools: %q is no tool of a %s; it has %s", tool, p.Role, strings.Join(role.Tools, ", "))
		}
	}
	return out
}

// isAgentName is the rule of names in references (docs/kernel.md).
func isAgentName(s string) bool {
	mark := true
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			mark = false
		case !mark && strings.IndexByte(".-_", c) >= 0:
			mark = true
		default:
			return false
		}
	}
	return !mark && len(s) <= 64 && !strings.HasSuffix(s, ".lock")
}

// complete fills in the defaults.
func complete(a *manifest.Agent, source string) Persona {
	s := a.Spec
	role, _ := RoleNamed(s.Role)
	p := Persona{
		Name: a.Metadata.Name, Description: a.Metadata.Description, Role: s.Role, Tier: Tier(cmp.Or(s.Tier, string(Standard))),
		Runner: cmp.Or(s.Runner, "builtin"), Command: s.Command, Temperature: Unset, MaxTokens: s.MaxTokens, Paths: s.Paths, Denied: s.Denied,
		Tools: role.Tools, Egress: s.Egress, Concurrency: cmp.Or(s.Concurrency, DefaultConcurrency), Breaker: BreakerLimits(s.Breaker), Source: source,
	}
	if s.Temperature != nil {
		p.Temperature = int64(math.Round(*s.Temperature * 1000))
	}
	if len(s.Tools) > 0 {
		p.Tools = inOrder(s.Tools)
	}
	for _, m := range s.Models {
		p.Models = append(p.Models, Model{Name: m.Name, Provider: m.Provider, Family: cmp.Or(m.Family, Family(m.Name)), Silent: m.Reasoning == "none"})
	}
	p.Budget = budget(s.Budget)
	return p
}

// inOrder sorts tools as Tools lists them, each once.
func inOrder(tools []string) []string {
	var out []string
	for _, t := range Tools() {
		if slices.Contains(tools, t) {
			out = append(out, t)
		}
	}
	return out
}

// DefaultConcurrency is how many of an agent run at a time where its persona does not say.
const DefaultConcurrency = 3

// DefaultBudget is what bounds an agent whose persona says nothing.
func DefaultBudget() Budget {
	return Budget{TaskNano: 5e9, DayNano: 25e9, Tokens: 5_000_000, Turns: 150, Wall: time.Hour}
}

func budget(b manifest.AgentBudget) Budget {
	out := DefaultBudget()
	if b.TaskUSD > 0 {
		out.TaskNano = nano(b.TaskUSD)
		out.DayNano = max(out.DayNano, out.TaskNano)
	}
	if b.DayUSD > 0 {
		out.DayNano = nano(b.DayUSD)
		out.TaskNano = min(out.TaskNano, out.DayNano)
	}
	out.Tokens, out.Turns = cmp.Or(b.Tokens, out.Tokens), cmp.Or(b.Turns, out.Turns)
	if wall, err := time.ParseDuration(b.Wall); err == nil && wall > 0 {
		out.Wall = wall
	}
	return out
}

func nano(dollars float64) int64 { return int64(math.Round(dollars * 1e9)) }

// builtins are the personas of a repository that names none.
func builtins() []Persona {
	var out []Persona
	for _, role := range []string{Coder, Reviewer} {
		row, _ := RoleNamed(role)
		out = append(out, Persona{Name: role, Description: row.Does, Role: role, Tier: Standard, Runner: "builtin", Temperature: Unset,
			Tools: row.Tools, Budget: DefaultBudget(), Concurrency: DefaultConcurrency})
	}
	return out
}
