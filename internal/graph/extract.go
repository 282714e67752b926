package graph

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// maxUncached is how many files are extracted without opening the store.
const maxUncached = 32

// extractAll extracts what differs, and then every file of the families that have to be resolved again.
func (r *reading) extractAll(ctx context.Context) error {
	if err := r.extract(ctx, r.redo); err != nil {
		return err
	}
	more := make([]bool, len(r.redo))
	for i, at := range r.now.languages {
		if at >= 0 && r.touched[r.family(at)] && !r.redo[i] {
			more[i], r.redo[i] = true, true
		}
	}
	return r.extract(ctx, more)
}

// round is how many files are read at once.
const round = 64

func (r *reading) extract(ctx context.Context, which []bool) error {
	var wanted []int
	for i, yes := range which {
		if yes {
			wanted = append(wanted, i)
		}
	}
	var store *Store
	if len(wanted) > maxUncached {
		store = r.opt.Cache.extractions()
	}
	wanted = slices.DeleteFunc(wanted, func(i int) bool {
		f := store.get(r.language(i), r.now.entries[i].Blob)
		if f != nil {
			r.take(i, f)
		}
		return f != nil
	})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for some := range slices.Chunk(wanted, round) {
		group.Go(func() error { return r.read(ctx, store, some) })
	}
	return group.Wait()
}

func (r *reading) language(i int) *imports.Language { return &r.opt.Languages[r.now.languages[i]] }

// read extracts files that are in no store.
func (r *reading) read(ctx context.Context, store *Store, which []int) error {
	oids := make([]string, len(which))
	for k, i := range which {
		oids[k] = r.now.entries[i].Blob
	}
	return r.tree.source.Blobs(ctx, oids, func(k int, data []byte, err error) error {
		i := which[k]
		if err != nil { // says nothing about the content, so it is not kept
			r.mu.Lock()
			r.gone = append(r.gone, i)
			r.mu.Unlock()
			r.take(i, &imports.File{Problem: err.Error()})
			return ctx.Err()
		}
		f := r.language(i).Extract(data)
		store.put(r.language(i), oids[k], f)
		r.take(i, f)
		return ctx.Err()
	})
}

// take notes an extraction. When others see more or less of the file than before, they are resolved again.
func (r *reading) take(i int, f *imports.File) {
	surface := ""
	if show := r.language(i).Surface; show != nil {
		surface = string(encodeFile(nil, show(f)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[i] = f
	if r.now.surfaces[i] != surface {
		r.now.surfaces[i] = surface
		r.touched[r.family(r.now.languages[i])] = true
	}
}

// again extracts files one by one for those who ask a snapshot.
func (r *reading) again() func(string) *imports.File {
	ctx := context.WithoutCancel(r.tree.ctx)
	return func(p string) *imports.File {
		i, ok := r.tree.find(p)
		if !ok || r.now.languages[i] < 0 {
			return nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.files[i] == nil {
			l := r.language(int(i))
			if r.files[i] = r.opt.Cache.extractions().get(l, r.now.entries[i].Blob); r.files[i] == nil {
				data, err := r.tree.blob(ctx, i)
				if err != nil {
					return &imports.File{Problem: err.Error()}
				}
				r.files[i] = l.Extract(data)
			}
		}
		return r.files[i]
	}
}
