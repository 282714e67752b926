package judge

import (
	"bytes"
	"fmt"
	"testing"
)

// TestSymbols: a file that is kept for the next question answers for itself only.
func TestSymbols(t *testing.T) {
	t.Parallel()
	symbol := symbols()
	goText := []byte("package a\n\nfunc First() {\n\tx()\n}\n\nfunc Second() {\n\ty()\n}\n")
	python := []byte("def third():\n    x()\n")
	for _, c := range []struct {
		path    string
		content []byte
		line    int
		want    string
	}{
		{"a.go", goText, 4, "First"}, {"a.go", goText, 8, "Second"}, {"b.py", python, 2, "third"}, {"a.go", goText, 4, "First"},
		{"b.py", goText, 4, ""}, {"a.go", bytes.Replace(goText, []byte("First"), []byte("Other"), 1), 4, "Other"}, {"a.go", nil, 4, ""},
	} {
		if got := symbol(c.path, c.content, c.line); got != c.want {
			t.Errorf("%s:%d is in %q, want %q", c.path, c.line, got, c.want)
		}
	}
}

// BenchmarkSymbols asks for every line of one large file.
func BenchmarkSymbols(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("package a\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "func F%d() {\n\tx()\n}\n", i)
	}
	for b.Loop() {
		symbol := symbols()
		for line := range 6000 {
			symbol("a.go", text.Bytes(), line+1)
		}
	}
}
