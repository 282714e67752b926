package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// judgeJSON wants text that parses as JSON.
func judgeJSON(text, _ []byte) *fault {
	if json.Valid(bytes.TrimPrefix(text, byteOrderMark)) || templated(text) {
		return nil
	}
	message, offset := "it ends too early", len(text)
	var value any
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(bytes.TrimPrefix(text, byteOrderMark), &value), &syntax) {
		message, offset = syntax.Error(), int(syntax.Offset)-1
	}
	return &fault{rule: "json", message: "the file is not valid JSON: " + message, fix: "correct it here, or just before",
		offset: max(0, min(offset, len(text))), snippet: message}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// judgeCommented is judgeJSON for files in which comments and trailing commas are accepted.
func judgeCommented(text, _ []byte) *fault {
	return judgeJSON(plainJSON(text), nil)
}

// commented reports whether the tools that read a file accept comments and trailing commas in it.
func commented(file string) bool {
	base := path.Base(file)
	switch {
	case strings.HasSuffix(base, ".jsonc"), strings.HasSuffix(base, ".code-workspace"), base == "devcontainer.json", strings.HasSuffix(base, "cspell.json"), base == ".eslintrc.json",
		strings.HasPrefix(base, "tsconfig"), strings.HasPrefix(base, "jsconfig"), base == "api-extractor.json", base == ".swcrc", base == "renovate.json", base == "turbo.json", base == "deno.json":
		return true
	}
	return strings.Contains("/"+file, "/.vscode/") || strings.Contains("/"+file, "/.devcontainer/")
}

// plainJSON overwrites comments and trailing commas with spaces, so that offsets stay.
func plainJSON(text []byte) []byte {
	out := bytes.Clone(text)
	comma := -1
	for at := 0; at < len(out); at++ {
		switch c := out[at]; {
		case c == '"':
			comma = -1
			for at++; at < len(out) && out[at] != '"'; at++ {
				if out[at] == '\\' {
					at++
				}
			}
		case c == '/' && at+1 < len(out) && (out[at+1] == '/' || out[at+1] == '*'):
			end := commentEnd(out, at)
			for i := at; i < end; i++ {
				if out[i] != '\n' {
					out[i] = ' '
				}
			}
			at = end - 1
		case c == ',':
			comma = at
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			comma = -1
		}
	}
	return out
}

func commentEnd(text []byte, at int) int {
	mark, extra := "\n", 0
	if text[at+1] == '*' {
		mark, extra = "*/", 2
	}
	if n := bytes.Index(text[at+2:], []byte(mark)); n >= 0 {
		return at + 2 + n + extra
	}
	return len(text)
}

// templated reports whether a text is a template of a file, which need not parse before it is filled in.
func templated(text []byte) bool {
	return bytes.Contains(text, []byte("{{")) || bytes.Contains(text, []byte("{%")) || bytes.Contains(text, []byte("<%"))
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?`) })

// judgeYAML wants documents that all parse. Aliases are not expanded, so their bombs do not go off.
func judgeYAML(text, _ []byte) *fault {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) || err != nil && templated(text) {
			return nil
		}
		if err != nil {
			return yamlFault(err)
		}
	}
}

func yamlFault(err error) *fault {
	message, line := err.Error(), 0
	if m := yamlLine().FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if m[1] != "" {
			line, _ = strconv.Atoi(m[1]) // digits by the pattern; too many of them leave 0, the whole file
		}
	}
	return &fault{rule: "yaml", message: "the file is not valid YAML: " + message, fix: "correct it here, or just above", offset: -1, line: line, snippet: message}
}
