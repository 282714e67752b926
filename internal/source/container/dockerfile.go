package container

import (
	"bytes"
	"strings"

	"github.com/adamant-os/adamant/internal/document/dockerfile"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Extract reads one Dockerfile.
func Extract(src []byte) *imports.File {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	r := &reader{file: &imports.File{}, stages: map[string]bool{}, args: map[string]string{}}
	tree := dockerfile.Parse("", src)[0]
	if tree.Error != "" {
		r.file.Problem, r.file.Line = tree.Error, int32(tree.Line)
		return r.file
	}
	list, _ := tree.Value.([]any)
	for _, one := range list {
		if instruction, ok := one.(map[string]any); ok {
			r.instruction(instruction)
		}
	}
	return r.file
}

type reader struct {
	file   *imports.File
	stages map[string]bool   // names of build stages, lower case
	args   map[string]string // with a default, before the first FROM
}

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (r *reader) instruction(in map[string]any) {
	cmd, _ := in["cmd"].(string)
	if sub, _ := in["sub"].(string); sub != "" {
		cmd = sub
	}
	at, _ := in["line"].(int64)
	flags, value, line := texts(in["flags"]), texts(in["value"]), int32(at)
	switch stage, _ := in["stage"].(int64); cmd {
	case "arg":
		if stage < 0 {
			r.defaults(value)
		}
	case "from":
		r.from(value, line)
	case "copy", "add":
		r.copy(flags, value, line)
	case "run":
		r.mounts(flags, line)
	}
}

func (r *reader) defaults(value []string) {
	for _, pair := range value {
		if name, text, ok := strings.Cut(pair, "="); ok && len(text) < 1000 {
			r.args[name] = text
		}
	}
}

// from reads: image [AS stage].
func (r *reader) from(value []string, line int32) {
	if len(value) == 0 {
		return
	}
	r.image(value[0], line)
	if len(value) == 3 && strings.EqualFold(value[1], "as") {
		r.stages[strings.ToLower(value[2])] = true
	}
}

// image notes an image; a stage of this file or the empty image is none.
func (r *reader) image(name string, line int32) {
	name = expand(name, r.args)
	switch {
	case strings.Contains(name, "$"):
		r.file.Open = append(r.file.Open, line)
	case name != "" && !strings.EqualFold(name, "scratch") && !r.stages[strings.ToLower(name)] && strings.Trim(name, "0123456789") != "":
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name, Kind: imports.Copy, Line: line, Exotic: image})
	}
}

// copy reads: [--from=stage] source... destination. Texts of heredocs are no sources.
func (r *reader) copy(flags, value []string, line int32) {
	for _, flag := range flags {
		if stage, ok := strings.CutPrefix(flag, "--from="); ok {
			r.image(stage, line)
			return
		}
	}
	var sources []string
	heredocs := 0
	for _, word := range value {
		if strings.HasPrefix(word, "<<") {
			heredocs++
			continue
		}
		sources = append(sources, word)
	}
	if len(sources) <= heredocs+1 {
		return
	}
	for _, source := range sources[:len(sources)-heredocs-1] {
		r.source(source, imports.Copy, line)
	}
}

// maxSources is how many sources of one file are followed: each may name many files.
const maxSources = 500

// source notes a file of the context. A whole context, or one by a variable, is known to no edge.
func (r *reader) source(name string, kind imports.Kind, line int32) {
	switch {
	case strings.Contains(name, "://") || strings.HasPrefix(name, "git@") || name == "" || len(name) > 4096:
	case len(r.file.Imports) >= maxSources || strings.Contains(name, "$") || strings.Trim(name, "./*") == "":
		r.file.Open = append(r.file.Open, line)
	default:
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name, Kind: kind, Line: line})
	}
}

// mounts reads RUN --mount=type=bind,source=x,target=y.
func (r *reader) mounts(flags []string, line int32) {
	for _, flag := range flags {
		options, ok := strings.CutPrefix(flag, "--mount=")
		if !ok {
			continue
		}
		kind, source, from := "bind", "", ""
		for option := range strings.SplitSeq(options, ",") {
			name, value, _ := strings.Cut(option, "=")
			switch name {
			case "type":
				kind = value
			case "source", "src":
				source = value
			case "from":
				from = value
			}
		}
		switch {
		case from != "":
			r.image(from, line)
		case kind == "bind":
			r.source(source, imports.Copy, line)
		}
	}
}

// expand replaces $NAME, ${NAME} and ${NAME:-default} by what is known. What is not stays.
func expand(text string, known map[string]string) string {
	var out strings.Builder
	for {
		at := strings.IndexByte(text, '$')
		if at < 0 || out.Len() > 4096 {
			return out.String() + text
		}
		out.WriteString(text[:at])
		name, fallback, end := variable(text[at:])
		value, ok := known[name]
		if !ok {
			value = fallback
		}
		if value == "" || end == 1 {
			value = text[at : at+end]
		}
		out.WriteString(value)
		text = text[at+end:]
	}
}

// variable cuts a reference to a variable, which begins with $.
func variable(text string) (name, fallback string, end int) {
	if strings.HasPrefix(text, "${") {
		closing := strings.IndexByte(text, '}')
		if closing < 0 {
			return "", "", 1
		}
		name, fallback, _ = strings.Cut(text[2:closing], ":-")
		return name, fallback, closing + 1
	}
	end = 1
	for end < len(text) && (text[end] == '_' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || end > 1 && text[end] >= '0' && text[end] <= '9') {
		end++
	}
	return text[1:end], "", end
}
