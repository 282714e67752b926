package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// maxYAML is the largest YAML file whose values are compared, in bytes.
const maxYAML = 1 << 20

// sameYAML reports whether two files surely hold the same documents: equal values, tags, quoting, anchors and order.
func sameYAML(a, b []byte) bool {
	if strangeYAML(a) || strangeYAML(b) {
		return false
	}
	x, errX := yamlDocuments(a)
	y, errY := yamlDocuments(b)
	if errX != nil || errY != nil || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !sameNode(x[i], y[i]) {
			return false
		}
	}
	return true
}

// strangeYAML finds what parsers disagree on, or what is no YAML yet: directives, "#" right behind a value, tabs in
// indentation, and values that are templates.
func strangeYAML(data []byte) bool {
	if bytes.HasPrefix(data, []byte("%")) || bytes.Contains(data, []byte("\n%")) {
		return true
	}
	for i := 1; i < len(data); i++ {
		if data[i] == '#' && indexByte("]}\"',", data[i-1]) {
			return true
		}
		if data[i] == '{' && data[i-1] == '{' && (i < 2 || beginsValue(data[:i-1])) {
			return true
		}
	}
	return bytes.IndexByte(data, '\t') >= 0 && tabbed(data)
}

// beginsValue reports whether a value would begin behind data.
func beginsValue(data []byte) bool {
	data = bytes.TrimRight(data, " ")
	return len(data) == 0 || indexByte("\n:-[,{?", data[len(data)-1])
}

// tabbed finds tabs in indentation.
func tabbed(data []byte) bool {
	for line := range bytes.Lines(data) {
		if t := bytes.TrimLeft(line, " "); len(t) > 0 && t[0] == '\t' {
			return true
		}
	}
	return false
}

// yamlDocuments parses every document. A panic of the parser counts as bad input: it must not decide anything.
func yamlDocuments(data []byte) (list []*yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("parse yaml: the parser gave up")
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		n := new(yaml.Node)
		switch err := d.Decode(n); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		}
		list = append(list, n)
	}
}

// sameNode compares without recursion: documents may be nested deeply.
func sameNode(a, b *yaml.Node) bool {
	type pair struct{ a, b *yaml.Node }
	stack := []pair{{a, b}}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !sameScalar(p.a, p.b) || len(p.a.Content) != len(p.b.Content) {
			return false
		}
		for i := range p.a.Content {
			stack = append(stack, pair{p.a.Content[i], p.b.Content[i]})
		}
	}
	return true
}

func sameScalar(a, b *yaml.Node) bool {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return a.Kind == b.Kind && a.Value == b.Value && a.Tag == b.Tag && a.Anchor == b.Anchor &&
		(a.Style&quoted == 0) == (b.Style&quoted == 0) && a.Style&yaml.TaggedStyle == b.Style&yaml.TaggedStyle
}

// yamlActs lists whatever could be a comment that a tool acts upon, wherever it stands: more than the real ones, never less.
func yamlActs(data []byte) []string {
	var list []string
	first := true
	for line := range bytes.Lines(data) {
		for i, c := range line {
			if c != '#' || i > 0 && line[i-1] != ' ' && line[i-1] != '\t' {
				continue
			}
			if text := bytes.TrimSpace(line[i:]); directive("yaml", text, first) {
				list = append(list, fmt.Sprint(first, string(text)))
			}
			break
		}
		first = false
	}
	return list
}
