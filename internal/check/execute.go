package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// The rules of the findings that comparing with base's tests leads to. They hold a change: a person has to look.
const (
	RuleBaseTests  = "evidence/base-tests-fail"
	RuleFewerTests = "evidence/fewer-tests"
)

// execute runs a check and what has to be compared with it, and fills res.
func (r *run) execute(ctx context.Context, p *plan, res *result, log *transcript) (err error) {
	if reason := r.notInstalled(p.check); reason != "" {
		res.Evidence.State, res.Evidence.Reason = facts.Unavailable, reason+installHint(reason)
		return nil
	}
	r.tell(Event{Check: p.check.Name, Step: "run"})
	a, err := r.try(ctx, p, r.job.Merged, nil, log)
	if err != nil {
		return err
	}
	defer closeAttempt(a, &err)
	res.Evidence.Network = r.network()
	if v, over := a.broken(p.check); over {
		res.Evidence.State, res.Evidence.Reason = v.state, v.reason
		return nil
	}
	modules, err := r.modules(ctx)
	if err != nil {
		return err
	}
	out, err := r.read(a, p.check, modules)
	if err != nil {
		res.Evidence.State, res.Evidence.Reason = facts.Errored, err.Error()
		return nil
	}
	bad, err := r.compareLint(ctx, p, a, out, res, log)
	if err != nil {
		return err
	}
	v := judge(p.check, a, out, bad)
	res.Evidence.State, res.Evidence.Reason, res.Evidence.Tests, res.Evidence.Rules = v.state, v.reason, out.tests, v.rules
	res.Findings = slices.Concat(out.broken, out.lint, out.gone)
	if err := measure(p.check, out.profiles, r.job.Changed, checkoutText(a.tree), &res.Evidence); err != nil {
		res.Evidence.State, res.Evidence.Reason = facts.Errored, err.Error()
	}
	if r.wantsBaseTests(p.check) && out.tests != nil {
		return r.baseTests(ctx, p, res, modules, log)
	}
	return nil
}

// notInstalled says why a command cannot be had, where that is known without a checkout and its setup.
func (r *run) notInstalled(c *manifest.Check) string {
	if len(c.Command) < 2 || strings.ContainsRune(c.Command[0], '/') || c.Env["PATH"] != "" || slices.Contains(c.PassEnv, "PATH") {
		return ""
	}
	var missing *sandbox.NotFoundError
	if _, err := sandbox.Lookup(c.Command[0], "", []string{"PATH=" + cleanPath(r.Path)}); errors.As(err, &missing) {
		return missing.Reason
	}
	return ""
}

func closeAttempt(a *attempt, err *error) {
	if closeErr := a.close(); *err == nil {
		*err = closeErr
	}
}

// compareLint marks a linter's findings as new or not, by running the same linter on base's tree, and returns the errors
// that are new. Without findings, or without base, there is nothing to compare: then every error counts.
func (r *run) compareLint(ctx context.Context, p *plan, a *attempt, out *reading, res *result, log *transcript) (bad []finding.Finding, err error) {
	if len(out.lint) > 0 && r.job.Base != nil && missing(a, p.check) == "" {
		r.tell(Event{Check: p.check.Name, Step: "base"})
		base, comparable, err := r.lintOf(ctx, p, r.job.Base, log)
		if err != nil {
			return nil, err
		}
		res.fleeting = !comparable
		if comparable {
			compared := finding.Compare(base, out.lint, renames(r.job.Changed))
			out.lint = slices.DeleteFunc(slices.Clone(compared), func(f finding.Finding) bool { return f.State == finding.Absent })
			out.gone = slices.DeleteFunc(compared, func(f finding.Finding) bool { return f.State != finding.Absent })
		}
	}
	for _, f := range out.lint {
		if f.State != finding.Unchanged && f.State != finding.Updated && f.Suppress == "" && (f.Severity == finding.Error || a.Exit != 0) {
			bad = append(bad, f)
		}
	}
	return bad, nil
}

// lintOf runs a linter on another tree. False means that it gave no result there to compare with.
func (r *run) lintOf(ctx context.Context, p *plan, tree Tree, log *transcript) (fs []finding.Finding, ok bool, err error) {
	fmt.Fprintf(log, "\n[adamant: the same on base's tree]\n")
	a, err := r.try(ctx, p, tree, nil, log)
	if err != nil {
		return nil, false, err
	}
	defer closeAttempt(a, &err)
	if _, over := a.broken(p.check); over || missing(a, p.check) != "" {
		return nil, false, nil
	}
	out, err := r.read(a, p.check, nil)
	if err != nil {
		return nil, false, nil //nolint:nilerr // an unreadable report of base compares with nothing: all findings count
	}
	return out.lint, true, nil
}

func renames(changed []facts.File) map[string]string {
	names := map[string]string{}
	for _, f := range changed {
		if f.OldPath != "" && f.OldPath != f.Path {
			names[f.OldPath] = f.Path
		}
	}
	return names
}

// baseTests runs base's tests against the merged source and compares. Where the change edits no test they are head's own.
func (r *run) baseTests(ctx context.Context, p *plan, res *result, modules map[string]string, log *transcript) (err error) {
	if len(r.job.Overlay) == 0 {
		res.Evidence.BaseTests = res.Evidence.Tests
		return nil
	}
	r.tell(Event{Check: p.check.Name, Step: "base-tests"})
	fmt.Fprintf(log, "\n[adamant: base's tests against the merged source]\n")
	a, err := r.try(ctx, p, r.job.Merged, r.job.Overlay, log)
	if err != nil {
		return err
	}
	defer closeAttempt(a, &err)
	found, tests := r.compareTests(a, p, res.Evidence.Tests, modules)
	res.Evidence.BaseTests, res.fleeting = tests, res.fleeting || tests == nil
	for i := range found {
		found[i].Tool, found[i].Severity = "adamant", finding.Warning
		found[i].Fingerprint = finding.Fingerprint(found[i].Rule, p.check.Name, "", 0)
	}
	res.Findings = append(res.Findings, found...)
	return nil
}

// compareTests says what base's tests show that head's own do not.
func (r *run) compareTests(a *attempt, p *plan, head *facts.Tests, modules map[string]string) ([]finding.Finding, *facts.Tests) {
	unproven := func(why string) ([]finding.Finding, *facts.Tests) {
		return []finding.Finding{{
			Rule: RuleBaseTests, Fix: "keep base's tests working against the new source, or have the operator approve their change",
			Message: fmt.Sprintf("check %s: base's tests gave no result against the merged source: %s", p.check.Name, why),
		}}, nil
	}
	if v, over := a.broken(p.check); over {
		return unproven(v.reason)
	}
	out, err := r.read(a, p.check, modules)
	if err != nil {
		return unproven(err.Error())
	}
	if out.tests == nil {
		return unproven(a.ended())
	}
	var found []finding.Finding
	if only := newlyFailing(head, out.tests); len(only) > 0 {
		found = append(found, finding.Finding{
			Rule: RuleBaseTests, Fix: "keep the old behaviour, or have the operator approve that tests and behaviour change together",
			Message: fmt.Sprintf("check %s: tests were changed together with the behaviour; base's tests fail against the merged source: %s",
				p.check.Name, firstNames(only)),
		})
	} else if a.Exit != 0 && out.tests.Failed == 0 {
		return unproven(a.ended())
	}
	if ran, before := executed(head), executed(out.tests); ran < before {
		found = append(found, finding.Finding{
			Rule: RuleFewerTests, Fix: "bring the tests back, or have the operator approve their removal",
			Message: fmt.Sprintf("check %s: %d tests run, base's suite has %d", p.check.Name, ran, before),
		})
	}
	return found, out.tests
}

func executed(t *facts.Tests) int { return t.Passed + t.Failed }

// newlyFailing lists the failures of base's tests that head's tests do not show. Names are kept for the first hundred only:
// when there are more failures than names, a greater number counts too.
func newlyFailing(head, base *facts.Tests) []string {
	only := slices.DeleteFunc(slices.Clone(base.Failing), func(name string) bool { return slices.Contains(head.Failing, name) })
	if len(only) == 0 && base.Failed > head.Failed {
		return []string{fmt.Sprintf("%d more than head's own", base.Failed-head.Failed)}
	}
	return only
}

// modules maps the merged tree's Go modules, for reports that name packages.
func (r *run) modules(ctx context.Context) (map[string]string, error) {
	files, err := r.files(ctx, r.job.Merged)
	if err != nil {
		return nil, err
	}
	return goModules(files, func(oid git.OID) ([]byte, error) { return r.job.Merged.Blob(ctx, oid) })
}

// writeLog keeps the output of a check's latest run.
func (r *run) writeLog(name string, log *transcript) (string, error) {
	folder := filepath.Join(r.State, "logs")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("keep the output: %w", err)
	}
	file := filepath.Join(folder, fileName(name)+".log")
	if err := writeAtomic(file, log.Bytes()); err != nil {
		return "", fmt.Errorf("keep the output: %w", err)
	}
	return file, nil
}

// fileName is a check's name as a file name.
func fileName(name string) string {
	safe := []rune(name)
	for i, r := range safe {
		if !wordRune(r) || i == 0 && r == '.' {
			safe[i] = '_'
		}
	}
	return string(safe)
}
