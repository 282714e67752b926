package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// sameBothWays compares the fast path with the library on one document; false when the fast path gave up.
func sameBothWays(t *testing.T, text []byte) bool {
	t.Helper()
	root, ok := fastParse(text, 3)
	if !ok {
		return false
	}
	slow := parseSlowly(&YAMLDocument{Line: 3}, chunk{text: text, line: 3})
	if slow.Err != nil {
		t.Fatalf("the fast path reads what the library refuses\n%s\n%v", text, slow.Err)
	}
	if !reflect.DeepEqual(root, slow.root) {
		t.Fatalf("fast path and library differ on\n%s\nfast %s\nslow %s", text, dump(root), dump(slow.root))
	}
	return true
}

func dump(n node) string {
	s := fmt.Sprintf("%d:%d(%q %d:%d)", n.at.Line, n.at.Column, n.key, n.keyAt.Line, n.keyAt.Column)
	if n.kind == scalar {
		return s + fmt.Sprintf("=%#v", n.value)
	}
	for i := range n.children {
		s += "\n " + strings.ReplaceAll(dump(n.children[i]), "\n", "\n ")
	}
	return s
}

func TestFastReadsTheUsual(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		fmt.Sprintf(deployment, 1, 2),
		"---\na: 1\n", "--- # c\n\n# c\na:\n- 1\n- b: 2\n  c:\n  - x\n-\n- - y\n  - z\n",
		"a: |\n  x\n   y\n\n  z\n\n# end\nb: |-\n  #!/bin/sh\n  exit\n", "a: 'it''s' # c\nb: \"q\\n\"\n'c': [a, \"b\", {x: 1, y: [ ]}, ]\n",
		"é: ü # é\nb: é\nü: 'é'\n", "a:\r\n  b: c\r\n", "a : b\nc: http://x#y\nd: -1\ne: --x\nf: a, b [c]\n", "a:\n\nb: ~", "- a\n- b: c\n  d: e\n-\n",
	} {
		if !sameBothWays(t, []byte(text)) {
			t.Errorf("the fast path gave up on\n%s", text)
		}
	}
}

func TestFastGivesUp(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a: b\n c: d\n", "a: b\n  c\n", "a: &x b\n", "a: *x\n", "a: !t b\n", "<<: {a: b}\n", "a:\tb\n", "a: 'x\n  y'\n", "a: >\n  x\n", "a: |2\n  x\n",
		"a: 1\na: 2\n", "? a\n: b\n", "a: b: c\n", "a\n", "a: [b\n", "a: 'b' c\n", "- a\nb: c\n", "a:\n  - b\n c: d\n", "a: \"\\u0041\"\n", "a: @b\n", "a: | x\n  y\n", "a: |\nb: c\n",
		"a: [b: c]\n", "--- &anchor a: b\n", "... a: b\n", "a: {b}\n", "a: x\rb: y\n", "a: \x7f\n", "a: \u0085\n", "a: \u2028\n", "a: - b\n", "a: |\n  x", "...\n", "%YAML 1.2\n---\na: b\n", "a: |\n   x\n  y\n",
	} {
		if root, ok := fastParse([]byte(text), 1); ok {
			t.Errorf("the fast path reads %q as %v", text, root.value)
		}
	}
}

// TestFastOnRealFiles compares on the YAML of real repositories.
func TestFastOnRealFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/corpus/catalog/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Logf("LEFT OUT: no corpus of YAML files beside the project (%v)", err)
		return
	}
	read, taken := 0, 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range split(data) {
			read++
			if sameBothWays(t, c.text) {
				taken++
			}
		}
	}
	t.Logf("the fast path reads %d of %d documents", taken, read)
	if taken*2 < read {
		t.Error("the fast path reads less than half: it no longer earns its place")
	}
}

func FuzzFast(f *testing.F) {
	for _, s := range []string{fmt.Sprintf(deployment, 1, 2), "a: 1\nb:\n- x\n- y: [a, {b: c}]\n", "a: |\n  x\n\n   y\nb: 'c''d' # e\n", "- - a\n  - \"b\\n\"\n-\n  c: d\n", "---\na: {}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		clean, diag := checkText("", text)
		if diag != nil {
			return
		}
		for _, c := range split(clean) {
			sameBothWays(t, c.text)
		}
	})
}
