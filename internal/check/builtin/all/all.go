// Package all is the registry of built-in checks. Adding a check is one new package and one line here.
package all

import (
	"context"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/format"
	"github.com/adamant-os/adamant/internal/check/licenses"
	"github.com/adamant-os/adamant/internal/check/links"
	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/check/spelling"
	"github.com/adamant-os/adamant/internal/check/versions"
	"github.com/adamant-os/adamant/internal/check/vulnerabilities"
	"github.com/adamant-os/adamant/internal/check/workflows"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Checks returns every built-in check, sorted by name.
func Checks() []builtin.Check {
	return []builtin.Check{
		format.Check{},
		licenses.Check{},
		links.Check{},
		secrets.Check{},
		spelling.Check{},
		versions.Check{},
		vulnerabilities.Check{},
		workflows.Check{},
	}
}

// Enabled returns the checks that the configuration does not switch off.
func Enabled(config manifest.Repository) []builtin.Check {
	var enabled []builtin.Check
	for _, check := range Checks() {
		if config.Spec.Builtin[check.Name()] != "off" {
			enabled = append(enabled, check)
		}
	}
	return enabled
}

// Outcome is the result of one check, or the error that kept it from having one.
type Outcome struct {
	Name, Kind string
	Result     builtin.Result
	Err        error
}

// Run runs the enabled checks, one after the other, and reads each file of either tree at most once.
// The outcomes are in the order of the checks' names.
func Run(ctx context.Context, in builtin.Input) []Outcome {
	in.Base, in.Merged = remember(in.Base), remember(in.Merged)
	var outcomes []Outcome
	for _, check := range Enabled(in.Config) {
		result, err := check.Run(ctx, in)
		outcomes = append(outcomes, Outcome{Name: check.Name(), Kind: check.Kind(), Result: result, Err: err})
	}
	return outcomes
}

// memory is a tree that reads each file once, as long as what it keeps stays under remembered bytes.
type memory struct {
	builtin.Tree
	paths []string
	files map[string]content
	bytes int
}

const remembered = 256 << 20

type content struct {
	text []byte
	err  error
}

func remember(tree builtin.Tree) builtin.Tree {
	return &memory{Tree: tree, files: map[string]content{}}
}

func (m *memory) Paths() []string {
	if m.paths == nil {
		m.paths = m.Tree.Paths()
	}
	return m.paths
}

func (m *memory) Read(ctx context.Context, path string) ([]byte, error) {
	if known, ok := m.files[path]; ok {
		return known.text, known.err
	}
	text, err := m.Tree.Read(ctx, path)
	if m.bytes += len(text); ctx.Err() == nil && m.bytes <= remembered {
		m.files[path] = content{text, err}
	}
	return text, err
}
