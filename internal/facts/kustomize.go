package facts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// Render gives the objects of kustomizations, one result a job.
type Render func(ctx context.Context, jobs []kustomize.Job) ([]kustomize.Result, error)

// maxRoots is how many kustomizations of a change are rendered.
const maxRoots = 200

// renderKustomizations adds the objects of every kustomization that reads a changed file, as they are at base and merged: what
// is deployed is the rendering, not the files. It costs little where no kustomization is.
func (c *Collected) renderKustomizations(ctx context.Context, render Render) error {
	if render == nil {
		return nil
	}
	before, after := c.Contents()
	sides := [2]*rendering{{side: before, into: &c.Input.Before}, {side: after, into: &c.Input.Documents, merged: true}}
	changed := c.changedPaths()
	roots := map[string]bool{}
	for _, s := range sides {
		if err := s.open(ctx); err != nil {
			return err
		}
		for _, root := range s.touched(changed, c.Governance) {
			roots[root] = true
		}
	}
	list := slices.Sorted(maps.Keys(roots))
	var jobs []kustomize.Job
	for _, s := range sides {
		if err := s.prepare(ctx, list); err != nil {
			return err
		}
		jobs = append(jobs, s.jobs...)
	}
	var results []kustomize.Result
	if len(jobs) > 0 {
		var err error
		if results, err = render(ctx, jobs); err != nil {
			return err
		}
	}
	sides[0].add(results[:len(sides[0].jobs)])
	sides[1].add(results[len(sides[0].jobs):])
	return nil
}

// changedPaths lists the changed files, old names too.
func (c *Collected) changedPaths() []string {
	var out []string
	for _, f := range c.Input.Files {
		out = append(out, f.Path)
		if f.OldPath != "" {
			out = append(out, f.OldPath)
		}
	}
	return out
}

// rendering is one side of the change.
type rendering struct {
	side    *Side
	into    *[]document.Document
	merged  bool
	folders []string // with a kustomization
	planner *kustomize.Planner
	plans   []kustomize.Plan
	jobs    []kustomize.Job
	of      []int // the plan of each job
	err     error // of reading, which no plan can say
}

// open finds the kustomizations and reads them in one round. A kustomization may read any file of the repository, so it does
// not matter where the changed ones lie.
func (r *rendering) open(ctx context.Context) error {
	with := map[string]bool{}
	for _, e := range r.side.Entries() {
		if kustomize.IsFile(e.Path) {
			with[path.Dir(SpellPath(e.Path))] = true
		}
	}
	if len(with) == 0 {
		return nil
	}
	r.folders = slices.Sorted(maps.Keys(with))
	r.planner = kustomize.NewPlanner(tree{ctx, r})
	return r.side.readAhead(ctx, kustomize.IsFile)
}

// touched lists the folders whose kustomization reads a changed file. Not only those that nothing refers to: what refers to one
// may undo what it does, and anybody can add such a one first. Components stand for nothing by themselves; kustomizations of
// tests and of copied code are not deployed from here.
func (r *rendering) touched(changed []string, g *Governance) []string {
	is := map[string]bool{}
	for _, file := range changed {
		is[file] = true
	}
	var out []string
	for _, folder := range r.folders {
		_, class := source.Classify(path.Join(folder, "kustomization.yaml"), nil, g.Attributes)
		if class == source.ClassTest || class == source.ClassGenerated || r.planner.IsComponent(folder) {
			continue
		}
		if slices.ContainsFunc(r.planner.Plan(folder).Reads, func(file string) bool { return is[file] }) {
			out = append(out, folder)
		}
	}
	return out
}

// prepare plans the roots of both sides that this side has. What is over the limit is not rendered, and base says nothing of
// it: it would be what was there before.
func (r *rendering) prepare(ctx context.Context, roots []string) error {
	if r.planner == nil && len(roots) > 0 {
		r.planner = kustomize.NewPlanner(tree{ctx, r})
	}
	for _, root := range roots {
		if !r.has(root) {
			continue
		}
		plan := r.planner.Plan(root)
		if len(r.plans) >= maxRoots && plan.Skip == "" {
			if !r.merged {
				continue
			}
			plan.Skip = fmt.Sprintf("the change touches more than %d kustomizations", maxRoots)
		}
		r.plans = append(r.plans, plan)
	}
	if err := r.readAll(ctx); err != nil {
		return err
	}
	return r.err
}

func (r *rendering) has(root string) bool {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if _, ok := r.side.Entry(path.Join(root, name)); ok {
			return true
		}
	}
	return false
}

// readAll reads the files of all plans in one round and makes jobs of them.
func (r *rendering) readAll(ctx context.Context) error {
	wanted := map[string]bool{}
	for i := range r.plans {
		for _, file := range r.plans[i].Reads {
			wanted[file] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := r.side.readAhead(ctx, func(p string) bool { return wanted[p] }); err != nil {
		return fmt.Errorf("reading kustomizations: %w", err)
	}
	for i := range r.plans {
		if err := r.job(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (r *rendering) job(ctx context.Context, i int) error {
	plan := &r.plans[i]
	if plan.Skip != "" || plan.Fault != nil {
		return nil
	}
	job, err := plan.Job(tree{ctx, r}.Read)
	fault, tooLarge := (*kustomize.Fault)(nil), (*git.TooLargeError)(nil)
	switch {
	case err == nil:
		r.jobs, r.of = append(r.jobs, job), append(r.of, i)
	case errors.As(err, &fault):
		plan.Fault = fault
	case errors.As(err, &tooLarge):
		plan.Fault = &kustomize.Fault{Path: plan.File, Message: err.Error()}
	default:
		return err
	}
	return nil
}

// tree shows a side to the planner.
type tree struct {
	ctx context.Context
	r   *rendering
}

// Read remembers what is nobody's fault, so that it ends the collection.
func (t tree) Read(file string) ([]byte, error) {
	if t.Look(file) != kustomize.File {
		return nil, &fs.PathError{Op: "read", Path: file, Err: fs.ErrNotExist}
	}
	data, err := t.r.side.Read(t.ctx, file)
	if tooLarge := (*git.TooLargeError)(nil); err != nil && !errors.As(err, &tooLarge) {
		t.r.err = errors.Join(t.r.err, err)
	}
	return data, err
}

// Look finds what stands at a path.
func (t tree) Look(file string) kustomize.Entry {
	if e, ok := t.r.side.Entry(file); ok {
		if isRegular(e.Mode) {
			return kustomize.File
		}
		return kustomize.Other
	}
	paths := t.r.side.Paths()
	at := sort.SearchStrings(paths, file+"/")
	if file == "." || at < len(paths) && strings.HasPrefix(paths[at], file+"/") {
		return kustomize.Folder
	}
	return kustomize.Nothing
}

// add makes documents of what came of the plans.
func (r *rendering) add(results []kustomize.Result) {
	next := map[string]int{} // index of the next document of a file; 0 is the kustomization itself
	put := func(doc document.Document) {
		next[doc.Path]++
		doc.Index, doc.Format = next[doc.Path], document.FormatKustomize
		*r.into = append(*r.into, doc)
	}
	of := map[int]kustomize.Result{}
	for i, result := range results {
		of[r.of[i]] = result
	}
	known := faults(*r.into)
	for i := range r.plans {
		for _, doc := range documentsOf(&r.plans[i], of[i]) {
			if doc.Error == "" || !known[doc.Path] {
				put(doc)
			}
			known[doc.Path] = known[doc.Path] || doc.Error != ""
		}
	}
}

// faults are the files that cannot be read: one word about each is enough.
func faults(docs []document.Document) map[string]bool {
	out := map[string]bool{}
	for i := range docs {
		out[docs[i].Path] = out[docs[i].Path] || docs[i].Error != ""
	}
	return out
}

func documentsOf(plan *kustomize.Plan, result kustomize.Result) []document.Document {
	switch {
	case plan.Skip != "":
		return []document.Document{{Path: plan.File, Kind: document.KindKustomization, Value: map[string]any{"notRendered": plan.Skip},
			Lines: map[string]int{"": 1}}}
	case plan.Fault != nil:
		return []document.Document{faulty(plan)}
	case result.Error != "":
		return []document.Document{{Path: plan.File, Kind: document.KindKustomization, Error: "cannot be rendered: " + result.Error, Line: 1}}
	}
	var out []document.Document
	for _, object := range result.Objects {
		doc := document.Document{Path: plan.File, Kind: document.KindKubernetes, Lines: map[string]int{"": 1}}
		if parsed := manifest.ParseJSON(plan.File, object); parsed.Err != nil {
			doc.Error, doc.Line, doc.Lines = "renders what cannot be read: "+parsed.Err.Message, 1, nil
		} else {
			doc.Value = parsed.Value
		}
		out = append(out, doc)
	}
	return out
}

// faulty stands under the root, wherever the fault is: it is the root that cannot be deployed.
func faulty(plan *kustomize.Plan) document.Document {
	doc := document.Document{Path: plan.File, Kind: document.KindKustomization, Error: plan.Fault.Message, Line: max(plan.Fault.Line, 1)}
	if plan.Fault.Path != plan.File {
		doc.Error, doc.Line = fmt.Sprintf("%s:%d: %s", plan.Fault.Path, doc.Line, doc.Error), 1
	}
	return doc
}
