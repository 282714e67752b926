package check

import (
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

func TestSilenced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path, text string
		line             int
		want             bool
	}{
		{"on the line", "a.go", "package a\n\nvar x = f() //nolint:errcheck\n", 3, true},
		{"nothing", "a.go", "package a\n\nvar x = f()\n", 3, false},
		{"far above, for one line", "a.js", "// eslint-disable-next-line no-eval\neval(a);\nf();\ng();\neval(b);\n", 5, false},
		{"the line before", "a.js", "// eslint-disable-next-line no-eval\neval(a);\n", 2, true},
		{"a block that began above", "a.js", "/* eslint-disable */\nf();\ng();\neval(b);\n", 4, true},
		{"a block that begins below", "a.js", "eval(b);\nf();\ng();\n/* eslint-disable */\n", 1, false},
		{"a whole file", "a.py", "# ruff: noqa\nimport a\nimport b\nimport c\n", 4, true},
		{"another line's noqa", "a.py", "import z  # noqa\nimport a\nimport b\nimport c\n", 4, false},
		{"no line, a comment for one line", "a.py", "import z  # noqa\n", 0, false},
		{"no line, a comment for the file", "a.py", "# flake8: noqa\nimport z\n", 0, true},
		{"in a text, not a comment", "a.go", "package a\n\nvar x = \"//nolint\"\n", 3, false},
	}
	for _, tt := range tests {
		if got := Silenced(tt.path, []byte(tt.text), tt.line); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What a report claims is believed as far as the tree shows it.
func TestOnAddedLines(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"a.js": "eval(a); // eslint-disable-line\nf();\ng();\neval(b);\n", "b.js": "eval(c);\n"}
	opt := ImportOptions{
		Changed: []facts.File{{Path: "a.js", Lines: []facts.LineRange{{From: 1, To: 4}}}},
		Text:    func(path string) ([]byte, bool) { text, ok := texts[path]; return []byte(text), ok },
		Exists:  func(path string) bool { return texts[path] != "" },
	}
	at := func(path string, line int, suppress string) finding.Finding {
		return finding.Finding{Rule: "eslint/no-eval", Severity: finding.Error, Path: path, Line: line, Suppress: suppress}
	}
	tests := []struct {
		name     string
		f        finding.Finding
		state    finding.State
		suppress string
		bad      bool
	}{
		{"added", at("a.js", 4, ""), finding.New, "", true},
		{"added, silenced in the file", at("a.js", 1, inSource), finding.New, inSource, false},
		{"added, silenced in the report alone", at("a.js", 4, inSource), finding.New, "", true},
		{"added, silenced elsewhere", at("a.js", 4, "external"), finding.New, "external", true},
		{"there before", at("b.js", 1, ""), finding.Unchanged, "", false},
		{"a file nobody has", at("src/a.js", 1, ""), finding.New, "", true},
		{"a file nobody has, silenced", at("src/a.js", 1, inSource), finding.New, "", true},
	}
	for _, tt := range tests {
		list := []finding.Finding{tt.f}
		bad := onAddedLines(list, opt)
		if list[0].State != tt.state || list[0].Suppress != tt.suppress || (len(bad) == 1) != tt.bad {
			t.Errorf("%s: %s, suppressed %q, bad %d", tt.name, list[0].State, list[0].Suppress, len(bad))
		}
	}
}
