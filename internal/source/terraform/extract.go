package terraform

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/document/terraform"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// maxBytes bounds a file: its tokens take a hundred times as much.
const maxBytes = 2 << 20

// Extract reads one file, in either syntax. A text that begins with a brace is JSON.
func Extract(src []byte) *imports.File {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if len(src) > maxBytes {
		return &imports.File{Problem: fmt.Sprintf("it has %d bytes: at most %d of Terraform are read", len(src), maxBytes)}
	}
	if bytes.HasPrefix(bytes.TrimLeft(src, " \t\r\n"), []byte("{")) {
		return extractJSON(src)
	}
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	r := &reader{file: &imports.File{}}
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment || bytes.HasSuffix(t.Bytes, []byte("\n")) {
			r.tokens = append(r.tokens, t)
		}
		if r.file.Problem == "" && (t.Type == hclsyntax.TokenInvalid || t.Type == hclsyntax.TokenBadUTF8 || t.Type == hclsyntax.TokenQuotedNewline) {
			r.file.Problem, r.file.Line = "it cannot be understood", int32(t.Range.Start.Line)
		}
	}
	r.read()
	return r.file
}

// reader walks through tokens.
type reader struct {
	tokens []hclsyntax.Token
	at     int
	blocks []block // around the current place
	file   *imports.File
}

// block is what stands before an opening brace: its type and labels, or the name of an attribute.
type block struct {
	name, label string
	line        int32
	key         string // of a remote state
}

func (r *reader) kind(ahead int) hclsyntax.TokenType {
	if r.at+ahead < len(r.tokens) {
		return r.tokens[r.at+ahead].Type
	}
	return hclsyntax.TokenEOF
}

func (r *reader) text() string { return string(r.tokens[r.at].Bytes) }

func (r *reader) line() int32 { return int32(r.tokens[r.at].Range.Start.Line) }

func (r *reader) read() {
	for start := true; r.at < len(r.tokens); {
		switch t := r.kind(0); {
		case t == hclsyntax.TokenIdent && start:
			r.statement()
			start = false
		case t == hclsyntax.TokenIdent && r.kind(1) == hclsyntax.TokenOParen:
			r.call()
		case t == hclsyntax.TokenOBrace:
			r.open(block{})
			start = true
		case t == hclsyntax.TokenCBrace:
			r.close()
			r.at++
		default:
			start = t == hclsyntax.TokenNewline || t == hclsyntax.TokenComment || t == hclsyntax.TokenComma
			r.at++
		}
	}
}

func (r *reader) open(b block) {
	r.blocks = append(r.blocks, b)
	r.at++
}

func (r *reader) close() {
	n := len(r.blocks)
	if n == 0 {
		return
	}
	if b := r.blocks[n-1]; n == 1 && b.name == "data" && b.label == "terraform_remote_state" {
		key := b.key
		if key == "" {
			key = "unknown"
		}
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: key, Kind: imports.Reference, Line: b.line, Exotic: state})
	}
	r.blocks = r.blocks[:n-1]
}

// statement reads name = ... or name "label" ... {
func (r *reader) statement() {
	b := block{name: r.text(), line: r.line()}
	if r.kind(1) == hclsyntax.TokenOParen {
		r.call()
		return
	}
	r.at++
	if t := r.kind(0); t == hclsyntax.TokenEqual || t == hclsyntax.TokenColon {
		r.at++
		r.attribute(b)
		return
	}
	for {
		switch r.kind(0) {
		case hclsyntax.TokenOQuote, hclsyntax.TokenIdent:
			label, ok := r.word()
			if !ok {
				return
			}
			if b.label == "" {
				b.label = label
			}
		case hclsyntax.TokenOBrace:
			r.open(b)
			// the first statement may stand on the brace's line
			if r.kind(0) == hclsyntax.TokenIdent && len(r.blocks) < format.MaxDepth {
				r.statement()
			}
			return
		default:
			return
		}
	}
}

// word reads a label, or a string without templates.
func (r *reader) word() (string, bool) {
	if r.kind(0) == hclsyntax.TokenIdent {
		r.at++
		return string(r.tokens[r.at-1].Bytes), true
	}
	if r.kind(0) != hclsyntax.TokenOQuote || r.kind(1) != hclsyntax.TokenQuotedLit || r.kind(2) != hclsyntax.TokenCQuote {
		return "", false
	}
	r.at += 3
	text := string(r.tokens[r.at-2].Bytes)
	return text, len(text) < 4096 && !strings.ContainsAny(text, "\\\n")
}

func (r *reader) attribute(b block) {
	if r.kind(0) == hclsyntax.TokenOBrace {
		r.open(b)
		if r.kind(0) == hclsyntax.TokenIdent && len(r.blocks) < format.MaxDepth { // { source = "a/b" }
			r.statement()
		}
		return
	}
	if r.kind(0) != hclsyntax.TokenOQuote {
		return
	}
	line := r.line()
	value, ok := r.word()
	if !ok || value == "" {
		if r.source(b.name) != "" {
			r.file.Open = append(r.file.Open, line)
		}
		return
	}
	switch r.source(b.name) {
	case "module":
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: value, Kind: imports.Module, Line: line})
	case "provider":
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: value, Line: line, Exotic: provider})
	case "state":
		r.blocks[0].key = value
	}
}

// source is what an attribute of this name points at where we are: a module, a provider, a state or nothing.
func (r *reader) source(name string) string {
	switch n := len(r.blocks); {
	case n == 1 && name == "source" && (r.blocks[0].name == "module" || r.blocks[0].name == "terraform"),
		n == 1 && name == "config_path" && r.blocks[0].name == "dependency",
		n == 2 && name == "source" && r.blocks[0].name == "run" && r.blocks[1].name == "module":
		return "module"
	case n == 3 && name == "source" && r.blocks[1].name == "required_providers":
		return "provider"
	case n == 2 && r.blocks[0].label == "terraform_remote_state" && r.blocks[1].name == "config" &&
		slices.Contains([]string{"key", "path", "prefix", "name"}, name):
		return "state"
	}
	return ""
}

// call reads file("x") and its like.
func (r *reader) call() {
	name, line := r.text(), r.line()
	r.at += 2
	switch name {
	case "fileset":
		r.file.Open = append(r.file.Open, line)
		return
	case "file", "templatefile", "filebase64", "filemd5", "filesha1", "filesha256", "filesha512", "filebase64sha256", "filebase64sha512":
	default:
		return
	}
	imp := imports.Import{Kind: imports.Embed, Line: line}
	if r.kind(0) == hclsyntax.TokenOQuote && r.kind(1) == hclsyntax.TokenTemplateInterp {
		r.at += 2
		if !r.base(&imp) {
			r.file.Open = append(r.file.Open, line)
			return
		}
	} else if r.kind(0) == hclsyntax.TokenOQuote {
		r.at++
	}
	if r.kind(0) != hclsyntax.TokenQuotedLit || r.kind(1) != hclsyntax.TokenCQuote || len(r.text()) > 4096 || strings.ContainsAny(r.text(), "\\\n") {
		r.file.Open = append(r.file.Open, line)
		return
	}
	imp.Specifier = strings.TrimPrefix(r.text(), "/")
	if imp.Exotic == "" && imp.Specifier != r.text() || imp.Specifier == "" {
		return // an absolute path is none of the tree's
	}
	r.file.Imports = append(r.file.Imports, imp)
}

// base reads path.module}, path.root} or path.cwd} at the beginning of a file's name.
func (r *reader) base(imp *imports.Import) bool {
	if r.kind(0) != hclsyntax.TokenIdent || r.text() != "path" || r.kind(1) != hclsyntax.TokenDot || r.kind(2) != hclsyntax.TokenIdent ||
		r.kind(3) != hclsyntax.TokenTemplateSeqEnd {
		return false
	}
	imp.Exotic = "root"
	if string(r.tokens[r.at+2].Bytes) == "module" {
		imp.Exotic = inModule
	}
	r.at += 4
	return true
}

// extractJSON reads the sources of modules.
func extractJSON(src []byte) *imports.File {
	f := &imports.File{}
	tree := terraform.Parse("", src)[0]
	if tree.Error != "" {
		f.Problem, f.Line = tree.Error, int32(tree.Line)
		return f
	}
	root, _ := tree.Value.(map[string]any)
	modules, _ := root["module"].(map[string]any)
	for name, list := range modules {
		blocks, _ := list.([]any)
		for i := range blocks {
			one, _ := blocks[i].(map[string]any)
			if source, _ := one["source"].(string); source != "" && !strings.Contains(source, "${") {
				at := format.Join(format.Join("/module", name), strconv.Itoa(i)) + "/source"
				f.Imports = append(f.Imports, imports.Import{Specifier: source, Kind: imports.Module, Line: int32(max(1, tree.Places.LineOf(at)))})
			}
		}
	}
	slices.SortFunc(f.Imports, func(a, b imports.Import) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Specifier, b.Specifier))
	})
	return f
}
