package document

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/document/hcl"
	"github.com/adamant-os/adamant/internal/manifest"
)

func hclDocuments(path string, data []byte) []Document {
	tree := hcl.Parse(path, data)[0]
	if tree.Error != "" {
		return []Document{failed(formatHCL, tree.Line, tree.Error)}
	}
	return []Document{{Format: formatHCL, Value: tree.Value, Lines: tree.Places.All()}}
}

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
	f := formatOf(path, data)
	if f == nil {
		return nil
	}
	docs := parse(f, path, data)
	for i := range docs {
		docs[i].Path, docs[i].Kind = path, kindOf(path, &docs[i])
	}
	docs = expandLists(docs)
	for i := range docs {
		docs[i].Index = i
	}
	return docs
}

// parse checks the text before a format sees it. YAML has a check of its own, with the same rules.
func parse(f *format, path string, data []byte) []Document {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if f.name != formatYAML && !utf8.Valid(data) {
		return []Document{failed(f.name, 1, "file is not UTF-8; save it as UTF-8")}
	}
	return f.parse(path, data)
}

func failed(format string, line int, message string) Document {
	return Document{Format: format, Error: message, Line: max(line, 1)}
}

// format is one file format: how its files are named and how they are read.
type format struct {
	name  string
	match func(base string) bool
	parse func(path string, data []byte) []Document
}

// The names of formats.
const (
	formatYAML       = "yaml"
	formatJSON       = "json"
	formatJSONC      = "jsonc"
	formatTOML       = "toml"
	formatDockerfile = "dockerfile"
	formatDotenv     = "dotenv"
	formatINI        = "ini"
	formatHCL        = "hcl"
)

// formats is the registry: one line a format; the first that matches the file's name reads it.
func formats() []format {
	return []format{
		{formatDockerfile, isDockerfile, parseDockerfile},
		{formatYAML, extension(".yaml", ".yml"), parseYAML},
		{formatJSON, extension(".json", ".jsonc"), parseJSON},
		{formatTOML, isTOML, parseTOML},
		{formatHCL, hcl.Match, hclDocuments},
		{formatDotenv, isDotenv, parseDotenv},
		{formatINI, isINI, parseINI},
	}
}

func formatOf(path string, data []byte) *format {
	base := baseName(path)
	if isLockfile(base) || isTemplate(path, data) {
		return nil
	}
	all := formats()
	for i := range all {
		if all[i].match(base) {
			return &all[i]
		}
	}
	return nil
}

func baseName(p string) string { return path.Base(p) }

func extension(list ...string) func(string) bool {
	return func(base string) bool {
		ext := strings.ToLower(path.Ext(base))
		for _, e := range list {
			if ext == e && base != ext {
				return true
			}
		}
		return false
	}
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

// isTemplate finds chart templates: text of a template language that only becomes YAML or JSON when it is rendered.
func isTemplate(path string, data []byte) bool {
	in := strings.HasPrefix(path, "templates/") || strings.Contains(path, "/templates/")
	return in && bytes.Contains(data, []byte("{{"))
}

// pointer appends one token to a JSON pointer.
func pointer(parent, token string) string {
	return parent + "/" + manifest.EscapePointer(token)
}

// Reads says that files of this name are parsed. Chart templates, which only their content tells, are the exception: they
// have such a name and no documents.
func Reads(path string) bool { return formatOf(path, nil) != nil }
