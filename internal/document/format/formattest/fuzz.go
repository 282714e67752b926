// Package formattest holds what every file format promises, for their fuzz tests.
package formattest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Fuzz checks that a parser gives the same values each time: JSON values whose parts lie on lines of the file, or an error
// with its line.
func Fuzz(f *testing.F, parse func(path string, data []byte) []format.Tree, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		last := lines(string(data))
		trees := parse("file", data)
		for i := range trees {
			Check(t, &trees[i], last)
		}
		if again := parse("file", data); len(again) != len(trees) || len(trees) > 0 && !reflect.DeepEqual(again[0].Value, trees[0].Value) {
			t.Fatalf("read as %v and as %v", trees, again)
		}
	})
}

// lines counts lines as the most generous format does: YAML 1.1 ends a line at each of these.
func lines(text string) int {
	n := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		n += strings.Count(text, end)
	}
	return n
}

// Check looks at one document of a file that has so many lines.
func Check(t *testing.T, tree *format.Tree, last int) {
	t.Helper()
	if (tree.Error != "") != (tree.Line > 0) || tree.Error != "" && tree.Value != nil || tree.Line > last+1 {
		t.Fatalf("error %q on line %d of %d, value %v", tree.Error, tree.Line, last, tree.Value)
	}
	if tree.Error != "" {
		return
	}
	for pointer, line := range tree.Places.All() {
		if line < 1 || line > last || tree.Places.LineOf(pointer) != line {
			t.Fatalf("%s is on line %d of %d, or on %d", pointer, line, last, tree.Places.LineOf(pointer))
		}
	}
	if _, err := json.Marshal(tree.Value); err != nil {
		t.Fatal(err)
	}
}
