package facts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// readAround reads the structured files that the change leaves as they are, when policies look at all documents at once, or the
// Kubernetes objects among them, when constraints look at other objects. What cannot be read there is not this change's fault
// and is left out.
func (c *Collected) readAround(ctx context.Context, repo *git.Repo) error {
	settings := c.Governance.Config.Spec.Policy.Conftest
	combined, objects := len(settings.Combine) > 0, lookAround(c.Governance.Policy.Constraints)
	if !combined && !objects {
		return nil
	}
	changed := map[string]bool{}
	for _, f := range c.Changes {
		changed[f.Path], changed[f.OldPath] = true, true
	}
	var paths []string
	var want []git.OID
	for _, e := range c.Merged.Entries() {
		if !changed[e.Path] && isRegular(e.Mode) && document.Reads(e.Path) && (objects || judged(settings, e.Path)) {
			paths, want = append(paths, SpellPath(e.Path)), append(want, e.OID)
		}
	}
	docs := make([][]document.Document, len(paths))
	room := budget(changeLimit)
	_, content := c.Contents()
	err := repo.Blobs(ctx, want, content.limit, func(i int, data []byte, err error) error {
		if tooLarge := (*git.TooLargeError)(nil); errors.As(err, &tooLarge) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", paths[i], err)
		}
		docs[i] = document.Read(paths[i], data)
		return room.spend(len(data))
	})
	if err != nil {
		return err
	}
	c.Input.Around = slices.DeleteFunc(slices.Concat(docs...), func(d document.Document) bool {
		return d.Error != "" || !(combined && judged(settings, d.Path)) && !(objects && d.Kind == document.KindKubernetes)
	})
	return nil
}

func judged(s manifest.Conftest, path string) bool {
	return len(s.Files) == 0 || slices.ContainsFunc(s.Files, func(glob string) bool { return manifest.MatchPath(glob, path) })
}
