// Package ini reads sections of keys, as .ini files and their relatives have them.
package ini

import (
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match knows .ini files and configuration files of the same form by name.
func Match(base string) bool {
	switch base {
	case "setup.cfg", ".editorconfig", ".pylintrc", ".flake8", ".coveragerc":
		return true
	}
	return format.HasExtension(base, ".ini")
}

// Parse reads sections of keys into {section: {key: value}}; keys before the first section are in section "". Values are
// strings, an indented line continues the value above, a key without a sign has the value "", and a later key wins.
func Parse(_ string, data []byte) []format.Tree {
	r := reader{value: map[string]any{}, lines: format.Lines{"": 1}}
	for i, line := range strings.Split(string(data), "\n") {
		if message := r.line(strings.TrimRight(line, " \t\r"), i+1); message != "" {
			return format.Fail(i+1, message)
		}
	}
	r.end()
	return []format.Tree{{Value: r.value, Places: r.lines}}
}

type reader struct {
	value   map[string]any
	lines   format.Lines
	section map[string]any
	at      string   // pointer of the section
	key     string   // the last key; "" when nothing can be continued
	more    []string // its value so far
}

// line reads one line and returns what is wrong with it.
func (r *reader) line(line string, n int) string {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
		return ""
	case line[0] != text[0] && r.key != "":
		r.more = append(r.more, text)
		return ""
	case text[0] == '[':
		return r.header(text, n)
	}
	r.pair(text, n)
	return ""
}

func (r *reader) header(text string, n int) string {
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		return "section header without a closing bracket"
	}
	r.open(text[1:end], n)
	return ""
}

func (r *reader) open(name string, n int) {
	r.end()
	r.at, r.key = format.Join("", name), ""
	if _, ok := r.value[name]; !ok {
		r.value[name] = map[string]any{}
		r.lines[r.at] = n
	}
	r.section = r.value[name].(map[string]any)
}

func (r *reader) pair(text string, n int) {
	if r.section == nil {
		r.open("", n)
	}
	key, value := text, ""
	if cut := strings.IndexAny(text, "=:"); cut >= 0 {
		key, value = strings.TrimSpace(text[:cut]), strings.TrimSpace(text[cut+1:])
	}
	r.end()
	r.key, r.more = key, append(r.more[:0], value)
	r.section[key] = value
	r.lines[format.Join(r.at, key)] = n
}

// end sets the last key to its whole value.
func (r *reader) end() {
	if len(r.more) > 1 && r.key != "" {
		r.section[r.key] = strings.TrimPrefix(strings.Join(r.more, "\n"), "\n")
	}
	r.more = r.more[:0]
}
