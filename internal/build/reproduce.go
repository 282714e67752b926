package build

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Comparison is what two builds of one job came to.
type Comparison struct {
	Same        bool         `json:"same"`
	First       *Record      `json:"first"`
	Second      *Record      `json:"second"`
	Differences []Difference `json:"differences,omitempty"`
	Varied      []string     `json:"varied"` // what the second build had another of
}

// again is what the second build has another of.
func again() setting {
	return setting{source: "/elsewhere/again/source", hostname: "again", processors: 1}
}

// apart is the least time between the end of a build and the start of the one it is compared with: zip archives count in two seconds, and
// of two builds that only start so far apart a quick second one reads the same time as a slow first one.
const apart = 2 * time.Second

// Reproduce builds twice, the second time later, at another path, on another host name and with one processor, and compares. A job
// with NoCache has its second build go without caches of compiled things; the first may have them. The first build's artifacts are left
// in dir.
func (b *Builder) Reproduce(ctx context.Context, job Job, dir string) (c *Comparison, err error) {
	second, remove, err := b.workFolder("again-")
	if err != nil {
		return nil, fmt.Errorf("build a second time: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	c = &Comparison{Varied: []string{"time", "path", "host name", "number of processors"}}
	one := job
	if job.NoCache {
		one.NoCache, c.Varied = false, append(c.Varied, "caches")
	}
	if c.First, err = b.build(ctx, one, dir, usual()); err != nil {
		return nil, err
	}
	select {
	case <-time.After(apart):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if c.Second, err = b.build(ctx, job, filepath.Join(second, "out"), again()); err != nil {
		return nil, fmt.Errorf("the second time: %w", err)
	}
	if c.Differences, err = differences(c.First.Artifacts, c.Second.Artifacts); err != nil {
		return nil, fmt.Errorf("compare two builds: %w", err)
	}
	c.Same = len(c.Differences) == 0
	return c, nil
}
