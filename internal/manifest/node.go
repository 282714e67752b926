package manifest

import (
	"strconv"
	"strings"
)

// Position is a 1-based place in a file; columns count characters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// YAMLDocument is one document of a YAML stream, or a JSON file.
type YAMLDocument struct {
	Path  string
	Index int // 0-based, in the stream
	Line  int // 1-based line of the first content, or of the "---" of an empty document
	// Value is map[string]any, []any, string, int64, json.Number (integers beyond int64), float64, bool or nil. Read it only:
	// aliases share their values.
	Value any
	// Err says why the document cannot be used; Value is nil then.
	Err *Diagnostic

	root node
}

type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

// node is a value with its place. Children of a mapping carry their key.
type node struct {
	kind     kind
	plain    bool     // text that is neither quoted nor tagged nor a block
	at       Position // of the value
	keyAt    Position // of the key, for members of a mapping
	key      string
	value    any
	children []node
	size     int // nodes below and including this one, aliases expanded
	levels   int // levels of children below
}

// readPlain gives the node the value of a plain scalar.
func (n *node) readPlain(text string) {
	n.value = resolve(text)
	_, n.plain = n.value.(string)
}

// place is where a reader looks for the node: its key, else itself.
func (n *node) place() Position {
	if n.keyAt.Line > 0 {
		return n.keyAt
	}
	return n.at
}

func (n *node) member(key string) *node {
	if n.kind != mapping {
		return nil
	}
	for i := range n.children {
		if n.children[i].key == key {
			return &n.children[i]
		}
	}
	return nil
}

func (n *node) child(token string) *node {
	if n.kind != sequence {
		return n.member(token)
	}
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 || i >= len(n.children) {
		return nil
	}
	return &n.children[i]
}

// Position is where the value at a JSON pointer (RFC 6901) stands: its key for a member of a mapping, else its first
// character. A pointer to something that is not there gives the nearest parent that is.
func (d *YAMLDocument) Position(pointer string) (line, column int) {
	p := d.find(pointer).place()
	if p.Line == 0 {
		p.Line = d.Line
	}
	return p.Line, p.Column
}

func (d *YAMLDocument) find(pointer string) *node {
	n := &d.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		next := n.child(unescapePointer.Replace(token))
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// Positions maps every JSON pointer of the document to its place. It is built anew at each call and costs a string a node;
// use Position for a few look-ups.
func (d *YAMLDocument) Positions() map[string]Position {
	if d.Err != nil {
		return nil
	}
	all := make(map[string]Position, d.root.size)
	d.root.collect("", all)
	return all
}

func (n *node) collect(pointer string, all map[string]Position) {
	all[pointer] = n.place()
	for i := range n.children {
		c := &n.children[i]
		c.collect(pointer+"/"+c.token(i), all)
	}
}

func (n *node) token(i int) string {
	if n.keyAt.Line == 0 {
		return strconv.Itoa(i)
	}
	return EscapePointer(n.key)
}

// EscapePointer escapes one token of a JSON pointer.
func EscapePointer(token string) string {
	if !strings.ContainsAny(token, "~/") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// Diagnose is a Diagnostic at a JSON pointer of the document.
func (d *YAMLDocument) Diagnose(pointer, message string) Diagnostic {
	line, column := d.Position(pointer)
	return Diagnostic{Path: d.Path, Line: line, Column: column, Pointer: pointer, Message: message}
}
