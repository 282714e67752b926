package workforce

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/workspace"
)

// pathArguments are what the tools of the agents we know call the file they work on.
var pathArguments = []string{"file_path", "path", "filePath", "notebook_path", "filename"}

// writers are the tools that write a file they name, as the agents we know call them, in lower case.
var writers = map[string]bool{"write": true, "edit": true, "multiedit": true, "notebookedit": true, "create": true, "write_file": true, "replace": true, "str_replace_editor": true}

// named is the file that a call names, relative to the checkout; "" = none, or one outside.
func named(c gateway.Call) string {
	var args map[string]json.RawMessage
	if json.Unmarshal(c.Args, &args) != nil {
		return ""
	}
	for _, name := range pathArguments {
		var value string
		if json.Unmarshal(args[name], &value) != nil || value == "" {
			continue
		}
		clean := path.Clean(strings.TrimPrefix(value, workspace.Repo+"/"))
		if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			return ""
		}
		return clean
	}
	return ""
}

// written are the files that calls say they write.
func written(calls []gateway.Call) []string {
	var out []string
	for _, c := range calls {
		if p := named(c); p != "" && writers[strings.ToLower(c.Tool)] {
			out = append(out, p)
		}
	}
	return out
}

// describe is a call for people, one line.
func describe(c gateway.Call) string {
	if p := named(c); p != "" {
		return c.Tool + " " + p
	}
	var args struct {
		Command json.RawMessage `json:"command"`
		Pattern string          `json:"pattern"`
	}
	if json.Unmarshal(c.Args, &args) != nil {
		return c.Tool
	}
	var words []string
	var text string
	if json.Unmarshal(args.Command, &text) != nil && json.Unmarshal(args.Command, &words) == nil {
		text = strings.Join(words, " ")
	}
	if text == "" {
		text = args.Pattern
	}
	return strings.TrimSpace(c.Tool + " " + firstLine(text))
}

const lineRunes = 160

// firstLine is the first line of a text that says anything, cut to what fits.
func firstLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > lineRunes {
		return string(runes[:lineRunes-3]) + "..."
	}
	return string(runes)
}
