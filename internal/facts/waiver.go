package facts

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/waiver"
)

// ReadWaivers reads the waivers of a tree, sorted by path. One that cannot be read is among them and covers nothing; an
// error means that git failed. days is spec.policy.waiverDays of the governance they are read by.
func ReadWaivers(ctx context.Context, side *Side, days int) ([]waiver.Waiver, error) {
	out := []waiver.Waiver{}
	for _, e := range side.Entries() {
		if !strings.HasPrefix(e.Path, waiver.Folder) {
			continue
		}
		spelt := SpellPath(e.Path)
		if problem := misplaced(e, spelt); problem != "" {
			out = append(out, waiver.Unreadable(spelt, problem))
			continue
		}
		if path.Ext(e.Path) != ".yaml" {
			continue // a README or the like
		}
		data, err := side.Blob(ctx, e.OID)
		var tooLarge *git.TooLargeError
		switch {
		case errors.As(err, &tooLarge):
			out = append(out, waiver.Unreadable(spelt, "it is too large to be looked at"))
		case err != nil:
			return nil, fmt.Errorf("reading waiver %s: %w", spelt, err)
		default:
			out = append(out, waiver.Read(spelt, data, days))
		}
	}
	return out, nil
}

// misplaced says why a file of the waivers' folder that looks like a waiver is not read as one.
func misplaced(e git.Entry, spelt string) string {
	switch ext := strings.ToLower(path.Ext(e.Path)); {
	case ext != ".yaml" && ext != ".yml" && ext != ".json":
		return ""
	case spelt != e.Path:
		return "its name is not UTF-8"
	case path.Dir(e.Path)+"/" != waiver.Folder || path.Ext(e.Path) != ".yaml":
		return "waivers are the files " + waiver.Folder + "<id>.yaml; this one is not read"
	case e.Mode == git.ModeSymlink || e.Mode == git.ModeGitlink:
		return "a waiver must be a regular file"
	}
	return ""
}

// judgeWaivers adds what is wrong with base's waivers and with those the change brings.
func (c *Collected) judgeWaivers(ctx context.Context) error {
	base := c.Governance.Waivers
	merged := base
	if slices.ContainsFunc(c.Changes, touchesWaivers) {
		var err error
		if merged, err = ReadWaivers(ctx, c.Merged, c.Governance.Config.Spec.Policy.WaiverDays); err != nil {
			return err
		}
	}
	in := c.Input
	in.Findings = append(in.Findings, finding.Compare(waiver.Problems(base), waiver.Problems(merged), in.Renames())...)
	return nil
}

func touchesWaivers(c git.FileChange) bool {
	return strings.HasPrefix(c.Path, waiver.Folder) || strings.HasPrefix(c.OldPath, waiver.Folder)
}
