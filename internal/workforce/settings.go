package workforce

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/agentsmd"
	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/grounding"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
)

// settings are what a commit of main says about agents. An attempt keeps those it began with.
type settings struct {
	governance *facts.Governance
	personas   *persona.Set
	prices     *price.Table // nil = those that are built in
	rules      *agentsmd.Repository
}

func (w *Workforce) settings(ctx context.Context, main git.OID) (*settings, error) {
	repo := w.config.Kernel.Repo()
	side, governance, err := judge.GovernanceAt(ctx, repo, main)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration at %s: %w", main.Short(), err)
	}
	personas, err := persona.Load(ctx, repo, main)
	if err != nil {
		return nil, err
	}
	prices, err := readPrices(ctx, repo, main)
	if err != nil {
		return nil, err
	}
	rules, err := agentsmd.Read(ctx, side, governance, "")
	if err != nil {
		return nil, err
	}
	return &settings{governance, personas, prices, &rules}, nil
}

// personal says that an attempt may see components that hold data about people. A workspace can read all of main's history,
// whatever its cone, so one such component is enough.
func (s *settings) personal() bool {
	for _, e := range s.governance.Catalog.Entities() {
		if facts.IsPersonal(s.governance.Catalog.Governance(e.Ref).DataClassification) {
			return true
		}
	}
	return false
}

// facts are what an agent is told about the place of its work: the component of the first of the paths that belongs to one.
func (s *settings) facts(a task.Attempt, c cast, paths []string) grounding.Facts {
	f := grounding.Facts{Task: grounding.Task{ID: task.Short(a.Task), Title: a.Title, Grants: a.Grants}}
	for _, p := range paths {
		if e, ok := agentsmd.Component(s.rules, p); ok {
			f.Component = s.component(e)
			break
		}
	}
	f.Constraints = s.constraints(c)
	for _, text := range agentsmd.Bindings(s.rules, paths) {
		f.Constraints = append(f.Constraints, grounding.Constraint{Text: text})
	}
	return f
}

func (s *settings) component(e *catalog.Entity) grounding.Component {
	g := s.governance.Catalog.Governance(e.Ref)
	var needs []string
	for _, r := range e.Relations {
		if r.Field == "dependsOn" {
			needs = append(needs, r.Target)
		}
	}
	return grounding.Component{Ref: e.Ref, Owner: g.Owner, Lifecycle: g.Lifecycle, Description: e.Description, Paths: e.Claims, DependsOn: needs}
}

// constraints are the paths that bind this agent wherever it works. Rules in Rego come with the gate's answers.
func (s *settings) constraints(c cast) []grounding.Constraint {
	limits := s.governance.Config.Spec.Agents
	var out []grounding.Constraint
	add := func(rule, what string, globs []string) {
		if len(globs) > 0 {
			out = append(out, grounding.Constraint{Rule: rule, Text: what + " " + strings.Join(globs, ", ")})
		}
	}
	paths := c.persona.Paths
	if len(paths) == 0 {
		paths = limits.Paths
	}
	add("agents/paths", "you may write only", paths)
	add("agents/paths", "you may not write", append(append([]string{}, limits.Denied...), c.persona.Denied...))
	add("agents/paths", "only the operator changes", []string{".adamant/**", "policy/**", "catalog-info.yaml's governance fields"})
	return out
}
