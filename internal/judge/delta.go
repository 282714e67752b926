package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/source"
)

// weigh says in the document what the change does to the constitution: next is the governance that the merged tree would
// judge by, nil when it does not load.
func (c *courtroom) weigh(ctx context.Context, next *facts.Governance, unloadable error) error {
	in := c.collected.Input
	if unloadable != nil {
		in.Policy.Delta, in.Policy.DeltaReasons = facts.PolicyWeakened, []string{"what the change leaves cannot be loaded: " + firstLine(unloadable.Error())}
		return nil
	}
	base, err := constitution(ctx, c.collected.Governance, c.collected.Base)
	if err != nil {
		return err
	}
	merged, err := constitution(ctx, next, c.collected.Merged)
	if err != nil {
		return err
	}
	if base.Equal(merged) {
		return nil
	}
	tree, whole, err := treeInput(ctx, in, c.collected.Merged, c.collected.Governance)
	if err != nil {
		return err
	}
	difference, err := policy.Compare(ctx, base, merged, []*facts.Input{in, tree})
	if err != nil {
		return err
	}
	in.Policy.Delta, in.Policy.DeltaReasons = facts.PolicyTightened, difference.Reasons
	if !whole {
		in.Policy.DeltaReasons = append(in.Policy.DeltaReasons, fmt.Sprintf("the tree holds more than %d MiB of documents, so not all were tried", treeBytes>>20))
	}
	if len(in.Policy.DeltaReasons) > 0 {
		in.Policy.Delta = facts.PolicyWeakened
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// constitution is what a governance judges by, with the tests that lie beside it.
func constitution(ctx context.Context, g *facts.Governance, side *facts.Side) (policy.Constitution, error) {
	deadline, err := time.ParseDuration(g.Config.Spec.Limits.PolicyTime)
	if err != nil {
		return policy.Constitution{}, fmt.Errorf("reading limits.policyTime: %w", err)
	}
	out := policy.Constitution{Modules: g.Policy.Modules, Options: policy.Options{Settings: g.Config.Spec.Policy, Data: g.Policy.Data,
		Constraints: g.Policy.Constraints, Deadline: deadline}}
	for _, path := range side.Paths() {
		if !isPolicyPath(path) || !policy.IsTest(path) {
			continue
		}
		data, err := side.Read(ctx, path)
		if err != nil {
			return out, fmt.Errorf("reading policy test %s: %w", path, err)
		}
		out.Tests = append(out.Tests, facts.Module{Path: path, Text: string(data)})
	}
	return out, nil
}

func isPolicyPath(path string) bool {
	return strings.HasPrefix(path, ".adamant/policy/") || strings.HasPrefix(path, "policy/")
}

// treeBytes bounds the documents of a whole tree.
const treeBytes = 64 << 20

// treeInput is a whole tree as if every file had just been added; whole is false when it holds too much to look at.
func treeInput(ctx context.Context, change *facts.Input, side *facts.Side, g *facts.Governance) (tree *facts.Input, whole bool, err error) {
	in := *change
	in.Change = facts.Change{Source: policy.SourceTree, Target: change.Change.Target, MergedTree: string(side.Tree()), MergeBase: []string{}}
	in.Files, in.Documents, in.Before, in.Around, in.Findings = []facts.File{}, nil, nil, nil, nil
	room := treeBytes
	for _, path := range side.Paths() {
		entry, _ := side.Entry(path)
		language, class := source.Classify(path, nil, g.Attributes)
		in.Files = append(in.Files, facts.File{Path: path, Status: "added", Mode: string(entry.Mode), After: string(entry.OID), Language: language, Class: class, Effect: source.EffectCode})
		if slices.Contains([]string{source.ClassSource, source.ClassDoc, source.ClassBinary}, class) {
			continue
		}
		docs, size, err := documentsAt(ctx, side, path)
		if err != nil {
			return nil, false, err
		}
		if room -= size; room < 0 {
			return &in, false, nil
		}
		in.Documents = append(in.Documents, docs...)
	}
	return &in, true, nil
}

// documentsAt parses one file; what is too large to be read, or no text, has none.
func documentsAt(ctx context.Context, side *facts.Side, path string) (docs []document.Document, size int, err error) {
	data, err := builtinTree{side}.Read(ctx, path)
	if _, unread := builtin.Unread(err); unread {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", path, err)
	}
	if docs = document.Read(path, data); docs != nil {
		size = len(data)
	}
	return docs, size, nil
}

// touchesGovernance says that a change may edit what judges: the kernel's folder, rules, and the data they see.
func touchesGovernance(change git.FileChange, settings manifest.PolicySettings) bool {
	return slices.ContainsFunc([]string{change.Path, change.OldPath}, func(path string) bool {
		return strings.HasPrefix(path, ".adamant/") || isPolicyPath(path) || path != "" && facts.IsConstraintPath(settings.Gatekeeper, path) ||
			slices.ContainsFunc(settings.Conftest.Data, func(root string) bool { return path != "" && facts.IsPolicyData(root, path) })
	})
}
