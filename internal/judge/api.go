package judge

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/api"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// ObserveAPI adds what a change does to interfaces to its document.
func ObserveAPI(ctx context.Context, c *facts.Collected) error {
	if c.Input.Change.MergedTree == "" {
		return nil
	}
	o := &observation{ctx: ctx, collected: c, was: map[string]string{}, changed: map[string]bool{}}
	o.base, o.merged = c.Contents()
	for i := range c.Input.Files {
		if err := o.file(&c.Input.Files[i]); err != nil {
			return err
		}
	}
	c.Input.API = exports.Diff(api.Languages(), o.files, o.rest)
	api.Scope(sideTree{ctx, o.base}, o.was, c.Input.API)
	return ctx.Err()
}

// observation collects the files whose interfaces are compared.
type observation struct {
	ctx          context.Context //nolint:containedctx // rest is asked while ObserveAPI runs, and only then
	collected    *facts.Collected
	base, merged *facts.Side
	files        []exports.File
	was          map[string]string
	changed      map[string]bool
}

// file adds a changed file. What is proven to do nothing, is no code of the repository's own, or could not be read is left out.
func (o *observation) file(f *facts.File) error {
	o.changed[f.Path] = true
	if f.Unread != "" || f.Mode == string(git.ModeSymlink) || f.OldMode == string(git.ModeSymlink) || harmless(f) {
		return nil
	}
	one := exports.File{}
	oldPath, oldClass := f.Path, f.Class
	if f.OldPath != "" {
		oldPath = f.OldPath
		o.was[f.Path] = f.OldPath
	}
	if f.OldClass != "" {
		oldClass = f.OldClass
	}
	var err error
	if f.Status != "added" && offers(oldPath, oldClass) {
		one.OldPath = oldPath
		if one.Before, err = o.base.Read(o.ctx, oldPath); err != nil {
			return fmt.Errorf("reading %s at base: %w", oldPath, err)
		}
	}
	if f.Status != "deleted" && offers(f.Path, f.Class) {
		one.Path = f.Path
		if one.After, err = o.merged.Read(o.ctx, f.Path); err != nil {
			return fmt.Errorf("reading %s: %w", f.Path, err)
		}
	}
	if one.Path != "" || one.OldPath != "" {
		o.files = append(o.files, one)
	}
	return nil
}

// harmless says that an edit is proven to change no interface. A file that was moved may.
func harmless(f *facts.File) bool {
	return f.OldPath == "" && slices.Contains([]string{source.EffectNone, source.EffectFormat, source.EffectComment, source.EffectDoc}, f.Effect)
}

// offers says whether files of a class can offer an interface of the repository's own.
func offers(p, class string) bool {
	switch class {
	case source.ClassSource, source.ClassConfig, source.ClassInfra, source.ClassOther, source.ClassDoc:
		return !exports.Inside(p, "vendor", "node_modules", "third_party", "testdata")
	}
	return false
}

// rest reads the files of a folder of the merged tree that the change leaves as they are. What cannot be read declares nothing.
func (o *observation) rest(folder string) []exports.Source {
	var out []exports.Source
	prefix := folder + "/"
	if folder == "." {
		prefix = ""
	}
	for _, e := range o.merged.Entries() {
		if !strings.HasPrefix(e.Path, prefix) || strings.Contains(e.Path[len(prefix):], "/") || e.Mode == git.ModeSymlink || e.Mode == git.ModeGitlink {
			continue
		}
		name := facts.SpellPath(e.Path)
		if o.changed[name] || path.Ext(name) != ".go" {
			continue
		}
		if data, err := o.merged.Blob(o.ctx, e.OID); err == nil {
			out = append(out, exports.Source{Path: name, Data: data})
		}
	}
	return out
}

// sideTree is one side of a change as resolution sees it, without following symlinks.
type sideTree struct {
	ctx  context.Context //nolint:containedctx // asked while ObserveAPI runs, and only then
	side *facts.Side
}

func (t sideTree) Paths() []string { return t.side.Paths() }

func (t sideTree) Has(p string) bool { return t.Real(p) != "" }

func (t sideTree) Real(p string) string {
	if e, ok := t.side.Entry(p); ok && e.Mode != git.ModeGitlink && e.Mode != git.ModeSymlink {
		return p
	}
	return ""
}

func (t sideTree) Read(p string) ([]byte, error) {
	if t.Real(p) == "" {
		return nil, errors.New("it is not in the tree")
	}
	return t.side.Read(t.ctx, p)
}

func (t sideTree) File(string) *imports.File { return nil }
