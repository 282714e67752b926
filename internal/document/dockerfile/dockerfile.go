// Package dockerfile reads Dockerfiles and Containerfiles into a list of instructions.
package dockerfile

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match matches Dockerfile, Dockerfile.prod, api.Dockerfile and Containerfile, but not files about them.
func Match(base string) bool {
	lower := strings.ToLower(base)
	switch path.Ext(lower) {
	case ".dockerfile", ".containerfile":
		return true
	case ".md", ".rst", ".txt", ".go", ".py", ".js", ".ts", ".rb", ".sh", ".yaml", ".yml", ".json", ".toml", ".tmpl", ".tpl", ".j2",
		".template", ".dockerignore", ".rego", ".snap", ".html":
		return false
	}
	name, _, _ := strings.Cut(lower, ".")
	return name == "dockerfile" || name == "containerfile"
}

// Parse reads a Dockerfile into a list of instructions:
//
//	cmd    the instruction, lower case ("from", "run", ...)
//	sub    for onbuild: the instruction it holds; flags and value are of that one then
//	flags  words before the arguments that begin with "--"
//	value  the arguments: words, or one string for shell commands; the texts of heredocs follow
//	json   whether the arguments were written as a JSON list (exec form)
//	line   1-based line of the instruction
//	stage  0-based build stage; -1 before the first from
func Parse(_ string, data []byte) []format.Tree {
	r := dockerReader{lines: strings.Split(string(data), "\n"), escape: '\\', stage: -1}
	if at, err := r.read(); err != nil {
		return format.Fail(at, err.Error())
	}
	lines := format.Lines{"": 1}
	for i, instruction := range r.out {
		lines[format.Join("", strconv.Itoa(i))] = int(instruction.(map[string]any)["line"].(int64))
	}
	return []format.Tree{{Value: r.out, Places: lines}}
}

type dockerReader struct {
	lines  []string
	next   int // index of the next line
	escape byte
	stage  int
	out    []any
}

func (r *dockerReader) read() (line int, err error) {
	r.directives()
	for {
		text, at := r.logical()
		if at == 0 {
			break
		}
		if err := r.instruction(text, at); err != nil {
			return at, err
		}
	}
	if r.stage < 0 {
		return 1, fmt.Errorf("no FROM instruction")
	}
	return 0, nil
}

// directives reads the "# key=value" lines at the top; only escape matters here.
func (r *dockerReader) directives() {
	for _, line := range r.lines {
		key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "#"), "=")
		if !strings.HasPrefix(line, "#") || !ok || strings.ContainsAny(strings.TrimSpace(key), " \t") {
			return
		}
		if strings.EqualFold(strings.TrimSpace(key), "escape") && strings.TrimSpace(value) == "`" {
			r.escape = '`'
		}
	}
}

// logical returns the next instruction with its continuation lines joined and its 1-based line; 0 at the end.
func (r *dockerReader) logical() (text string, at int) {
	var b strings.Builder
	for ; r.next < len(r.lines); r.next++ {
		line := strings.TrimRight(r.lines[r.next], " \t\r")
		trimmed := strings.TrimLeft(line, " \t")
		if trimmed == "" || trimmed[0] == '#' {
			continue // comments and empty lines do not end an instruction
		}
		if at == 0 {
			at, line = r.next+1, trimmed
		}
		if line[len(line)-1] != r.escape {
			b.WriteString(line)
			r.next++
			break
		}
		b.WriteString(line[:len(line)-1])
	}
	return b.String(), at
}

func (r *dockerReader) instruction(text string, at int) error {
	cmd, rest := cutWord(text)
	if !isInstruction(cmd) {
		return fmt.Errorf("unknown instruction %q", cmd)
	}
	sub := ""
	if cmd == "onbuild" {
		if sub, rest = cutWord(rest); !isInstruction(sub) || sub == "onbuild" || sub == "from" {
			return fmt.Errorf("ONBUILD cannot hold %q", sub)
		}
	}
	if cmd == "from" {
		r.stage++
	} else if r.stage < 0 && cmd != "arg" {
		return fmt.Errorf("%s stands before the first FROM", strings.ToUpper(cmd))
	}
	effective := cmd
	if sub != "" {
		effective = sub
	}
	flags, rest := cutFlags(rest)
	value, exec := arguments(effective, rest, r.escape)
	docs, err := r.heredocs(effective, rest)
	if err != nil {
		return err
	}
	r.out = append(r.out, map[string]any{"cmd": cmd, "sub": sub, "flags": flags, "value": append(value, docs...), "json": exec,
		"line": int64(at), "stage": int64(r.stage)})
	return nil
}

func isInstruction(cmd string) bool {
	return slices.Contains([]string{"add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label",
		"maintainer", "onbuild", "run", "shell", "stopsignal", "user", "volume", "workdir"}, cmd)
}

// cutWord takes the first word, lower case, and what follows.
func cutWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(s, " \t")
	if end < 0 {
		return strings.ToLower(s), ""
	}
	return strings.ToLower(s[:end]), strings.TrimLeft(s[end:], " \t")
}

func cutFlags(s string) (flags []any, rest string) {
	flags = []any{}
	for strings.HasPrefix(s, "--") {
		end := strings.IndexAny(s, " \t")
		if end < 0 {
			return append(flags, s), ""
		}
		flags = append(flags, s[:end])
		s = strings.TrimLeft(s[end:], " \t")
	}
	return flags, s
}

// arguments splits what follows an instruction and says whether it was a JSON list.
func arguments(cmd, text string, escape byte) (value []any, exec bool) {
	var list []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &list) == nil {
		return anys(list), true
	}
	switch cmd {
	case "run", "cmd", "entrypoint", "healthcheck", "maintainer":
		return anys([]string{text}), false
	case "env", "label", "arg":
		return anys(pairs(text, escape)), false
	}
	return anys(words(text, escape)), false
}

// pairs reads KEY=VALUE words, and the old form "KEY the rest is the value".
func pairs(text string, escape byte) []string {
	list := words(text, escape)
	if len(list) < 2 || strings.Contains(list[0], "=") {
		return list
	}
	end := strings.IndexAny(text, " \t")
	return []string{list[0] + "=" + strings.TrimLeft(text[end:], " \t")}
}

// words splits at unquoted blanks and takes quotes away.
func words(s string, escape byte) []string {
	var out []string
	var word []byte
	quote, inside := byte(0), false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == escape && quote != '\'' && i+1 < len(s):
			i++
			word, inside = append(word, s[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if inside {
				out = append(out, string(word))
			}
			word, inside = nil, false
		default:
			word, inside = append(word, c), true
		}
	}
	if inside {
		out = append(out, string(word))
	}
	return out
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// heredocs reads the texts that an instruction announces with <<NAME.
func (r *dockerReader) heredocs(cmd, text string) ([]any, error) {
	if cmd != "run" && cmd != "copy" && cmd != "add" {
		return nil, nil
	}
	var out []any
	for _, word := range strings.Fields(text) {
		name, tabs, ok := heredocName(word)
		if !ok {
			continue
		}
		body, closed := r.heredoc(name, tabs)
		if !closed {
			return nil, fmt.Errorf("heredoc %s is not closed", name)
		}
		out = append(out, body)
	}
	return out, nil
}

// heredocName reads digits, "<<", an optional "-" and a name that may stand in quotes.
func heredocName(word string) (name string, tabs, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(word, "0123456789"), "<<")
	if !ok {
		return "", false, false
	}
	rest, tabs = strings.CutPrefix(rest, "-")
	name = strings.Trim(rest, `"'`)
	return name, tabs, name != "" && !strings.ContainsAny(name, `<>"'();|&`)
}

func (r *dockerReader) heredoc(name string, tabs bool) (body string, closed bool) {
	var b strings.Builder
	for ; r.next < len(r.lines); r.next++ {
		line := strings.TrimSuffix(r.lines[r.next], "\r")
		if tabs {
			line = strings.TrimLeft(line, "\t")
		}
		if line == name {
			r.next++
			return b.String(), true
		}
		b.WriteString(line + "\n")
	}
	return "", false
}
