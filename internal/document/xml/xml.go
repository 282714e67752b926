// Package xml reads XML into plain values. It never loads a DTD, expands no entities but XML's own five, and forgets
// namespaces, comments and the order of elements of different names.
//
// An element is its text when it has nothing else, and a mapping otherwise: attributes as "-name", text as "#content", child
// elements by name, a list when they are repeated. It is the shape of conftest's xml parser.
package xml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match knows XML by the extensions of builds and packages.
func Match(base string) bool {
	return format.HasExtension(base, ".xml", ".csproj", ".fsproj", ".vbproj", ".vcxproj", ".nuspec") ||
		strings.HasPrefix(base, "Directory.") && format.HasExtension(base, ".props", ".targets")
}

// Parse reads one file. What is no XML but a template of it (it holds "{{", "{%" or "<%") gives nothing.
func Parse(_ string, data []byte) []format.Tree {
	r := reader{data: data, line: 1, lines: format.Lines{"": 1}}
	root, err := r.read()
	if err == nil {
		return []format.Tree{{Value: root.value(&r, ""), Places: r.lines}}
	}
	if isTemplate(data) {
		return nil
	}
	return format.Fail(r.lineAt(r.offset()), message(err))
}

func isTemplate(data []byte) bool {
	for _, mark := range []string{"{{", "{%", "<%"} {
		if bytes.Contains(data, []byte(mark)) {
			return true
		}
	}
	return false
}

func message(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return strings.TrimPrefix(err.Error(), "xml: ")
}

// element is one element while it is read.
type element struct {
	name     string
	line     int
	attrs    []xml.Attr
	children []*element
	text     strings.Builder
}

type reader struct {
	data    []byte
	decoder *xml.Decoder
	from    int // up to which lines were counted
	line    int // there
	lines   format.Lines
}

func (r *reader) offset() int { return int(r.decoder.InputOffset()) }

// lineAt counts on from the last place asked for.
func (r *reader) lineAt(offset int) int {
	offset = min(offset, len(r.data))
	if offset > r.from {
		r.line += bytes.Count(r.data[r.from:offset], []byte{'\n'})
		r.from = offset
	}
	return r.line
}

// read returns an element without a name whose only child is the root.
func (r *reader) read() (*element, error) {
	r.decoder = xml.NewDecoder(bytes.NewReader(r.data))
	r.decoder.CharsetReader = charset(r.data)
	open := []*element{{line: 1}}
	for {
		start := r.offset()
		token, err := r.decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if open, err = r.token(open, token, start); err != nil {
			return nil, err
		}
	}
	if len(open[0].children) == 0 {
		return nil, errors.New("no element")
	}
	return open[0], nil
}

func (r *reader) token(open []*element, token xml.Token, start int) ([]*element, error) {
	top := open[len(open)-1]
	switch t := token.(type) {
	case xml.StartElement:
		if len(open) > format.MaxDepth {
			return nil, fmt.Errorf("nested more than %d levels deep", format.MaxDepth)
		}
		if len(open) == 1 && len(top.children) > 0 {
			return nil, errors.New("a second root element")
		}
		e := &element{name: t.Name.Local, attrs: t.Attr, line: r.lineAt(start)}
		top.children = append(top.children, e)
		return append(open, e), nil
	case xml.EndElement:
		return open[:len(open)-1], nil
	case xml.CharData:
		if len(open) > 1 {
			top.text.Write(t)
		}
	}
	return open, nil
}

// charset refuses declared encodings that the bytes, which are UTF-8, may not have. ASCII is the same in all that matter.
func charset(data []byte) func(string, io.Reader) (io.Reader, error) {
	return func(label string, in io.Reader) (io.Reader, error) {
		for _, c := range data {
			if c >= 0x80 {
				return nil, fmt.Errorf("declares the encoding %s; save it as UTF-8", label)
			}
		}
		return in, nil
	}
}
