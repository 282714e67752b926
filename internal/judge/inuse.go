package judge

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/api"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// checkAPI is the name of the built-in check that looks for what still uses an interface that is gone.
const checkAPI = "api"

// InUse finds what the merged tree still uses of an interface that the change takes away. The graph is read only when there is
// such an interface.
func InUse(ctx context.Context, repo *git.Repo, c *facts.Collected, places Places, warn func(string)) error {
	in := c.Input
	if in.API == nil || c.Governance.Config.Spec.Builtin[checkAPI] == "off" {
		return nil
	}
	gone := goneModules(in.Files)
	if len(gone) == 0 && !breaksAnything(in.API) {
		return nil
	}
	read := func(side *facts.Side) (*api.World, error) {
		snapshot, err := GraphOf(ctx, repo, side, c.Governance.Attributes, places, warn)
		if err != nil {
			return nil, err
		}
		noteLeftOut(in, snapshot)
		return worldOf(ctx, side, snapshot, c.Governance.Attributes), nil
	}
	base, merged := c.Contents()
	world, err := read(merged)
	if err != nil {
		return fmt.Errorf("reading the dependency graph: %w", err)
	}
	found, err := api.InUse(ctx, world, in.API, gone, sync.OnceValues(func() (*api.World, error) { return read(base) }))
	if err != nil {
		return fmt.Errorf("looking for uses of interfaces that are gone: %w", err)
	}
	for i := range found {
		if found[i].Rule == api.RuleRemoved && strings.Contains(found[i].Fix, "graph uses") { // head no longer declares it
			found[i].Fix += " --rev " + git.OID(in.Change.Base).Short()
		}
	}
	evidence := facts.Evidence{Check: checkAPI, Kind: "lint", State: facts.Passed, Source: facts.SourceBuiltin, ObservedAt: in.Now}
	if len(found) > 0 {
		evidence.State, evidence.Reason = facts.Failed, found[0].Message
	}
	in.Evidence, in.Findings = append(in.Evidence, evidence), append(in.Findings, found...)
	return nil
}

func breaksAnything(d *exports.Delta) bool {
	for i := range d.Changes {
		if d.Changes[i].Breaking && d.Changes[i].Change != exports.Added {
			return true
		}
	}
	return false
}

// goneModules are the files that others may have imported by their path and that are not there any more.
func goneModules(files []facts.File) []string {
	var out []string
	for i := range files {
		f := &files[i]
		old := f.OldPath
		if f.Status == "deleted" {
			old = f.Path
		}
		switch f.Language {
		case "javascript", "jsx", "typescript", "tsx", "python", "proto":
			if old != "" && old != f.Path || f.Status == "deleted" {
				out = append(out, old)
			}
		}
	}
	return out
}
