package format

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// style is what .editorconfig asks of one file; "" where it asks nothing.
type style struct{ indent, ending, charset, trim, final string }

// styles answers from the .editorconfig files of a tree, each of which is read once.
type styles struct {
	ctx   context.Context
	tree  builtin.Tree
	files map[string]*styleFile // by folder; nil: the folder has none
}

// styleFile is one parsed .editorconfig.
type styleFile struct {
	root     bool
	sections []styleSection
}

type styleSection struct {
	pattern *regexp.Regexp
	values  map[string]string
}

// of merges the files from the root down to the file's folder; the later and the closer wins.
func (s *styles) of(file string) (style, error) {
	var chain []*styleFile
	var dirs []string
	for dir := range builtin.Folders(file) {
		loaded, err := s.load(dir)
		if err != nil {
			return style{}, err
		}
		if loaded != nil {
			chain, dirs = append(chain, loaded), append(dirs, dir)
		}
		if loaded != nil && loaded.root {
			break
		}
	}
	values := map[string]string{}
	for i := len(chain) - 1; i >= 0; i-- {
		name := strings.TrimPrefix(file, dirs[i]+"/")
		for _, section := range chain[i].sections {
			if section.pattern.MatchString(name) {
				for key, value := range section.values {
					values[key] = value
				}
			}
		}
	}
	return style{indent: values["indent_style"], ending: values["end_of_line"], charset: values["charset"],
		trim: values["trim_trailing_whitespace"], final: values["insert_final_newline"]}, nil
}

func (s *styles) load(dir string) (*styleFile, error) {
	if loaded, ok := s.files[dir]; ok {
		return loaded, nil
	}
	f, err := builtin.Open(s.ctx, s.tree, path.Join(dir, ".editorconfig"))
	var loaded *styleFile
	switch {
	case err == nil:
		loaded = parseStyle(f.Text)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("format: %w", err)
	}
	s.files[dir] = loaded
	return loaded, nil
}

// parseStyle reads an .editorconfig. Lines it cannot use, and sections whose pattern is broken, ask nothing.
func parseStyle(text []byte) *styleFile {
	file := &styleFile{}
	var values map[string]string
	top := true
	for line := range builtin.Lines(text) {
		body := strings.TrimSpace(string(line.Text))
		if body == "" || body[0] == '#' || body[0] == ';' {
			continue
		}
		if body[0] == '[' && strings.HasSuffix(body, "]") {
			top, values = false, map[string]string{}
			if pattern, err := compileGlob(body[1 : len(body)-1]); err == nil {
				file.sections = append(file.sections, styleSection{pattern, values})
			}
			continue
		}
		key, value, ok := strings.Cut(body, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.ToLower(strings.TrimSpace(value))
		switch {
		case !ok:
		case top:
			file.root = file.root || key == "root" && value == "true"
		case value == "unset" || value == "off":
			values[key] = ""
		default:
			values[key] = value
		}
	}
	return file
}

// compileGlob translates a section's name: * and ? stop at slashes, ** does not; [..], {a,b} and {1..9} as documented. A
// pattern without a slash matches in any folder below.
func compileGlob(glob string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^")
	if strings.Contains(glob, "/") {
		glob = strings.TrimPrefix(glob, "/")
	} else {
		b.WriteString("(?:.*/)?")
	}
	writeGlob(&b, glob)
	b.WriteString("$")
	return regexp.Compile(b.String())
}

func writeGlob(b *strings.Builder, glob string) {
	for at := 0; at < len(glob); at++ {
		c := glob[at]
		switch {
		case strings.HasPrefix(glob[at:], "**"):
			b.WriteString(".*")
			at++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '\\' && at+1 < len(glob):
			at++
			b.WriteString(regexp.QuoteMeta(glob[at : at+1]))
		case c == '[' && strings.IndexByte(glob[at:], ']') > 1:
			end := at + strings.IndexByte(glob[at:], ']')
			set := glob[at+1 : end]
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(set, `\`, `\\`) + "]")
			at = end
		case c == '{' && braceEnd(glob[at:]) > 0:
			end := at + braceEnd(glob[at:])
			writeBraces(b, glob[at+1:end])
			at = end
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
}

// braceEnd returns the offset of the brace that closes the first one, 0 when none does.
func braceEnd(glob string) int {
	depth := 0
	for i := range len(glob) {
		switch glob[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

func writeBraces(b *strings.Builder, body string) {
	if low, high, ok := strings.Cut(body, ".."); ok {
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && from <= to && to-from <= 1000 {
			b.WriteString("(?:")
			for n := from; n <= to; n++ {
				if n > from {
					b.WriteByte('|')
				}
				b.WriteString(strconv.Itoa(n))
			}
			b.WriteString(")")
			return
		}
	}
	alternatives := splitBraces(body)
	if len(alternatives) < 2 {
		b.WriteString(regexp.QuoteMeta("{" + body + "}"))
		return
	}
	b.WriteString("(?:")
	for i, alternative := range alternatives {
		if i > 0 {
			b.WriteByte('|')
		}
		writeGlob(b, alternative)
	}
	b.WriteString(")")
}

func splitBraces(body string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(body) {
		switch body[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, body[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, body[start:])
}
