package facts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// Ratchet is what the ratchet needs beside findings and marks. It is empty where nothing is ratcheted.
type Ratchet struct {
	// Scopes maps the path of a finding or changed file to the component that owns it at base. Other paths have their folder.
	Scopes map[string]string `json:"scopes,omitempty"`
	// Whole and Merged list the rules of tools that looked at whole trees: at base's and the merged one, and at the merged one alone.
	Whole  []string `json:"whole,omitempty"`
	Merged []string `json:"merged,omitempty"`
	// Base is everything base has of the rules whose decision or new mark turns on it.
	Base []ratchet.Mark `json:"base,omitempty"`
	// Unread are marks at base that nobody can read.
	Unread []MarkProblem `json:"unread,omitempty"`
	// Edits are the marks that the change itself edits. Nothing in them is believed.
	Edits []MarkEdit `json:"edits,omitempty"`
}

// MarkProblem says why a mark cannot be read, and where.
type MarkProblem struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// MarkEdit is what a change does to a file in the marks' folder.
type MarkEdit struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
	Rule string `json:"rule,omitempty"`
	Kind string `json:"kind"`
}

// The kinds of MarkEdit.
const (
	MarkAdded      = "added"
	MarkDeleted    = "deleted"
	MarkRaised     = "raised"
	MarkLowered    = "lowered"
	MarkEdited     = "edited" // its counts stay
	MarkUnreadable = "unreadable"
)

// RuleSuppressions is the rule about comments that tell a tool to look away. The ratchet counts them by themselves.
const RuleSuppressions = "suppressions/added"

// Scope is where a finding at a path counts: the component that owns it at base, else its folder, with a slash at its end.
func (in *Input) Scope(p string) string {
	if component := in.Ratchet.Scopes[p]; component != "" {
		return component
	}
	return folder(p)
}

func folder(p string) string { return path.Dir(p) + "/" }

// Ratcheted says whether a rule is switched to the ratchet, or has a mark at base.
func (g *Governance) Ratcheted(rule string, marks []ratchet.Mark) bool {
	if g.Config.Spec.Builtin["ratchet"] == "off" {
		return false
	}
	return g.Config.Spec.Policy.Mode(rule) == manifest.RuleRatchet ||
		slices.ContainsFunc(marks, func(m ratchet.Mark) bool { return m.Rule == rule })
}

// Ratchets says whether anything may be ratcheted at all.
func (g *Governance) Ratchets(marks []ratchet.Mark) bool {
	if g.Config.Spec.Builtin["ratchet"] == "off" {
		return false
	}
	for _, mode := range g.Config.Spec.Policy.Rules {
		if mode == manifest.RuleRatchet {
			return true
		}
	}
	return len(marks) > 0
}

// ScopeOf is Input.Scope for a tree that is no change's.
func (g *Governance) ScopeOf(p string) string {
	if entity, ok := g.Catalog.ComponentOf(p); ok {
		return entity.Ref
	}
	return folder(p)
}

// ReadMarks reads the marks of a tree, sorted by rule. A file that cannot be read as a mark is a problem, never a mark.
func ReadMarks(ctx context.Context, side *Side) ([]ratchet.Mark, []MarkProblem, error) {
	marks, problems := []ratchet.Mark{}, []MarkProblem(nil)
	for _, e := range side.Entries() {
		if !strings.HasPrefix(e.Path, ratchet.Dir) {
			continue
		}
		mark, problem, err := readMark(ctx, side, e)
		switch {
		case err != nil:
			return nil, nil, err
		case problem != nil:
			problems = append(problems, *problem)
		default:
			marks = append(marks, mark)
		}
	}
	slices.SortFunc(marks, func(a, b ratchet.Mark) int { return strings.Compare(a.Rule, b.Rule) })
	return marks, problems, nil
}

func readMark(ctx context.Context, side *Side, e git.Entry) (ratchet.Mark, *MarkProblem, error) {
	spelt := SpellPath(e.Path)
	problem := &MarkProblem{Path: spelt, Line: 1}
	if _, ok := ratchet.RuleOf(e.Path); !ok {
		problem.Message = "no rule's mark has this name; a rule a/b has its mark in " + ratchet.PathOf("a/b")
		return ratchet.Mark{}, problem, nil
	}
	if e.Mode != git.ModeFile && e.Mode != git.ModeExec {
		problem.Message = "a mark is a plain file, not a link to something else"
		return ratchet.Mark{}, problem, nil
	}
	data, err := side.Blob(ctx, e.OID)
	var tooLarge *git.TooLargeError
	if errors.As(err, &tooLarge) {
		problem.Message = fmt.Sprintf("the mark has %d bytes, more than %d are not read", tooLarge.Size, tooLarge.Limit)
		return ratchet.Mark{}, problem, nil
	}
	if err != nil {
		return ratchet.Mark{}, nil, fmt.Errorf("reading mark %s: %w", spelt, err)
	}
	mark, diagnostics := ratchet.Parse(e.Path, data)
	if len(diagnostics) > 0 {
		d := diagnostics[0]
		return ratchet.Mark{}, &MarkProblem{Path: spelt, Line: max(d.Line, 1), Column: d.Column, Message: d.Message}, nil
	}
	return mark, nil, nil
}

// readRatchet reads base's marks, what the change does to them, and the scopes of the changed files.
func (c *Collected) readRatchet(ctx context.Context) error {
	in := c.Input
	if c.Governance.Config.Spec.Builtin["ratchet"] == "off" {
		return nil
	}
	var err error
	if in.Marks, in.Ratchet.Unread, err = ReadMarks(ctx, c.Base); err != nil {
		return err
	}
	for _, f := range c.Changes {
		if err := c.readMarkEdits(ctx, f); err != nil {
			return err
		}
	}
	slices.SortFunc(in.Ratchet.Edits, func(a, b MarkEdit) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range in.Files {
		c.NoteScope(f.Path)
		c.NoteScope(f.OldPath)
	}
	return nil
}

// NoteScope makes the document know the component that owns a path, when anything is ratcheted.
func (c *Collected) NoteScope(p string) {
	if p == "" || !c.Governance.Ratchets(c.Input.Marks) {
		return
	}
	entity, ok := c.Governance.Catalog.ComponentOf(p)
	if !ok {
		return
	}
	if c.Input.Ratchet.Scopes == nil {
		c.Input.Ratchet.Scopes = map[string]string{}
	}
	c.Input.Ratchet.Scopes[p] = entity.Ref
}

// readMarkEdits compares the versions of one changed file, when it lies or lay among the marks.
func (c *Collected) readMarkEdits(ctx context.Context, f git.FileChange) error {
	was, is := cmp.Or(f.OldPath, f.Path), f.Path
	if f.OldPath != "" { // a renamed mark is one that is gone and one that is new
		if err := c.editMark(ctx, was, git.Entry{Path: was, Mode: f.OldMode, OID: f.Before}, git.Entry{}); err != nil {
			return err
		}
		return c.editMark(ctx, is, git.Entry{}, git.Entry{Path: is, Mode: f.NewMode, OID: f.After})
	}
	before, after := git.Entry{Path: was, Mode: f.OldMode, OID: f.Before}, git.Entry{Path: is, Mode: f.NewMode, OID: f.After}
	if f.Status == git.Added {
		before = git.Entry{}
	}
	if f.Status == git.Deleted {
		after = git.Entry{}
	}
	return c.editMark(ctx, is, before, after)
}

func (c *Collected) editMark(ctx context.Context, p string, before, after git.Entry) error {
	if !strings.HasPrefix(p, ratchet.Dir) {
		return nil
	}
	edit := MarkEdit{Path: SpellPath(p)}
	edit.Rule, _ = ratchet.RuleOf(p)
	var sides [2]*ratchet.Mark // nil where there is none, or nobody can read it
	for i, e := range []git.Entry{before, after} {
		if e.Path == "" {
			continue
		}
		mark, problem, err := readMark(ctx, []*Side{c.Base, c.Merged}[i], e)
		if err != nil {
			return err
		}
		if problem == nil {
			sides[i] = &mark
		} else if i == 1 {
			edit.Line = problem.Line
		}
	}
	edit.Kind = kindOfEdit(sides[0], sides[1], after.Path != "")
	c.Input.Ratchet.Edits = append(c.Input.Ratchet.Edits, edit)
	return nil
}

// kindOfEdit names what happened to a mark; kept says that there is still a file.
func kindOfEdit(old, now *ratchet.Mark, kept bool) string {
	switch {
	case !kept:
		return MarkDeleted
	case now == nil:
		return MarkUnreadable
	case old == nil:
		return MarkAdded
	case now.Raises(*old):
		return MarkRaised
	case old.Raises(*now):
		return MarkLowered
	}
	return MarkEdited
}
