package build

import (
	"context"
	"errors"
)

// Comparison is what two builds of one job came to.
type Comparison struct {
	Same        bool         `json:"same"`
	First       *Record      `json:"first"`
	Second      *Record      `json:"second"`
	Differences []Difference `json:"differences,omitempty"`
	Varied      []string     `json:"varied"` // what the second build had another of
}

// Difference is one place where artifacts differ.
type Difference struct {
	Artifact string `json:"artifact"`
	What     string `json:"what"`              // missing, size, mode or content
	Offset   int64  `json:"offset,omitempty"`  // of the first byte that differs
	Section  string `json:"section,omitempty"` // of an ELF file, or the entry of a zip or tar archive
	First    string `json:"first,omitempty"`   // what is there, readable
	Second   string `json:"second,omitempty"`
}

// Reproduce builds twice, the second time at another path, on another host name, later, with one processor and without the caches of
// compiled things, and compares. The first build's artifacts are left in dir.
func (b *Builder) Reproduce(ctx context.Context, job Job, dir string) (*Comparison, error) {
	return nil, errors.New("build: not written yet")
}
