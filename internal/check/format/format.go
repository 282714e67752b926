// Package format checks the form of changed files: gofmt, JSON and YAML that parse, conflict markers, line endings and
// stray white space on changed lines, and the basic properties of .editorconfig. It promises to judge only what a change
// touches, and never to rewrite a file.
package format

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/source"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "format"

// Check is the built-in check for form.
type Check struct{}

// Name returns "format".
func (Check) Name() string { return Name }

// Kind returns "format", which answers for the lint gate.
func (Check) Kind() string { return Name }

// Run checks both sides of every changed text file; .editorconfig is read at base.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	made := generated(in.Files)
	styles := styles{ctx: ctx, tree: in.Base, files: map[string]*styleFile{}}
	var contents contents
	want := func(path string) bool { return !made[path] }
	return builtin.Scan(ctx, in, Name, want, func(f *builtin.File) error {
		if bytes.IndexByte(f.Text[:min(len(f.Text), 8000)], 0) >= 0 {
			return nil // binary
		}
		style, err := styles.of(f.Path)
		if err != nil {
			return err
		}
		checkLines(f, style)
		if judge := judgeFor(f.Path); judge != nil {
			contents.check(f, judge)
		}
		return nil
	})
}

// judgeFor chooses what a file's content must be by its name; nil when anything will do.
func judgeFor(file string) judge {
	if fixture(file) {
		return nil
	}
	switch strings.ToLower(path.Ext(file)) {
	case ".go":
		return judgeGo
	case ".json", ".ipynb", ".jsonc", ".code-workspace":
		if commented(file) {
			return judgeCommented
		}
		return judgeJSON
	case ".yaml", ".yml":
		return judgeYAML
	}
	return nil
}

func generated(files []facts.File) map[string]bool {
	made := map[string]bool{}
	for _, f := range files {
		if f.Class == source.ClassGenerated || f.Class == source.ClassLockfile {
			made[f.Path] = true
		}
	}
	return made
}

// fixture reports whether a file lies where tests keep input that may be broken on purpose, or where others' code lies.
func fixture(file string) bool {
	for dir := range builtin.Folders(file) {
		switch path.Base(dir) {
		case "testdata", "fixtures", "__fixtures__", "vendor", "node_modules":
			return true
		}
	}
	return false
}

// keepsSpace reports whether white space at the end of a line may mean something in a file, or is another tool's matter.
func keepsSpace(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".md", ".markdown", ".mdx", ".patch", ".diff", ".snap", ".golden", ".txtar", ".go", ".svg", ".csv", ".tsv", ".eml":
		return true
	}
	return fixture(file)
}

// checkLines looks at the lines that the other side has not.
func checkLines(f *builtin.File, style style) {
	conflict := bytes.Contains(f.Text, []byte("<<<<<<< ")) && bytes.Contains(f.Text, []byte("\n>>>>>>> "))
	trailing := style.trim == "true" || style.trim == "" && !keepsSpace(f.Path)
	final := style.final == "true" || style.final == "" && !fixture(f.Path)
	for line := range f.Changed() {
		if conflict && bytes.HasPrefix(line.Text, []byte("<<<<<<< ")) {
			f.Report(finding.Finding{Rule: Name + "/conflict-marker", Severity: finding.Error,
				Message: "a merge conflict was committed instead of resolved", Fix: "resolve it and remove the markers"}, line.Offset, "conflict", "")
		}
		if body := bytes.TrimRight(line.Text, " \t"); trailing && len(body) < len(line.Text) {
			f.Report(finding.Finding{Rule: Name + "/trailing-space", Severity: finding.Warning,
				Message: "white space at the end of the line", Fix: "remove it"}, line.Offset+len(body), string(body), "")
		}
		if line.End == "" && final {
			f.Report(finding.Finding{Rule: Name + "/final-newline", Severity: finding.Warning,
				Message: "the file does not end with a newline", Fix: "end the last line"}, line.Offset+len(line.Text), "", "")
		}
		checkIndentation(f, line, style)
	}
	checkEndings(f, style)
	if style.charset == "utf-8" && bytes.HasPrefix(f.Text, []byte("\xef\xbb\xbf")) {
		f.Report(finding.Finding{Rule: Name + "/charset", Severity: finding.Warning,
			Message: ".editorconfig asks for utf-8, the file begins with a byte order mark", Fix: "save it without"}, 0, "bom", "")
	}
}

func checkIndentation(f *builtin.File, line builtin.Line, style style) {
	indent := line.Text[:len(line.Text)-len(bytes.TrimLeft(line.Text, " \t"))]
	wrong := ""
	switch {
	case style.indent == "space" && bytes.IndexByte(indent, '\t') >= 0:
		wrong = "a tab"
	case style.indent == "tab" && bytes.HasPrefix(indent, []byte("  ")) && len(indent) < len(line.Text) && line.Text[len(indent)] != '*':
		wrong = "spaces"
	default:
		return
	}
	f.Report(finding.Finding{Rule: Name + "/indentation", Severity: finding.Warning,
		Message: fmt.Sprintf("the line is indented with %s, .editorconfig asks for %ss", wrong, style.indent),
		Fix:     "indent it as the rest of the file"}, line.Offset, strings.TrimSpace(string(line.Text)), "")
}

// checkEndings reports a file that mixes line endings, or has others than .editorconfig asks for, once.
func checkEndings(f *builtin.File, style style) {
	if bytes.IndexByte(f.Text, '\r') < 0 && style.ending != "crlf" {
		return
	}
	want, message := style.ending, fmt.Sprintf(".editorconfig asks for %s line endings", strings.ToUpper(style.ending))
	for line := range builtin.Lines(f.Text) {
		name := map[string]string{"\n": "lf", "\r\n": "crlf"}[line.End]
		if want == "" {
			want, message = name, "the file mixes LF and CRLF line endings"
		}
		if name != "" && name != want {
			f.Report(finding.Finding{Rule: Name + "/line-endings", Severity: finding.Warning, Message: message,
				Fix: "convert the whole file to one kind"}, line.Offset+len(line.Text), "", "")
			return
		}
	}
}
