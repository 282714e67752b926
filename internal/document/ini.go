package document

import "strings"

func isINI(base string) bool {
	switch base {
	case "setup.cfg", ".editorconfig", ".pylintrc", ".flake8", ".coveragerc":
		return true
	}
	return extension(".ini")(base)
}

// parseINI reads sections of keys into {section: {key: value}}; keys before the first section are in section "". Values are
// strings, an indented line continues the value above, a key without a sign has the value "", and a later key wins.
func parseINI(_ string, data []byte) []Document {
	r := iniReader{value: map[string]any{}, lines: map[string]int{"": 1}}
	for i, line := range strings.Split(string(data), "\n") {
		if message := r.line(strings.TrimRight(line, " \t\r"), i+1); message != "" {
			return []Document{failed(formatINI, i+1, message)}
		}
	}
	return []Document{{Format: formatINI, Value: r.value, Lines: r.lines}}
}

type iniReader struct {
	value   map[string]any
	lines   map[string]int
	section map[string]any
	at      string // pointer of the section
	key     string // the last key; "" when nothing can be continued
}

// line reads one line and returns what is wrong with it.
func (r *iniReader) line(line string, n int) string {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
		return ""
	case line[0] != text[0] && r.key != "":
		r.section[r.key] = strings.TrimPrefix(r.section[r.key].(string)+"\n"+text, "\n")
		return ""
	case text[0] == '[':
		return r.header(text, n)
	}
	r.pair(text, n)
	return ""
}

func (r *iniReader) header(text string, n int) string {
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		return "section header without a closing bracket"
	}
	r.open(text[1:end], n)
	return ""
}

func (r *iniReader) open(name string, n int) {
	r.at, r.key = pointer("", name), ""
	if _, ok := r.value[name]; !ok {
		r.value[name] = map[string]any{}
		r.lines[r.at] = n
	}
	r.section = r.value[name].(map[string]any)
}

func (r *iniReader) pair(text string, n int) {
	if r.section == nil {
		r.open("", n)
	}
	key, value := text, ""
	if cut := strings.IndexAny(text, "=:"); cut >= 0 {
		key, value = strings.TrimSpace(text[:cut]), strings.TrimSpace(text[cut+1:])
	}
	r.key, r.section[key] = key, value
	r.lines[pointer(r.at, key)] = n
}
