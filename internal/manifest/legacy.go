package manifest

import (
	"strconv"
	"strings"
)

// ReadYAML11 reads the document's plain values as YAML 1.1 does, which is what Kubernetes and Compose are given: yes, on and y
// are true, 0b1 and 1_000 are numbers. Keys, and what is quoted or tagged, stay as they are, and so do octal numbers such as 017.
func (d *YAMLDocument) ReadYAML11() {
	d.root.readYAML11()
	d.Value = d.root.value
}

func (n *node) readYAML11() {
	if text, ok := n.value.(string); ok && n.plain {
		n.value = legacy(text)
		return
	}
	for i := range n.children {
		child := &n.children[i]
		child.readYAML11()
		switch parent := n.value.(type) {
		case map[string]any:
			parent[child.key] = child.value
		case []any:
			parent[i] = child.value
		}
	}
}

// legacy gives a plain scalar that is text in YAML 1.2 its value by YAML 1.1, as far as Kubernetes' own reader goes.
func legacy(s string) any {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false
	case "":
		return s
	}
	if first := strings.TrimLeft(s, "+-"); len(s)-len(first) > 1 || first == "" || first[0] < '0' || first[0] > '9' {
		return s
	}
	digits := strings.ReplaceAll(s, "_", "")
	if v, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return v
	}
	if v, ok := number(digits); ok {
		return v
	}
	return s
}
