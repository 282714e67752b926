package document

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Parse reads one file into documents: one for most formats, several for a YAML stream or a Kubernetes List. It returns nil
// when path names no structured format adamant reads. A file that cannot be parsed becomes a document with Error and Line,
// never nothing. The caller bounds len(data).
func Parse(path string, data []byte) []Document {
	docs := Read(path, data)
	for i := range docs {
		docs[i].place()
	}
	return docs
}

// Read is Parse for callers that need few lines: Lines may be nil, LineOf finds each line all the same.
func Read(path string, data []byte) []Document {
	r, ok := readerOf(path)
	if !ok {
		return nil
	}
	trees := r.trees(path, data)
	docs := make([]Document, len(trees))
	for i, t := range trees {
		docs[i] = Document{Path: path, Format: cmp.Or(t.Name, r.name), Value: t.Value, Error: t.Error, Line: t.Line, places: t.Places}
		docs[i].Kind = kindOf(path, &docs[i])
	}
	docs = expandLists(docs)
	for i := range docs {
		docs[i].Index = i
	}
	if isTemplate(path, data) {
		docs = slices.DeleteFunc(docs, func(d Document) bool { return d.Kind != KindKubernetes || d.Error != "" })
	}
	return docs
}

// Reads says that files of this name are parsed. Chart templates, which only their content tells, are the exception: they
// have such a name and no documents.
func Reads(path string) bool {
	_, ok := readerOf(path)
	return ok
}

// trees checks the text before a format sees it. YAML has a check of its own, with the same rules.
func (r *reader) trees(path string, data []byte) []format.Tree {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if r.name != formatYAML && !utf8.Valid(data) {
		return format.Fail(1, "file is not UTF-8; save it as UTF-8")
	}
	return r.parse(path, data)
}

func readerOf(file string) (reader, bool) {
	base := path.Base(file)
	if isLockfile(base) {
		return reader{}, false
	}
	for _, r := range registry() {
		if r.match(base) {
			return r, true
		}
	}
	return reader{}, false
}

// isLockfile names the generated files that are structured but judged by the lock file's own tools: they are large and no
// policy reads them.
func isLockfile(base string) bool {
	switch base {
	case "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml":
		return true
	}
	return false
}

// isTemplate finds chart templates: text of a template language that only becomes YAML or JSON when it is rendered. What is an
// object of Kubernetes as it stands is judged all the same: braces in a comment or in quotes hide nothing.
func isTemplate(path string, data []byte) bool {
	in := strings.HasPrefix(path, "templates/") || strings.Contains(path, "/templates/")
	return in && bytes.Contains(data, []byte("{{"))
}
