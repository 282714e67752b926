package links

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// site is one tree as links see it.
type site struct {
	ctx   context.Context //nolint:containedctx // lives for one run
	tree  builtin.Tree
	paths []string
	other *site // the other side of the change
	known map[string]*document
	lower map[string]string // lower-case path -> path, made for the first link that is broken
}

func newSite(ctx context.Context, tree builtin.Tree) *site {
	return &site{ctx: ctx, tree: tree, paths: tree.Paths(), known: map[string]*document{}}
}

// problem is why a link leads nowhere.
type problem struct {
	rule, why, fix string
	severity       finding.Severity
}

// resolve returns nil when a link of the document at from leads somewhere or cannot be judged offline.
func (s *site) resolve(from string, l link) (*problem, error) {
	if l.undefined {
		return &problem{"undefined-reference", fmt.Sprintf("nothing defines the reference [%s]", l.target),
			fmt.Sprintf("add a line: [%s]: target", l.target), finding.Warning}, nil
	}
	target, fragment, _ := strings.Cut(l.target, "#")
	target, _, _ = strings.Cut(target, "?")
	if external(l.target) {
		return nil, nil
	}
	file := from
	if target != "" {
		file = s.find(from, unescape(target))
		if file == "" {
			return nil, nil
		}
		if !s.exists(file) {
			return s.missing(from, l.target, file), nil
		}
	}
	return s.anchor(l.target, file, unescape(fragment))
}

// external reports whether a target is an address, a template or empty: nothing that the tree could answer for.
func external(target string) bool {
	if _, err := url.PathUnescape(target); err != nil || target == "" || strings.HasPrefix(target, "//") || strings.ContainsAny(target, "{}<>$|*\n") {
		return true
	}
	for i := range len(target) {
		switch c := target[i]; {
		case c == ':':
			return i > 0
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '+', c == '-', c == '.':
		default:
			return false
		}
	}
	return false
}

func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// find returns the path that a target means, the most likely one when there is none, and "" when the tree cannot tell: a
// target outside the repository, or one from a site's root, unless the other side of the change has it. Site generators
// serve a.md as a/, so those forms are looked for too.
func (s *site) find(from, target string) string {
	if strings.HasPrefix(target, "/") {
		target = path.Clean(strings.TrimPrefix(target, "/"))
		if found := s.served(target, ""); found != "" || s.other == nil {
			return found
		}
		return s.other.served(target, "")
	}
	plain := path.Join(path.Dir(from), target)
	if outside(plain) {
		return ""
	}
	if found := s.served(plain, ""); found != "" {
		return found
	}
	if path.Ext(target) == "" { // seen from a/page/, where a/page.md is served
		if found := s.served(path.Join(strings.TrimSuffix(from, path.Ext(from)), target), ""); found != "" {
			return found
		}
	}
	return plain
}

func outside(p string) bool { return p == ".." || strings.HasPrefix(p, "../") }

// served returns the file that is served as p, or otherwise.
func (s *site) served(p, otherwise string) string {
	if s.exists(p) {
		return p
	}
	stem := p
	if ext := path.Ext(p); ext == ".html" || ext == ".htm" {
		stem = strings.TrimSuffix(p, ext)
	} else if ext != "" {
		return otherwise
	}
	for _, end := range []string{".md", ".rst", ".mdx", ".html", ".markdown", "/index.md", "/_index.md"} {
		if s.exists(stem + end) {
			return stem + end
		}
	}
	return otherwise
}

// exists reports whether the tree has a file or folder of that path.
func (s *site) exists(p string) bool {
	if p == "." || p == "" {
		return true
	}
	at := sort.SearchStrings(s.paths, p)
	if at < len(s.paths) && s.paths[at] == p {
		return true
	}
	at = sort.SearchStrings(s.paths, p+"/")
	if at < len(s.paths) && strings.HasPrefix(s.paths[at], p+"/") {
		return true
	}
	for dir := range builtin.Folders(p) {
		if s.isFile(dir) { // a symbolic link or a submodule: what is behind it cannot be told
			return true
		}
	}
	return false
}

func (s *site) missing(from, target, file string) *problem {
	if s.lower == nil {
		s.lower = make(map[string]string, len(s.paths))
		for _, p := range s.paths {
			s.lower[strings.ToLower(p)] = p
			for dir := range builtin.Folders(p) {
				key := strings.ToLower(dir)
				if _, ok := s.lower[key]; ok {
					break
				}
				s.lower[key] = dir
			}
		}
	}
	if actual, ok := s.lower[strings.ToLower(file)]; ok {
		return &problem{"case", fmt.Sprintf("%s differs in upper and lower case from %s, so the link breaks where case counts", target, actual),
			"write the name as the file is written", finding.Error}
	}
	p := &problem{"missing-file", fmt.Sprintf("%s leads to %s, which is not in the repository", target, file),
		"correct the path, or remove the link", finding.Error}
	if s.generated(from) && (s.other == nil || !s.other.exists(file)) {
		p.doubt()
	}
	return p
}

// generated reports whether a document lies in the folder of a site generator, which may give relative links a meaning of
// its own.
func (s *site) generated(file string) bool {
	for dir := range builtin.Folders(file) {
		for _, name := range generators {
			if s.isFile(path.Join(dir, name)) {
				return true
			}
		}
	}
	return false
}

// generators are the files by which site generators are known.
var generators = [...]string{"hugo.toml", "hugo.yaml", "hugo.work", "config.toml", "mkdocs.yml", "docusaurus.config.js", "docusaurus.config.ts",
	"_config.yml", "antora.yml", "conf.py", "book.toml", "astro.config.mjs", ".vitepress/config.js", ".vitepress/config.ts", ".vitepress/config.mts"}

func (s *site) isFile(p string) bool {
	_, ok := slices.BinarySearch(s.paths, p)
	return ok
}

// anchor checks a fragment where the target is a document. Fragments of other files (#L10) are the viewer's matter.
func (s *site) anchor(target, file, fragment string) (*problem, error) {
	if fragment == "" || fragment == "top" || !isDocument(file) || lineAnchor(fragment) || strings.HasPrefix(fragment, ":~:") || strings.HasPrefix(fragment, "/") {
		return nil, nil
	}
	doc, err := s.document(file)
	if err != nil || doc == nil || doc.open {
		return nil, err
	}
	if doc.anchors[strings.ToLower(fragment)] {
		return nil, nil
	}
	fix := "correct the anchor"
	if near := nearest(doc.anchors, strings.ToLower(fragment)); near != "" {
		fix += "; #" + near + " is the closest that is there"
	}
	p := &problem{"missing-anchor", fmt.Sprintf("%s: %s has no heading or id that makes the anchor #%s", target, file, fragment), fix, finding.Error}
	if s.generated(file) && !s.otherHas(file, fragment) {
		p.doubt()
	}
	return p, nil
}

// otherHas reports whether the other side's version of a document has an anchor.
func (s *site) otherHas(file, fragment string) bool {
	if s.other == nil {
		return false
	}
	doc, err := s.other.document(file)
	return err == nil && doc != nil && doc.anchors[strings.ToLower(fragment)]
}

// doubt makes a problem a warning: site generators give links and headings a meaning of their own.
func (p *problem) doubt() {
	p.severity = finding.Warning
	p.why += "; the site generator may know better"
}

func lineAnchor(fragment string) bool {
	return len(fragment) > 1 && fragment[0] == 'L' && fragment[1] >= '0' && fragment[1] <= '9'
}

// document parses a file of the tree; nil when it cannot be read as a text or is a folder.
func (s *site) document(file string) (*document, error) {
	if doc, ok := s.known[file]; ok {
		return doc, nil
	}
	f, err := builtin.Open(s.ctx, s.tree, file)
	var doc *document
	_, unread := builtin.Unread(err)
	switch {
	case err == nil:
		doc = parse(file, f.Text)
	case !unread && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	s.known[file] = doc
	return doc, nil
}

// nearest returns the anchor with the longest common beginning, if that is at least half of the fragment.
func nearest(anchors map[string]bool, fragment string) string {
	best, length := "", len(fragment)/2
	names := make([]string, 0, len(anchors))
	for name := range anchors {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		n := 0
		for n < len(name) && n < len(fragment) && name[n] == fragment[n] {
			n++
		}
		if n > length {
			best, length = name, n
		}
	}
	return best
}
