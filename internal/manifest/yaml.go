package manifest

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The bounds of what is read.
const (
	MaxBytes     = 5 << 20 // size of a YAML or JSON file
	MaxDepth     = 200     // levels of nesting
	MaxAliased   = 100_000 // nodes that aliases may add to a document
	MaxDocuments = 10_000  // documents of a stream
)

// ParseYAML reads every document of a YAML stream by the profile of the package comment. It never fails as a whole: what
// cannot be read is a document with Err set, and one such document stands for a file that is no YAML at all (too large,
// not UTF-8). A caller must look at Err before Value.
func ParseYAML(path string, data []byte) []*YAMLDocument {
	data, err := checkText(path, data)
	if err != nil {
		return []*YAMLDocument{{Path: path, Line: max(err.Line, 1), Err: err}}
	}
	var docs []*YAMLDocument
	for _, c := range split(data) {
		if len(docs) == MaxDocuments {
			excess := &Diagnostic{Path: path, Line: c.line, Message: fmt.Sprintf("more than %d documents; split the file", MaxDocuments)}
			return append(docs, &YAMLDocument{Path: path, Index: len(docs), Line: c.line, Err: excess})
		}
		doc := parseChunk(path, c)
		doc.Index = len(docs)
		docs = append(docs, doc)
	}
	return docs
}

// checkText refuses what is no bounded UTF-8 text and takes the byte order mark away.
func checkText(path string, data []byte) ([]byte, *Diagnostic) {
	if len(data) > MaxBytes {
		return nil, &Diagnostic{Path: path, Message: fmt.Sprintf("file has %d bytes; at most %d are read", len(data), MaxBytes)}
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, &Diagnostic{Path: path, Line: 1, Column: 1, Message: "file is UTF-16; save it as UTF-8"}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return data, nil
	}
	at := invalidAt(data)
	p := positionOf(data, at)
	return nil, &Diagnostic{Path: path, Line: p.Line, Column: p.Column,
		Message: fmt.Sprintf("byte 0x%02x is not UTF-8; save the file as UTF-8", data[at])}
}

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// positionOf is the place of a byte offset; columns count characters.
func positionOf(data []byte, offset int) Position {
	before := data[:offset]
	line := 1 + bytes.Count(before, []byte{'\n'})
	start := bytes.LastIndexByte(before, '\n') + 1
	return Position{Line: line, Column: 1 + utf8.RuneCount(before[start:])}
}

func parseChunk(path string, c chunk) *YAMLDocument {
	doc := &YAMLDocument{Path: path, Line: c.line}
	if root, ok := fastParse(c.text, c.line); ok {
		doc.root, doc.Value, doc.Line = root, root.value, root.at.Line
		return doc
	}
	return parseSlowly(doc, c)
}

// parseSlowly reads what fastParse does not: all of YAML, and all errors.
func parseSlowly(doc *YAMLDocument, c chunk) *YAMLDocument {
	path := doc.Path
	c.text = withoutVersion(c.text)
	tree, err := readNode(c.text)
	if err != nil {
		doc.Line = c.firstLine()
		if readJSON(doc, c) {
			return doc
		}
		doc.Err = explain(path, c, err)
		return doc
	}
	if tree == nil {
		doc.root = node{at: Position{Line: c.line, Column: 1}, size: 1}
		return doc
	}
	conv := converter{path: path, offset: c.line - 1}
	root, diag := conv.document(tree)
	if diag != nil {
		doc.Err, doc.Line = diag, c.firstLine()
		return doc
	}
	doc.root, doc.Value = root, root.value
	if doc.Value == nil {
		doc.root.at = Position{Line: c.line, Column: 1}
	}
	doc.Line = doc.root.at.Line
	return doc
}

// withoutVersion makes a comment of "%YAML 1.2", which the library does not know; 1.2 is what we read.
func withoutVersion(text []byte) []byte {
	at := bytes.Index(text, []byte("%YAML 1."))
	if at < 0 || at > 0 && text[at-1] != '\n' {
		return text
	}
	text = bytes.Clone(text)
	text[at] = '#'
	return text
}

// readJSON reads what is JSON but too much for the library, which lacks the escapes \/ and \ud83d\ude00.
func readJSON(doc *YAMLDocument, c chunk) bool {
	if text := bytes.TrimLeft(c.text, " \t\r\n"); len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	p := jsonParser{data: string(c.text), cursor: cursor{Position: Position{c.line, 1}}, levels: MaxDepth}
	root, diag := p.parse()
	if diag != nil {
		return false
	}
	doc.root, doc.Value, doc.Line = root, root.value, root.at.Line
	return true
}

// readNode runs the YAML library on one document. The library panics on some malformed comments; that is its way to say
// that it cannot read the text.
func readNode(text []byte) (n *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	return decodeNode(bytes.NewReader(text))
}

func decodeNode(r io.Reader) (*yaml.Node, error) {
	dec := yaml.NewDecoder(r)
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if err == io.EOF {
			return nil, nil
		}
		return nil, err
	}
	var rest yaml.Node
	if err := dec.Decode(&rest); err != io.EOF {
		if err == nil {
			err = fmt.Errorf("yaml: line %d: text after the end of the document", rest.Line)
		}
		return nil, err
	}
	if doc.Kind == yaml.DocumentNode {
		return doc.Content[0], nil
	}
	return &doc, nil
}
