package graph

import (
	"context"
	"runtime"

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

func (r *reading) extract(ctx context.Context, which []bool) error {
	n := 0
	for _, yes := range which {
		if yes {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	var store *Store
	if n > maxUncached {
		store = r.opt.Cache.extractions()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, yes := range which {
		if !yes {
			continue
		}
		l := &r.opt.Languages[r.now.languages[i]]
		if f := store.get(l, r.now.entries[i].Blob); f != nil {
			r.take(i, f)
			continue
		}
		group.Go(func() error {
			r.take(i, r.one(ctx, store, l, i))
			return ctx.Err()
		})
	}
	return group.Wait()
}

func (r *reading) one(ctx context.Context, store *Store, l *imports.Language, i int) *imports.File {
	data, err := r.tree.source.Blob(ctx, r.now.entries[i].Blob)
	if err != nil { // says nothing about the content, so it is not kept
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gone = append(r.gone, i)
		return &imports.File{Problem: err.Error()}
	}
	f := l.Extract(data)
	store.put(l, r.now.entries[i].Blob, f)
	return f
}

// take notes an extraction. When others see more or less of the file than before, they are resolved again.
func (r *reading) take(i int, f *imports.File) {
	at := r.now.languages[i]
	surface := ""
	if show := r.opt.Languages[at].Surface; show != nil {
		surface = string(encodeFile(nil, show(f)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[i] = f
	if r.now.surfaces[i] != surface {
		r.now.surfaces[i] = surface
		r.touched[r.family(at)] = true
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
			l := &r.opt.Languages[r.now.languages[i]]
			if r.files[i] = r.opt.Cache.extractions().get(l, r.now.entries[i].Blob); r.files[i] == nil {
				data, err := r.tree.source.Blob(ctx, r.now.entries[i].Blob)
				if err != nil {
					return &imports.File{Problem: err.Error()}
				}
				r.files[i] = l.Extract(data)
			}
		}
		return r.files[i]
	}
}
