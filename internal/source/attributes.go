package source

import (
	"bytes"
	"strconv"
	"strings"
)

// Attributes holds the rules of the .gitattributes files of one tree, in any order; append the result of ParseAttributes of
// each file. The zero value has no rules.
type Attributes []attributeRule

type attributeRule struct {
	folder string // where the file is: "" or with a trailing slash
	depth  int    // folders above the file
	glob   glob
	macro  string // defines this macro, and has no glob
	sets   []attribute
}

// attribute is one setting of a line: "true", "false", "" (unspecified) or a value.
type attribute struct{ name, value string }

// builtinMacro is the one macro git knows by itself.
var builtinMacro = []attribute{{"diff", "false"}, {"merge", "false"}, {"text", "false"}}

// maxAttributeLine is git's own limit, in bytes: longer lines are ignored.
const maxAttributeLine = 2048

// ParseAttributes reads the .gitattributes file at path (repository-relative, slashes). Like git it ignores lines that it
// cannot read, negative patterns, and macros defined below the root.
func ParseAttributes(path string, data []byte) Attributes {
	folder := path[:strings.LastIndexByte(path, '/')+1]
	var list Attributes
	for line := range bytes.Lines(bytes.TrimPrefix(data, bom)) {
		text := strings.TrimLeft(strings.TrimRight(string(line), "\r\n"), " \t")
		if text == "" || text[0] == '#' || len(line) > maxAttributeLine {
			continue
		}
		if r, ok := parseAttributeLine(folder, text); ok {
			list = append(list, r)
		}
	}
	return list
}

func parseAttributeLine(folder, text string) (attributeRule, bool) {
	r := attributeRule{folder: folder, depth: strings.Count(folder, "/")}
	pattern, rest, ok := attributePattern(text)
	if !ok {
		return r, false
	}
	for _, f := range strings.Fields(rest) {
		r.sets = append(r.sets, parseAttribute(f))
	}
	if name, found := strings.CutPrefix(pattern, "[attr]"); found {
		r.macro = name
		return r, folder == "" && name != ""
	}
	if pattern[0] == '!' || strings.HasSuffix(pattern, "/") {
		return r, false
	}
	r.glob = parseGlob(pattern)
	return r, true
}

// attributePattern cuts the first word, which may be quoted as C does.
func attributePattern(text string) (pattern, rest string, ok bool) {
	if text[0] != '"' {
		i := strings.IndexAny(text, " \t")
		if i < 0 {
			return text, "", true
		}
		return text[:i], text[i:], true
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			pattern, err := strconv.Unquote(text[:i+1])
			return pattern, text[i+1:], err == nil && pattern != ""
		}
	}
	return "", "", false
}

func parseAttribute(field string) attribute {
	switch {
	case field[0] == '-':
		return attribute{field[1:], "false"}
	case field[0] == '!':
		return attribute{field[1:], ""}
	}
	name, value, found := strings.Cut(field, "=")
	if !found {
		value = "true"
	}
	return attribute{name, value}
}

// lookup gives the attributes of path that are set: deeper files win over higher ones, later lines over earlier ones.
func (a Attributes) lookup(path string) map[string]string {
	var found map[string]string
	for depth := strings.Count(path, "/"); depth >= 0; depth-- {
		for i := len(a) - 1; i >= 0; i-- {
			r := &a[i]
			if r.macro != "" || r.depth != depth || !strings.HasPrefix(path, r.folder) || !r.glob.match(path[len(r.folder):]) {
				continue
			}
			if found == nil {
				found = map[string]string{}
			}
			a.fill(found, r.sets)
		}
	}
	return found
}

// fill sets what is not set yet, last first; a macro that is set to true sets its own.
func (a Attributes) fill(found map[string]string, sets []attribute) {
	for i := len(sets) - 1; i >= 0; i-- {
		s := sets[i]
		if _, known := found[s.name]; known {
			continue
		}
		found[s.name] = s.value
		if s.value == "true" {
			a.fill(found, a.macro(s.name))
		}
	}
}

func (a Attributes) macro(name string) []attribute {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i].macro == name {
			return a[i].sets
		}
	}
	if name == "binary" {
		return builtinMacro
	}
	return nil
}
