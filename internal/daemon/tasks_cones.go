package daemon

import (
	"context"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/task"
)

// cones says where tasks work. It remembers what follows from commits and never changes.
type cones struct {
	d *Daemon

	mu    sync.Mutex
	main  git.OID // that around was read at
	about *judge.Surroundings
	names map[string][]string
	known map[string]task.Cone // by task and what it made

	folders map[string][]string // of checkouts, by task
}

func newCones(d *Daemon) *cones {
	return &cones{d: d, known: map[string]task.Cone{}, folders: map[string][]string{}}
}

// of is where a task works, by what it was granted, by what its words name, and by what it has written so far. What cannot be found out
// makes it no smaller than what is known; the trouble is shown.
func (c *cones) of(ctx context.Context, s task.State, main git.OID) task.Cone {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.read(ctx, main); err != nil {
		c.d.trouble("where tasks work", err)
		return task.Cone{Writes: task.Places(slices.Concat(s.Origin.Paths, s.Origin.Grants))}
	}
	key := s.ID + " " + string(s.Work)
	if cone, ok := c.known[key]; ok {
		return cone
	}
	var writes []string
	for _, name := range slices.Concat(s.Origin.Paths, s.Origin.Grants) {
		writes = append(writes, c.about.Places(name)...)
	}
	if len(writes) == 0 {
		writes = task.Mentions(s.Origin.Title+"\n"+s.Origin.Text, c.names)
	}
	touched, err := c.touched(ctx, s.Work, main)
	c.d.trouble("where tasks work", err)
	cone := task.Cone{Writes: task.Places(slices.Concat(writes, touched))}
	if len(cone.Writes) > 0 {
		cone.Reach = c.about.Reach(cone.Writes)
	}
	c.known[key] = cone
	return cone
}

const reachSteps = 64 // of those that need what a task works on

// checkout lists the folders that a task's agent gets: what the operator named, all that needs it, and all that these need. A task of
// which nobody said where it works gets everything: a guess would hide files from it.
func (c *cones) checkout(ctx context.Context, s task.State, main git.OID) []string {
	if len(s.Origin.Paths) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.read(ctx, main)
	if folders, ok := c.folders[s.ID]; ok && err == nil {
		return folders
	}
	var folders []string
	if err == nil {
		folders, err = c.lookUp(ctx, s, main)
	}
	c.d.trouble("what task "+s.Short()+" checks out", err) // it gets everything
	if err == nil {
		c.folders[s.ID] = folders
	}
	return folders
}

func (c *cones) lookUp(ctx context.Context, s task.State, main git.OID) ([]string, error) {
	repo, err := git.Open(ctx, c.d.kernel.Repo().GitDir())
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	var places []string
	for _, name := range slices.Concat(s.Origin.Paths, s.Origin.Grants) {
		places = append(places, c.about.Places(name)...)
	}
	return judge.ConeOf(ctx, repo, main, places, reachSteps, c.d.config.Places, func(text string) { c.d.log.Debug("graph", "note", text) })
}

// read reads the surroundings at main, once for each commit.
func (c *cones) read(ctx context.Context, main git.OID) error {
	if c.about != nil && c.main == main {
		return nil
	}
	repo, err := git.Open(ctx, c.d.kernel.Repo().GitDir())
	if err != nil {
		return err
	}
	defer repo.Close()
	about, err := judge.SurroundingsOf(ctx, repo, main, c.d.config.Places, func(text string) { c.d.log.Debug("graph", "note", text) })
	if err != nil {
		return err
	}
	c.main, c.about, c.names, c.known, c.folders = main, about, about.Names(), map[string]task.Cone{}, map[string][]string{}
	return nil
}

// touched are the files that a result changes.
func (c *cones) touched(ctx context.Context, head, main git.OID) ([]string, error) {
	if head == "" {
		return nil, nil
	}
	bases, err := c.d.kernel.Repo().MergeBases(ctx, main, head)
	if err != nil || len(bases) == 0 {
		return nil, err
	}
	return c.d.worlds.changed(ctx, c.d.kernel.Repo(), bases[0], head)
}
