// Package secrets finds credentials in changed files: known formats by keyword and regular expression, others by entropy.
// It promises never to repeat a secret: messages say what was found and where, fingerprints keep 20 bits of a hash. It
// never asks the issuer whether a credential works.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "secrets"

// configPath is where a repository keeps its own rules, in the form gitleaks reads.
const configPath = ".gitleaks.toml"

// Check is the built-in check for credentials.
type Check struct{}

// Name returns "secrets".
func (Check) Name() string { return Name }

// Kind returns "secrets".
func (Check) Kind() string { return Name }

// Run scans both sides of every changed text file with the built-in rules and those of .gitleaks.toml at base.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	config, broken, err := readConfigs(ctx, in)
	if err != nil {
		return builtin.Result{}, err
	}
	engine := builtinEngine()
	if config != nil {
		engine = newEngine(append(config.rules, keep(builtinRules(), config.disabled)...), config.allow)
	}
	result, err := builtin.Scan(ctx, in, Name, func(string) bool { return true }, func(f *builtin.File) error {
		hits, err := engine.scan(f.Path, f.Text)
		for _, hit := range hits {
			report(f, hit)
		}
		return err
	})
	if err != nil {
		return builtin.Result{}, err
	}
	return builtin.Conclude(append(result.Base, broken[0]...), append(result.Merged, broken[1]...)), nil
}

// readConfigs returns base's configuration, nil when there is none, and the findings about a broken one on either side.
// A broken configuration is not used, so the built-in rules hold without its exceptions.
func readConfigs(ctx context.Context, in builtin.Input) (*config, [2][]finding.Finding, error) {
	var broken [2][]finding.Finding
	var used *config
	for i, tree := range []builtin.Tree{in.Base, in.Merged} {
		c, err := readConfig(ctx, tree, configPath, 0)
		var syntax *configError
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &syntax):
			broken[i] = []finding.Finding{syntax.finding()}
		case err != nil:
			return nil, broken, fmt.Errorf("secrets: %w", err)
		case i == 0:
			used = c
		}
	}
	return used, broken, nil
}

func report(f *builtin.File, hit hit) {
	why := "everyone who can read it can use it"
	if hit.doubtful {
		why = hit.rule.doubt
	}
	v := finding.Finding{
		Rule: Name + "/" + hit.rule.id, Severity: severityOf(hit),
		Message: fmt.Sprintf("%s in the repository: %s", hit.rule.title, why),
		Fix:     "revoke it where it was issued (git history keeps it), then read it from the environment or a secret store; an invented one says EXAMPLE",
	}
	if hit.inSource {
		v.Suppress = "inSource"
	}
	f.Report(v, hit.start, digest(hit.rule.id, f.Text[hit.start:hit.end]), "")
}

func severityOf(hit hit) finding.Severity {
	if hit.rule.warn || hit.doubtful {
		return finding.Warning
	}
	return finding.Error
}

func keep(rules []*rule, disabled []string) []*rule {
	off := map[string]bool{}
	for _, id := range disabled {
		off[strings.TrimPrefix(id, Name+"/")] = true
	}
	var kept []*rule
	for _, r := range rules {
		if !off[r.id] {
			kept = append(kept, r)
		}
	}
	return kept
}
