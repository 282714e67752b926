package judge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/all"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/source"
)

// RunBuiltin runs the built-in checks on both sides of a change and adds what they found to its document.
func RunBuiltin(ctx context.Context, c *facts.Collected, places Places) error {
	in := c.Input
	base, merged := c.Contents()
	outcomes := all.Run(ctx, builtin.Input{
		Base: builtinTree{base}, Merged: builtinTree{merged}, Files: in.Files, Config: c.Governance.Config, Data: places.Data,
		Language: func(path string) string {
			language, _ := source.Classify(path, nil, c.Governance.Attributes)
			return language
		},
	})
	for _, o := range outcomes {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := facts.Evidence{Check: o.Name, Kind: o.Kind, State: o.Result.State, Reason: o.Result.Reason, Digest: o.Result.Digest,
			Source: facts.SourceBuiltin, ObservedAt: in.Now}
		if o.Err != nil {
			e.State, e.Reason = facts.Errored, o.Err.Error()
		}
		in.Evidence = append(in.Evidence, e)
		in.Findings = append(in.Findings, finding.Compare(o.Result.Base, o.Result.Merged, in.Renames())...)
	}
	return countSuppressions(ctx, c)
}

// importEvidence reads the reports that the caller's pipeline wrote.
func (c *courtroom) importEvidence(ctx context.Context) error {
	var imports []check.Import
	for _, value := range c.req.Evidence {
		list, err := check.ParseEvidenceFlag(value)
		if err != nil {
			return &UsageError{err}
		}
		imports = append(imports, list...)
	}
	if len(imports) == 0 {
		return nil
	}
	in, merged := c.collected.Input, c.collected.Merged
	evidence, findings, err := check.Imported(imports, importOptions(ctx, c.repo, merged, in.Files, in.Now))
	if err != nil {
		return &UsageError{fmt.Errorf("--evidence: %w", err)}
	}
	in.Evidence = append(in.Evidence, evidence...)
	addFindings(ctx, in, merged, findings)
	noteTools(c.collected, findings, false)
	return nil
}

// importOptions are for reports about a tree.
func importOptions(ctx context.Context, repo *git.Repo, side *facts.Side, changed []facts.File, now time.Time) check.ImportOptions {
	return check.ImportOptions{
		Read: readReport, Root: repo.Root(), Changed: changed, Now: now, Modules: goModules(ctx, side), Symbol: symbols(),
		Text: func(path string) ([]byte, bool) {
			data, err := side.Read(ctx, path)
			return data, err == nil
		},
		Exists: func(path string) bool {
			_, ok := side.Entry(path)
			return ok
		},
	}
}

const maxReportBytes = 64 << 20

func readReport(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxReportBytes+1))
	if err == nil && len(data) > maxReportBytes {
		err = fmt.Errorf("it has more than %d bytes", maxReportBytes)
	}
	return data, err
}

// goModules maps the module paths of a tree to their folders. A go.mod that cannot be read names no module: its files then
// count as not covered.
func goModules(ctx context.Context, side *facts.Side) map[string]string {
	modules := map[string]string{}
	for _, p := range side.Paths() {
		if path.Base(p) != "go.mod" {
			continue
		}
		if data, err := side.Read(ctx, p); err == nil {
			if name := modfile.ModulePath(data); name != "" {
				modules[name] = path.Dir(p)
			}
		}
	}
	return modules
}

// symbols names the declaration around a line, for fingerprints that survive moves. Whoever asks goes through a file's findings in
// a row: the file of the last question is kept, so that thousands of findings in one cost one reading of it.
func symbols() finding.Symbol {
	var mu sync.Mutex
	var of string
	var last []byte
	var index *source.Index
	return func(path string, content []byte, line int) string {
		mu.Lock()
		defer mu.Unlock()
		if len(content) == 0 {
			return ""
		}
		if index == nil || path != of || len(last) != len(content) || &last[0] != &content[0] {
			language, _ := source.Classify(path, content[:min(len(content), 4096)], nil)
			of, last, index = path, content, source.NewIndex(language, content)
		}
		return index.Symbol(line)
	}
}

// askSonarQube adds the quality gate of the server that the configuration names, when the change needs one.
func (c *courtroom) askSonarQube(ctx context.Context, plan *gate.Assessment) error {
	config := c.assessor.Config().Spec.Sonar
	if config == nil || !slices.ContainsFunc(plan.Gates, func(g gate.Gate) bool { return g.Name == "quality" }) {
		return nil
	}
	branch, err := c.repo.HeadBranch(ctx)
	if err != nil {
		return err
	}
	server := check.Sonar{Config: *config, Token: c.req.Getenv(config.TokenEnv)}
	evidence, err := server.Evidence(ctx, c.collected.Input.Change.Head, branch, "", c.req.Now)
	if err != nil {
		return err
	}
	c.collected.Input.Evidence = append(c.collected.Input.Evidence, evidence)
	return nil
}

// addFindings adds what tools reported about the merged tree. They have not seen base, so a finding is new when it lies on
// a line the change added, names no line of a changed file, or a file that is not there; otherwise it was there before. A
// suppression counts where the file holds one.
func addFindings(ctx context.Context, in *facts.Input, merged *facts.Side, findings []finding.Finding) {
	changed := map[string]*facts.File{}
	for i := range in.Files {
		changed[in.Files[i].Path] = &in.Files[i]
	}
	for _, f := range findings {
		if f.State == "" {
			_, there := merged.Entry(f.Path)
			f.State = check.StateOf(f, changed[f.Path], there)
		}
		if f.Suppress != "" && f.Severity == finding.Error {
			if content, err := merged.Read(ctx, f.Path); err != nil || !check.Silenced(f.Path, content, f.Line) {
				f.Suppress = ""
			}
		}
		in.Findings = append(in.Findings, f)
	}
}

// overlay lists what turns the merged tree into merged source with base's tests: files of class test as base has them, and
// test files of the change removed.
func overlay(c *facts.Collected) []check.Overlay {
	var out []check.Overlay
	for _, f := range c.Changes {
		_, class := source.Classify(f.Path, nil, c.Governance.Attributes)
		oldPath := f.Path
		if f.OldPath != "" {
			oldPath = f.OldPath
		}
		_, oldClass := source.Classify(oldPath, nil, c.Governance.Attributes)
		if f.Before != "" && oldClass == source.ClassTest {
			out = append(out, check.Overlay{Path: oldPath, Mode: f.OldMode, Blob: f.Before})
		}
		if class == source.ClassTest && (f.Before == "" || oldPath != f.Path) {
			out = append(out, check.Overlay{Path: f.Path, Delete: true})
		}
	}
	return out
}

// builtinTree shows a side to built-in checks.
type builtinTree struct{ side *facts.Side }

func (t builtinTree) Paths() []string { return t.side.Paths() }

func (t builtinTree) Read(ctx context.Context, path string) ([]byte, error) {
	entry, ok := t.side.Entry(path)
	if ok && entry.Mode == git.ModeGitlink {
		return nil, &builtin.UnreadError{Path: path, Reason: builtin.Submodule}
	}
	if ok && entry.Mode == git.ModeSymlink {
		return nil, &builtin.UnreadError{Path: path, Reason: builtin.Symlink}
	}
	data, err := t.side.Read(ctx, path)
	var tooLarge *git.TooLargeError
	if errors.As(err, &tooLarge) {
		return nil, &builtin.UnreadError{Path: path, Reason: builtin.TooLarge}
	}
	if err != nil {
		return nil, err
	}
	switch facts.WhyUnread(data) {
	case facts.UnreadBinary:
		return nil, &builtin.UnreadError{Path: path, Reason: builtin.Binary}
	case facts.UnreadLFS:
		return nil, &builtin.UnreadError{Path: path, Reason: builtin.LFSPointer}
	}
	return data, nil
}
