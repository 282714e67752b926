package facts

import (
	"context"
	"fmt"
	"testing"

	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/git"
)

// BenchmarkNoKustomization looks for kustomizations in 10,000 files that have none, on both sides.
func BenchmarkNoKustomization(b *testing.B) {
	var entries []git.Entry
	for i := range 10_000 {
		entries = append(entries, git.Entry{Path: fmt.Sprintf("internal/folder%03d/file%d.go", i/100, i)})
	}
	side := newSide(nil, "", 0, entries, nil)
	c := &Collected{Input: &Input{Files: []File{{Path: "internal/folder001/file1.go"}}}, Governance: &Governance{}, Base: side, Merged: side}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.renderKustomizations(b.Context(), func(context.Context, []kustomize.Job) ([]kustomize.Result, error) { return nil, nil }); err != nil {
			b.Fatal(err)
		}
	}
}
