// Package links finds relative links, images and anchors of documentation that lead nowhere: in changed documents, and in
// unchanged ones whose target the change takes away. It promises never to open an external address.
package links

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/source"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "links"

// Check is the built-in check for links.
type Check struct{}

// Name returns "links".
func (Check) Name() string { return Name }

// Kind returns "links".
func (Check) Kind() string { return Name }

// Run resolves the links of both sides of every changed document in their own tree, then those of unchanged documents
// that may have lost their target.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	base, merged := newSite(ctx, in.Base), newSite(ctx, in.Merged)
	base.other, merged.other = merged, base
	result, err := builtin.Scan(ctx, in, Name, isProse, func(f *builtin.File) error {
		site := base
		if f.Merged {
			site = merged
		}
		doc := parse(f.Path, f.Text)
		site.known[f.Path] = doc
		for _, l := range doc.links {
			problem, err := site.resolve(f.Path, l)
			if err != nil {
				return err
			}
			if problem != nil {
				report(f, l, *problem)
			}
		}
		return nil
	})
	if err != nil {
		return builtin.Result{}, err
	}
	lost, err := elsewhere(ctx, in, base, merged)
	if err != nil {
		return builtin.Result{}, err
	}
	return builtin.Conclude(result.Base, append(result.Merged, lost...)), nil
}

// elsewhere finds links of unchanged documents that resolve at base and no longer do.
func elsewhere(ctx context.Context, in builtin.Input, base, merged *site) ([]finding.Finding, error) {
	needles, changed := removed(in, base, merged)
	if len(needles) == 0 || in.All {
		return nil, nil
	}
	var found []finding.Finding
	for _, p := range merged.paths {
		if !isProse(p) || changed[p] {
			continue
		}
		f, err := builtin.Open(ctx, in.Merged, p)
		if _, unread := builtin.Unread(err); unread {
			continue // unchanged: whoever changed it was told
		}
		if err != nil {
			return nil, fmt.Errorf("links: %w", err)
		}
		if !slices.ContainsFunc(needles, func(n []byte) bool { return bytes.Contains(f.Text, n) }) {
			continue
		}
		for _, l := range parse(p, f.Text).links {
			after, err := merged.resolve(p, l)
			if err != nil {
				return nil, err
			}
			if after == nil {
				continue
			}
			before, err := base.resolve(p, l)
			if err != nil {
				return nil, err
			}
			if before == nil {
				after.why += "; this change takes it away"
				report(f, l, *after)
			}
		}
		found = append(found, f.Findings()...)
	}
	return found, nil
}

// removed lists what a link to something that the change takes away must contain: names of files, and anchors.
func removed(in builtin.Input, base, merged *site) (needles [][]byte, changed map[string]bool) {
	changed = map[string]bool{}
	for _, f := range in.Files {
		changed[f.Path] = true
		gone := f.Path
		if f.Status == "renamed" {
			gone = f.OldPath
		}
		if !merged.exists(gone) {
			name := path.Base(gone)
			needles = append(needles, []byte(strings.TrimSuffix(name, path.Ext(name))))
			if strings.Contains(name, " ") {
				needles = append(needles, []byte(strings.ReplaceAll(name, " ", "%20")))
			}
			if dir := path.Dir(gone); dir != "." && !merged.exists(dir) {
				needles = append(needles, []byte(path.Base(dir)))
			}
			continue
		}
		before, after := base.known[f.Path], merged.known[f.Path]
		if before == nil || after == nil {
			continue
		}
		for anchor := range before.anchors {
			if !after.anchors[anchor] {
				needles = append(needles, []byte("#"))
				break
			}
		}
	}
	return needles, changed
}

func report(f *builtin.File, l link, p problem) {
	f.Report(finding.Finding{Rule: Name + "/" + p.rule, Severity: p.severity, Message: p.why, Fix: p.fix}, l.offset, l.target, "")
}

// isProse leaves out inputs of tests, whose links are made up, and what others wrote: vendored and generated documents.
func isProse(p string) bool {
	_, class := source.Classify(p, nil, nil)
	return isDocument(p) && class != source.ClassTest && class != source.ClassGenerated
}

func isDocument(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".md", ".markdown", ".mdx", ".html", ".htm", ".rst":
		return true
	}
	return false
}
