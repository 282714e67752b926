package manifest

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// converter turns the library's tree into nodes with values.
type converter struct {
	path    string
	offset  int // lines before the document
	anchors map[*yaml.Node]*node
	aliased int
}

func (c *converter) document(tree *yaml.Node) (node, *Diagnostic) {
	return c.convert(tree, 0)
}

func (c *converter) fail(n *yaml.Node, format string, args ...any) *Diagnostic {
	return &Diagnostic{Path: c.path, Line: n.Line + c.offset, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

func (c *converter) position(n *yaml.Node) Position {
	return Position{Line: n.Line + c.offset, Column: n.Column}
}

func (c *converter) convert(n *yaml.Node, depth int) (node, *Diagnostic) {
	if depth > MaxDepth {
		return node{}, c.fail(n, "nested more than %d levels deep", MaxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return c.alias(n, depth)
	}
	if n.Anchor == "" {
		return c.plain(n, depth)
	}
	if c.anchors == nil {
		c.anchors = map[*yaml.Node]*node{}
	}
	c.anchors[n] = nil // being built: an alias to it now is a circle
	done, diag := c.plain(n, depth)
	if diag == nil {
		c.anchors[n] = &done
	}
	return done, diag
}

func (c *converter) plain(n *yaml.Node, depth int) (node, *Diagnostic) {
	switch n.Kind {
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		return c.sequence(n, depth)
	case yaml.ScalarNode:
		return c.scalar(n)
	}
	return node{}, c.fail(n, "unexpected YAML node")
}

// alias shares the value of its anchor and counts what expanding it would cost.
func (c *converter) alias(n *yaml.Node, depth int) (node, *Diagnostic) {
	target, known := c.anchors[n.Alias]
	if !known {
		return node{}, c.fail(n, "alias *%s stands before its anchor", n.Value)
	}
	if target == nil {
		return node{}, c.fail(n, "alias *%s contains itself", n.Value)
	}
	c.aliased += target.size
	if c.aliased > MaxAliased {
		return node{}, c.fail(n, "aliases expand to more than %d values; write them out or split the file", MaxAliased)
	}
	if depth+target.levels > MaxDepth {
		return node{}, c.fail(n, "nested more than %d levels deep", MaxDepth)
	}
	out := *target
	out.at = c.position(n)
	return out, nil
}

func (c *converter) sequence(n *yaml.Node, depth int) (node, *Diagnostic) {
	out := node{kind: sequence, at: c.position(n), size: 1, children: make([]node, 0, len(n.Content))}
	list := make([]any, 0, len(n.Content))
	for _, item := range n.Content {
		child, diag := c.convert(item, depth+1)
		if diag != nil {
			return node{}, diag
		}
		out.grow(child)
		list = append(list, child.value)
	}
	out.value = list
	return out, nil
}

func (c *converter) mapping(n *yaml.Node, depth int) (node, *Diagnostic) {
	out := node{kind: mapping, at: c.position(n), size: 1, children: make([]node, 0, len(n.Content)/2)}
	values := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			merges = append(merges, n.Content[i+1])
			continue
		}
		child, diag := c.pair(n.Content[i], n.Content[i+1], depth)
		if diag != nil {
			return node{}, diag
		}
		if _, twice := values[child.key]; twice {
			first := out.member(child.key).keyAt.Line
			return node{}, c.fail(n.Content[i], "key %q is here twice; the first one is on line %d", child.key, first)
		}
		out.add(child, values)
	}
	for _, from := range merges {
		if diag := c.merge(&out, values, from, depth); diag != nil {
			return node{}, diag
		}
	}
	out.value = values
	return out, nil
}

func (n *node) add(child node, values map[string]any) {
	n.grow(child)
	values[child.key] = child.value
}

func (n *node) grow(child node) {
	n.size += child.size
	n.levels = max(n.levels, child.levels+1)
	n.children = append(n.children, child)
}

func (c *converter) pair(key, value *yaml.Node, depth int) (node, *Diagnostic) {
	name, diag := c.key(key)
	if diag != nil {
		return node{}, diag
	}
	child, diag := c.convert(value, depth+1)
	child.key, child.keyAt = name, c.position(key)
	return child, diag
}

// key is the text of a mapping's key. A list or a mapping, which is what an unquoted template placeholder such as {{ x }}
// reads as, is spelt as JSON.
func (c *converter) key(n *yaml.Node) (string, *Diagnostic) {
	if n.Kind == yaml.ScalarNode && n.Anchor == "" {
		return n.Value, nil
	}
	k, diag := c.convert(n, 0)
	if diag != nil {
		return "", diag
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode {
		return n.Value, nil
	}
	text, err := CanonicalDocument(k.value)
	if err != nil {
		return "", c.fail(n, "this cannot be a key: %v", err)
	}
	return string(text), nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style == 0
}

// merge adds the members of a "<<" value that are not there yet.
func (c *converter) merge(into *node, values map[string]any, from *yaml.Node, depth int) *Diagnostic {
	source, diag := c.convert(from, depth+1)
	if diag != nil {
		return diag
	}
	sources := []node{source}
	if source.kind == sequence {
		sources = source.children
	}
	for i := range sources {
		if sources[i].kind != mapping {
			return c.fail(from, "\"<<\" merges mappings; this is none")
		}
		for _, child := range sources[i].children {
			if _, there := values[child.key]; !there {
				into.add(child, values)
			}
		}
	}
	return nil
}

func (c *converter) scalar(n *yaml.Node) (node, *Diagnostic) {
	out := node{at: c.position(n), size: 1}
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		value, ok := tagged(n)
		if !ok {
			return node{}, c.fail(n, "%s is not a %s", strconv.Quote(n.Value), n.Tag)
		}
		out.value = value
	case n.Style == 0:
		out.readPlain(n.Value)
	default:
		out.value = n.Value
	}
	return out, nil
}

// tagged gives a scalar with an explicit tag its value; false when the text does not fit the tag.
func tagged(n *yaml.Node) (any, bool) {
	value := resolve(n.Value)
	fits := true
	switch n.Tag {
	case "!!null":
		fits = value == nil
	case "!!bool":
		_, fits = value.(bool)
	case "!!int":
		value, fits = integer(n.Value)
	case "!!float":
		value, fits = number(n.Value)
		if !fits {
			value, fits = n.Value, isSpecialFloat(n.Value)
		}
	default:
		value = n.Value
	}
	return value, fits
}

func isSpecialFloat(s string) bool {
	switch s {
	case ".nan", ".NaN", ".NAN":
		return true
	}
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s == ".inf" || s == ".Inf" || s == ".INF"
}
