package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
)

// ring is one cycle of n edges, with further edges that skip ahead.
func ring(n int, skips ...int) *graph.Graph {
	var b graph.Builder
	ids := make([]graph.ID, n)
	for i := range ids {
		ids[i] = b.Node(graph.Node{Name: fmt.Sprintf("f%07d.ts", i), Language: "typescript"})
	}
	for i := range ids {
		for _, skip := range append([]int{1}, skips...) {
			b.Edge(graph.Edge{From: ids[i], To: ids[(i+skip)%n], Line: 1})
		}
	}
	return b.Graph()
}

// TestOneLargeCycle: a cycle through everything is judged without a search for each of its edges.
func TestOneLargeCycle(t *testing.T) {
	t.Parallel()
	yes := true
	for name, g := range map[string]*graph.Graph{"ring": ring(50_000), "dense": ring(10_000, 3, 17, 101, 503, 1009, 2003, 4001, 7001, 9001)} {
		start := time.Now()
		tangles, err := Tangles(g)
		if err != nil || len(tangles) != 1 || tangles[0].Edges != len(g.Edges()) {
			t.Errorf("%s: %d tangles, %v", name, len(tangles), err)
		}
		set := &Set{Forbidden: []Rule{{Name: "no-circular", Severity: finding.Error, To: Target{Circular: &yes}}}}
		report, err := Judge(t.Context(), g, set, Options{})
		if err != nil || len(report.Violations) != len(g.Edges()) {
			t.Errorf("%s: %d violations, %v, want each of %d edges", name, len(report.Violations), err, len(g.Edges()))
		}
		if _, err := Grown(new(graph.Builder).Graph(), g, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("%s took %v", name, took)
		}
	}
}
