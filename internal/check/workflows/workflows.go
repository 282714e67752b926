// Package workflows checks GitHub Actions workflows with actionlint as a library, and what they refer to in their own
// repository. It promises to start no process: shell and Python scripts inside workflows are not looked into. It never
// opens an address, so actions of other repositories are known only as far as actionlint's own table goes.
package workflows

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "workflows"

// Check is the built-in check for workflows.
type Check struct{}

// Name returns "workflows".
func (Check) Name() string { return Name }

// Kind returns "workflows".
func (Check) Kind() string { return Name }

// Run lints both sides of every changed workflow, and looks again at the references of unchanged workflows when the
// change touches a workflow or an action that they may use. actionlint's configuration is read at base.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	config, err := readConfig(ctx, in.Base)
	if err != nil {
		return builtin.Result{}, err
	}
	base, merged := &repository{ctx: ctx, tree: in.Base}, &repository{ctx: ctx, tree: in.Merged}
	base.other, merged.other = merged, base
	result, err := builtin.Scan(ctx, in, Name, isWorkflow, func(f *builtin.File) error {
		side := base
		if f.Merged {
			side = merged
		}
		return lint(f, side, config)
	})
	if err != nil {
		return builtin.Result{}, err
	}
	oldRefs, newRefs, err := elsewhere(ctx, in, base, merged)
	if err != nil {
		return builtin.Result{}, err
	}
	return builtin.Conclude(append(result.Base, oldRefs...), append(result.Merged, newRefs...)), nil
}

func isWorkflow(file string) bool {
	return path.Dir(file) == ".github/workflows" && (strings.HasSuffix(file, ".yml") || strings.HasSuffix(file, ".yaml"))
}

func isAction(file string) bool {
	name := path.Base(file)
	return name == "action.yml" || name == "action.yaml"
}

func readConfig(ctx context.Context, tree builtin.Tree) (*actionlint.Config, error) {
	for _, file := range []string{".github/actionlint.yaml", ".github/actionlint.yml"} {
		f, err := builtin.Open(ctx, tree, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("workflows: %w", err)
		}
		config, err := actionlint.ParseConfig(f.Text)
		if err != nil {
			return nil, fmt.Errorf("workflows: parse %s at base: %w", file, err)
		}
		return config, nil
	}
	return nil, nil
}

// elsewhere checks what unchanged workflows refer to, when the change touches such a thing.
func elsewhere(ctx context.Context, in builtin.Input, base, merged *repository) (before, after []finding.Finding, err error) {
	changed, touched := map[string]bool{}, false
	for _, f := range in.Files {
		changed[f.Path] = true
		touched = touched || isAction(f.Path) || isAction(f.OldPath) || isWorkflow(f.Path) || isWorkflow(f.OldPath)
	}
	if !touched || in.All {
		return nil, nil, nil
	}
	for _, file := range in.Merged.Paths() {
		if !isWorkflow(file) || changed[file] {
			continue
		}
		if before, err = base.references(before, file); err != nil {
			return nil, nil, err
		}
		if after, err = merged.references(after, file); err != nil {
			return nil, nil, err
		}
	}
	return before, after, nil
}

// references appends the findings about what one workflow refers to. A file that cannot be read is left to whoever changed it.
func (r *repository) references(found []finding.Finding, file string) ([]finding.Finding, error) {
	f, err := builtin.Open(r.ctx, r.tree, file)
	if _, unread := builtin.Unread(err); unread || errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	workflow, _ := actionlint.Parse(f.Text)
	if workflow == nil {
		return found, nil
	}
	local := newLocalRule(r)
	if err := visit(workflow, local); err != nil {
		return nil, fmt.Errorf("workflows: %s: %w", file, err)
	}
	report(f, local.Errs())
	return append(found, f.Findings()...), nil
}

// lint runs actionlint's rules, without those that start other programs.
func lint(f *builtin.File, side *repository, config *actionlint.Config) error {
	workflow, problems := actionlint.Parse(f.Text)
	if workflow != nil {
		rules := newRules(f.Path, side)
		for _, rule := range rules {
			rule.SetConfig(config)
		}
		if err := visit(workflow, rules...); err != nil {
			return err
		}
		for _, rule := range rules {
			problems = append(problems, rule.Errs()...)
		}
	}
	problems = slices.DeleteFunc(problems, func(e *actionlint.Error) bool {
		if e.Kind != missing && e.Kind != inputs && strings.Contains(e.Message, `"$/`) {
			return true // actionlint 1.7.12 does not know $/; localRule does
		}
		return config != nil && slices.ContainsFunc(config.PathConfigs(f.Path), func(c actionlint.PathConfig) bool { return c.Ignore.Match(e) })
	})
	report(f, problems)
	return nil
}

func newRules(file string, side *repository) []actionlint.Rule {
	actions := actionlint.NewLocalActionsCache(nil, nil)
	reusable := actionlint.NewLocalReusableWorkflowCache(nil, "", nil)
	return []actionlint.Rule{
		actionlint.NewRuleMatrix(), actionlint.NewRuleCredentials(), actionlint.NewRuleShellName(), actionlint.NewRuleRunnerLabel(),
		actionlint.NewRuleEvents(), actionlint.NewRuleJobNeeds(), actionlint.NewRuleAction(actions), actionlint.NewRuleEnvVar(),
		actionlint.NewRuleID(), actionlint.NewRuleGlob(), actionlint.NewRulePermissions(), actionlint.NewRuleWorkflowCall(file, reusable),
		actionlint.NewRuleExpression(actions, reusable), actionlint.NewRuleDeprecatedCommands(), actionlint.NewRuleIfCond(), newLocalRule(side),
	}
}

func visit(workflow *actionlint.Workflow, rules ...actionlint.Rule) error {
	visitor := actionlint.NewVisitor()
	for _, rule := range rules {
		visitor.AddPass(rule)
	}
	return visitor.Visit(workflow)
}

// report turns actionlint's errors into findings, in their order in the file. Jobs are visited in no particular order.
func report(f *builtin.File, problems []*actionlint.Error) {
	slices.SortFunc(problems, func(a, b *actionlint.Error) int {
		return strings.Compare(fmt.Sprintf("%09d:%09d:%s", a.Line, a.Column, a.Message), fmt.Sprintf("%09d:%09d:%s", b.Line, b.Column, b.Message))
	})
	var lines []string
	last := actionlint.Error{}
	for _, p := range problems {
		if p.Line == last.Line && p.Column == last.Column && p.Message == last.Message {
			continue // an alias repeats what its anchor has
		}
		last = *p
		if lines == nil {
			lines = strings.Split(string(f.Text), "\n")
		}
		snippet := ""
		if p.Line >= 1 && p.Line <= len(lines) {
			snippet = finding.Normalise(lines[p.Line-1])
		}
		v := finding.Finding{Rule: Name + "/" + p.Kind, Severity: finding.Error, Message: p.Message, Line: p.Line, Column: p.Column,
			Fix: "correct the workflow at this place"}
		if p.Kind == maybeMissing {
			v.Severity = finding.Warning
		}
		f.ReportLine(v, snippet, "")
	}
}
