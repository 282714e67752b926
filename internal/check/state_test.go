package check

import (
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// A finding is only old when that can be shown.
func TestStateOf(t *testing.T) {
	t.Parallel()
	edited := &facts.File{Path: "a.js", Lines: []facts.LineRange{{From: 3, To: 5}}}
	tests := []struct {
		name  string
		f     finding.Finding
		file  *facts.File
		there bool
		want  finding.State
	}{
		{"no place", finding.Finding{}, nil, false, finding.New},
		{"another file", finding.Finding{Path: "b.js", Line: 3}, nil, true, finding.Unchanged},
		{"a file that is not in the tree", finding.Finding{Path: "wrong/a.js", Line: 3}, nil, false, finding.New},
		{"first added line", finding.Finding{Path: "a.js", Line: 3}, edited, true, finding.New},
		{"last added line", finding.Finding{Path: "a.js", Line: 5}, edited, true, finding.New},
		{"line before", finding.Finding{Path: "a.js", Line: 2}, edited, true, finding.Unchanged},
		{"line behind", finding.Finding{Path: "a.js", Line: 6}, edited, true, finding.Unchanged},
		{"the whole file", finding.Finding{Path: "a.js"}, edited, true, finding.New},
		{"a file without known lines", finding.Finding{Path: "a.js", Line: 2}, &facts.File{Binary: true}, true, finding.New},
		{"broken evidence", finding.Finding{Rule: "evidence/x", Path: "b.js", Line: 3}, nil, true, finding.New},
		{"failing test", finding.Finding{Rule: "test/failed", Path: "b.js", Line: 3}, nil, true, finding.New},
	}
	for _, tt := range tests {
		if got := StateOf(tt.f, tt.file, tt.there); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
