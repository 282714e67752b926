// Package kustomize renders the kustomizations of a repository: it says which files a root reads, and what objects come of
// them. It reads local files only. Remote bases, Helm charts, plugins and functions are never fetched or run: a root that
// needs them is not rendered, and says so.
//
// The renderer is kustomize's own, in a process of its own: it prints, reads the environment and may end the process, and a
// hostile kustomization may need any amount of memory.
package kustomize

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Source is the tree that kustomizations are read from.
type Source interface {
	// Read gives the content of a file; the error wraps fs.ErrNotExist when there is none.
	Read(path string) ([]byte, error)
	Look(path string) Entry
}

// Entry is what stands at a path.
type Entry int

// What may stand at a path. Other is a link or a submodule, which is not followed.
const (
	Nothing Entry = iota
	File
	Folder
	Other
)

// Plan is what it takes to render a root.
type Plan struct {
	Root  string   // folder
	File  string   // its kustomization file
	Reads []string // files of the repository that it depends on, sorted
	Skip  string   // why it is not rendered here; it may be in order all the same
	Fault *Fault   // why nobody can render it

	own map[string][]byte // content that the renderer gets instead of the repository's
}

// Fault is what is wrong with a kustomization. Line may be 0.
type Fault struct {
	Path    string
	Line    int
	Message string
}

func (f *Fault) Error() string { return f.Path + ": " + f.Message }

// IsFile says whether a file of this name is a kustomization.
func IsFile(file string) bool {
	switch file[strings.LastIndexByte(file, '/')+1:] {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}

func names() [3]string {
	return [...]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// The bounds of what one root may read.
const (
	maxVisits = 1000 // kustomizations, each as often as it is referred to
	maxLevels = 50
)

// Planner plans roots of one tree. It reads each kustomization once.
type Planner struct {
	source Source
	files  map[string]*kustomization // by folder
}

// NewPlanner plans roots of a tree.
func NewPlanner(source Source) *Planner {
	return &Planner{source: source, files: map[string]*kustomization{}}
}

// IsComponent says that a folder is made to be a part of others.
func (p *Planner) IsComponent(folder string) bool { return p.read(folder).value["kind"] == "Component" }

// Plan says what a root reads.
func (p *Planner) Plan(root string) Plan {
	w := walk{planner: p, reads: map[string]bool{}, own: map[string][]byte{}}
	err := w.folder(root, 0)
	plan := Plan{Root: root, File: p.read(root).file, Skip: w.skipped(), own: w.own, Reads: slices.Sorted(maps.Keys(w.reads))}
	if fault := (*Fault)(nil); errors.As(err, &fault) && len(w.skip) == 0 {
		plan.Fault = fault
	}
	return plan
}

// walk follows the references of one root.
type walk struct {
	planner *Planner
	visits  int
	reads   map[string]bool
	own     map[string][]byte
	skip    []string
}

func (w *walk) folder(folder string, level int) error {
	k := w.planner.read(folder)
	w.reads[k.file] = true
	if k.fault != nil {
		return k.fault
	}
	if w.visits++; w.visits > maxVisits || level > maxLevels {
		return k.wrong("", "refers to too many kustomizations")
	}
	if reason := k.needs(); reason != "" {
		w.skip = append(w.skip, k.file+" "+reason)
	}
	if k.rewritten != nil {
		w.own[k.file] = k.rewritten
	}
	for _, ref := range k.references() {
		if err := w.follow(k, folder, ref, level); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) follow(k *kustomization, folder string, ref reference, level int) error {
	if isRemote(ref.to) {
		w.pass(k, ref.to+", which is not in the repository")
		return nil
	}
	to := path.Join(folder, ref.to)
	if path.IsAbs(ref.to) || to == ".." || strings.HasPrefix(to, "../") {
		return k.wrong(ref.pointer, ref.to+" leads out of the repository")
	}
	switch entry := w.planner.source.Look(to); {
	case entry == Other:
		w.pass(k, ref.to+", a link or a submodule, which is not followed")
		return nil
	case entry == File && ref.kind != folderOnly:
		w.reads[to] = true
		return nil
	case entry == Folder && ref.kind <= folderOnly:
		return w.folder(to, level+1)
	case ref.kind == inlineOrFile:
		return nil
	case ref.kind == generated:
		w.reads[to], w.own[to] = true, []byte{}
		return nil
	}
	return k.wrong(ref.pointer, ref.to+" is not in the repository")
}

// pass notes why the root is not rendered.
func (w *walk) pass(k *kustomization, reason string) {
	w.skip = append(w.skip, k.file+" refers to "+reason)
}

// skipped joins the reasons why the root is not rendered: every one, so that one more is not the same as before. Where there
// are many, a digest stands for the rest.
func (w *walk) skipped() string {
	const most = 3
	slices.Sort(w.skip)
	w.skip = slices.Compact(w.skip)
	if len(w.skip) <= most {
		return strings.Join(w.skip, "; ")
	}
	all := sha256.Sum256([]byte(strings.Join(w.skip, "\n")))
	return fmt.Sprintf("%s; and %d more (%x)", strings.Join(w.skip[:most], "; "), len(w.skip)-most, all[:4])
}

// isRemote is generous: what looks like an address is never read from the repository.
func isRemote(to string) bool {
	lower := strings.ToLower(to)
	user, _, at := strings.Cut(lower, "@")
	return strings.Contains(lower, "://") || strings.HasPrefix(lower, "git::") || strings.HasPrefix(lower, "github.com/") ||
		strings.HasPrefix(lower, "github.com:") || strings.Contains(lower, "?ref=") || at && !strings.ContainsAny(user, "/.")
}

// read parses the kustomization of a folder, once.
func (p *Planner) read(folder string) *kustomization {
	if k, ok := p.files[folder]; ok {
		return k
	}
	k := p.parse(folder)
	p.files[folder] = k
	return k
}

func (p *Planner) parse(folder string) *kustomization {
	k := &kustomization{file: path.Join(folder, names()[0])}
	var text []byte
	found := 0
	for _, name := range names() {
		data, err := p.source.Read(path.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if found++; found > 1 {
			k.fault = k.wrong("", "the folder has several kustomizations")
			return k
		}
		k.file, text = path.Join(folder, name), data
		if err != nil {
			k.fault = k.wrong("", err.Error())
			return k
		}
	}
	if found == 0 {
		k.fault = k.wrong("", "the folder has no kustomization")
		return k
	}
	k.load(text)
	return k
}

func (k *kustomization) load(text []byte) {
	docs := manifest.ParseYAML(k.file, text)
	for _, doc := range docs {
		if doc.Err != nil {
			k.fault = &Fault{k.file, doc.Err.Line, doc.Err.Message}
			return
		}
	}
	value, ok := map[string]any(nil), false
	if len(docs) == 1 {
		value, ok = docs[0].Value.(map[string]any)
	}
	if !ok {
		k.fault = k.wrong("", "is not one mapping with fields")
		return
	}
	k.doc, k.value = docs[0], value
	k.rewritten = withoutHashes(value)
}

func index(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }
