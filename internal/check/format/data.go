package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// checkJSON reports a file that does not parse: as JSON, or as JSON with comments where tools read that.
func checkJSON(f *builtin.File) {
	text := bytes.TrimPrefix(f.Text, []byte("\xef\xbb\xbf"))
	if json.Valid(text) || commented(f.Path) && json.Valid(plainJSON(text)) || templated(text) {
		return
	}
	if commented(f.Path) {
		text = plainJSON(text)
	}
	message, offset := "it ends too early", len(text)
	var value any
	err := json.Unmarshal(text, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		message, offset = syntax.Error(), int(syntax.Offset)-1
	}
	f.Report(finding.Finding{Rule: Name + "/json", Severity: finding.Error, Message: "the file is not valid JSON: " + message,
		Fix: "correct it here"}, max(0, min(offset, len(f.Text))), message, "")
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

// checkYAML reports a file whose documents do not all parse. Aliases are not expanded, so their bombs do not go off.
func checkYAML(f *builtin.File) {
	decoder := yaml.NewDecoder(bytes.NewReader(f.Text))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) || err != nil && templated(f.Text) {
			return
		}
		if err != nil {
			reportYAML(f, err)
			return
		}
	}
}

func reportYAML(f *builtin.File, err error) {
	message, line := err.Error(), 0
	if m := yamlLine().FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if m[1] != "" {
			line, _ = strconv.Atoi(m[1]) // digits by the pattern; too many of them leave 0, the whole file
		}
	}
	f.ReportLine(finding.Finding{Rule: Name + "/yaml", Severity: finding.Error, Line: line,
		Message: fmt.Sprintf("the file is not valid YAML: %s", message), Fix: "correct it here, or just above"}, message, "")
}
