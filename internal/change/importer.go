package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// Branch is a branch as import finds it.
type Branch struct {
	Name      string // without refs/heads/ or the remote's name
	Head      git.OID
	Author    string // of its newest commit
	Message   string // of its newest commit
	When      time.Time
	Ahead     int  // commits that the target does not have
	Unrelated bool // it shares no history with the target
}

// Import is what becomes of one branch: Operation opens a change, or gives the one called Change a patch set. Skip says why
// nothing does.
type Import struct {
	Branch    string
	Change    string
	Operation *Operation
	Skip      string
}

// ImportActor is the name under which imported operations are made.
const ImportActor = RoleKernel + ":import"

// PlanImport says what importing branches as changes to target would do, sorted by branch. Running it again after it was done
// does nothing, and a branch that has moved since gives its change a patch set. Branches without a commit since are left
// alone; the zero time takes all.
func PlanImport(target string, branches []Branch, known []State, now, since time.Time) []Import {
	branches = slices.Clone(branches)
	slices.SortFunc(branches, func(a, b Branch) int { return cmp.Compare(a.Name, b.Name) })
	taken := map[git.OID]string{}
	out := make([]Import, 0, len(branches))
	for _, b := range branches {
		next := importBranch(target, b, known, since)
		if next.Skip == "" && taken[b.Head] != "" {
			next = Import{Skip: "the same as branch " + taken[b.Head]}
		}
		next.Branch = b.Name
		if next.Operation != nil {
			next.Operation.Time, next.Operation.Actor = now.UTC().Truncate(time.Second), ImportActor
			taken[b.Head] = b.Name
		}
		out = append(out, next)
	}
	return out
}

func importBranch(target string, b Branch, known []State, since time.Time) Import {
	switch {
	case b.Name == target:
		return Import{Skip: "it is where changes land"}
	case b.Unrelated:
		return Import{Skip: "it shares no history with " + target}
	case b.Ahead == 0:
		return Import{Skip: "all of it is on " + target}
	case b.When.Before(since):
		return Import{Skip: "no commit since " + since.UTC().Format(time.DateOnly)}
	}
	alias := Alias(b.Message)
	if s := counterpart(target, b, alias, known); s != nil {
		if s.Head() == b.Head || slices.ContainsFunc(s.PatchSets, func(p PatchSet) bool { return p.Head == b.Head }) {
			return Import{Change: s.ID, Skip: fmt.Sprintf("it is change %s, %s", s.Short(), s.Status)}
		}
		return Import{Change: s.ID, Operation: &Operation{Body: NewPatchSet{Head: b.Head, Note: "branch " + clipLine(b.Name)}}}
	}
	title, _, _ := strings.Cut(b.Message, "\n")
	agent, task := agentBranch(b.Name)
	return Import{Operation: &Operation{Body: Opening{Target: target, Head: b.Head, Title: clipLine(title), Author: clipLine(b.Author), Agent: agent, Task: task,
		Alias: alias, Imported: clipLine(b.Name)}}}
}

// counterpart is the change that a branch is already: the one with its commit, or an open one with its Change-Id or name.
func counterpart(target string, b Branch, alias string, known []State) *State {
	var found *State
	for i := range known {
		s := &known[i]
		has := slices.ContainsFunc(s.PatchSets, func(p PatchSet) bool { return p.Head == b.Head })
		switch {
		case s.Origin.Target != target:
		case has:
			return s
		case s.Status.Closed():
		case alias != "" && s.Origin.Alias == alias, s.Origin.Imported == clipLine(b.Name):
			found = s
		}
	}
	return found
}

// agentBranch takes agents/<agent>/<task> apart.
func agentBranch(name string) (agent, task string) {
	rest, ok := strings.CutPrefix(name, "agents/")
	if !ok {
		return "", ""
	}
	agent, task, ok = strings.Cut(rest, "/")
	if !ok || strings.Contains(task, "/") {
		return "", ""
	}
	return agent, task
}

// Alias is the Change-Id trailer of a commit message: "I" and 40 hex digits in its last paragraph. "" when there is none.
func Alias(message string) string {
	message = strings.TrimRight(strings.ReplaceAll(message, "\r\n", "\n"), "\n ")
	last := message[strings.LastIndex(message, "\n\n")+1:]
	alias := ""
	for line := range strings.SplitSeq(last, "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if strings.EqualFold(strings.TrimSpace(key), "Change-Id") && len(value) == 41 && value[0] == 'I' && strings.Trim(value[1:], "0123456789abcdef") == "" {
			alias = value
		}
	}
	return alias
}
