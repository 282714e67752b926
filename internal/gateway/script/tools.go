package script

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// names are what agents call their tools for each thing, in the order they are looked for.
var names = map[string][]string{
	"run":   {"Bash", "bash", "run", "shell_command", "exec_command", "shell", "run_shell_command", "execute_command", "terminal"},
	"read":  {"Read", "read", "read_file", "view"},
	"write": {"Write", "write", "write_file", "create_file", "create"},
	"edit":  {"Edit", "edit", "replace", "edit_file", "str_replace"},
}

// declared are the tools of a request.
type declared struct {
	request *wire.Request
	root    string
}

// find is the declared tool for a thing.
func (d declared) find(verb string) (wire.Tool, bool) {
	for _, name := range names[verb] {
		for _, t := range d.request.Tools {
			if t.Name == name && t.Kind != wire.ToolHosted {
				return t, true
			}
		}
	}
	return wire.Tool{}, false
}

// named is a declared tool of a name, or one whose name ends with it; the name itself when there is none.
func (d declared) named(name string) string {
	for _, exact := range []bool{true, false} {
		for _, t := range d.request.Tools {
			if t.Name == name || !exact && strings.HasSuffix(t.Name, "_"+name) {
				return t.Name
			}
		}
	}
	return name
}

// namespace is the group that a tool was declared in: Codex finds a tool of a group only by both names.
func (d declared) namespace(name string) string {
	for _, t := range d.request.Tools {
		if t.Name == name {
			return t.Namespace
		}
	}
	return ""
}

// isText says whether a tool takes text.
func (d declared) isText(name string) bool {
	return slices.ContainsFunc(d.request.Tools, func(t wire.Tool) bool { return t.Name == name && t.Kind == wire.ToolText })
}

// call puts a call in the agent's words: its own tool for the thing, else a patch, else its shell.
func (d declared) call(c manifest.ScriptCall) wire.Call {
	switch {
	case c.Raw != nil:
		args := []byte(c.Raw.Text)
		if !json.Valid(args) || d.isText(d.named(c.Raw.Name)) {
			args = text(c.Raw.Text)
		}
		return wire.Call{Tool: d.named(c.Raw.Name), Args: args}
	case c.Tool != nil:
		return wire.Call{Tool: d.named(c.Tool.Name), Args: object(c.Tool.Args)}
	case c.Read != "":
		return d.file("read", part{path: c.Read}, "cat "+quote(c.Read))
	case c.Write != nil:
		return d.file("write", part{path: c.Write.Path, text: c.Write.Text}, heredoc(c.Write.Path, c.Write.Text))
	case c.Edit != nil:
		p := part{path: c.Edit.Path, old: c.Edit.Old, new: c.Edit.New}
		if tool, ok := d.patch(); ok {
			return wire.Call{Tool: tool.Name, Args: patchArgs(tool, p)}
		}
		return d.file("edit", p, "apply_patch <<'END_OF_PATCH'\n"+patch(p)+"END_OF_PATCH")
	}
	return d.run(c.Run)
}

// part is what a call is about.
type part struct{ path, text, old, new, command string }

func (d declared) file(verb string, p part, shell string) wire.Call {
	tool, ok := d.find(verb)
	if !ok {
		return d.run(shell)
	}
	return wire.Call{Tool: tool.Name, Args: d.fill(tool, p)}
}

func (d declared) run(command string) wire.Call {
	tool, ok := d.find("run")
	if !ok {
		return wire.Call{Tool: "run", Args: object(map[string]any{"command": command})}
	}
	return wire.Call{Tool: tool.Name, Args: d.fill(tool, part{command: command})}
}

// property is as much of a JSON Schema as filling it in takes.
type property struct {
	Type       any                 `json:"type"`
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
	Items      *property           `json:"items"`
}

// fill gives each property that a tool declares the part of the call that its name asks for, and what is required otherwise
// something of its type.
func (d declared) fill(tool wire.Tool, p part) json.RawMessage {
	var schema property
	if len(tool.Schema) == 0 || json.Unmarshal(tool.Schema, &schema) != nil {
		return object(map[string]any{"command": p.command, "path": p.path, "text": p.text})
	}
	return object(d.properties(schema, p))
}

func (d declared) properties(schema property, p part) map[string]any {
	out := map[string]any{}
	for name, s := range schema.Properties {
		if value := d.value(name, s, p); value != nil {
			out[name] = value
		} else if slices.Contains(schema.Required, name) {
			out[name] = s.zero(name)
		}
	}
	return out
}

func (d declared) value(name string, s property, p part) any {
	switch name {
	case "path", "filename":
		return p.path
	case "file_path", "filePath", "absolute_path", "target_file":
		return d.absolute(p.path)
	case "content", "contents", "text", "file_text":
		return p.text
	case "old_string", "oldString", "oldText", "old_str", "old":
		return p.old
	case "new_string", "newString", "newText", "new_str", "new":
		return p.new
	case "edits":
		if s.Items != nil {
			return []any{d.properties(*s.Items, p)}
		}
	case "command", "cmd":
		if s.is("array") {
			return []string{"bash", "-lc", p.command}
		}
		return p.command
	}
	return nil
}

func (s property) is(kind string) bool {
	list, _ := s.Type.([]any)
	return s.Type == kind || slices.Contains(list, any(kind))
}

// zero is something of the property's type.
func (s property) zero(name string) any {
	switch {
	case s.is("boolean"):
		return false
	case s.is("integer"), s.is("number"):
		return 1
	case s.is("array"):
		return []any{}
	case s.is("object"):
		return map[string]any{}
	}
	return name
}

func (d declared) absolute(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(d.root, name)
}

// whereabouts are how agents tell the model where they work.
var whereabouts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:[Ww]orking directory: |<cwd>)(/[^\s<"\\]+)`)
})

// root is the folder that an agent works in: what its request says, else what the script says.
func (p *Player) root(ask Ask) string {
	if found := whereabouts().FindSubmatch(ask.Request.Body); found != nil {
		return string(found[1])
	}
	if p.spec.Root != "" {
		return p.spec.Root
	}
	return "/work/repo"
}

// patch is the declared tool that applies patches, of agents that have no tool to edit.
func (d declared) patch() (wire.Tool, bool) {
	if _, own := d.find("edit"); own {
		return wire.Tool{}, false
	}
	for _, t := range d.request.Tools {
		if t.Name == "apply_patch" && t.Kind != wire.ToolHosted {
			return t, true
		}
	}
	return wire.Tool{}, false
}

func patchArgs(tool wire.Tool, p part) json.RawMessage {
	if tool.Kind == wire.ToolText {
		return text(patch(p))
	}
	return object(map[string]any{"input": patch(p)})
}

// patch is an edit in the form of apply_patch.
func patch(p part) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*** Begin Patch\n*** Update File: %s\n@@\n", p.path)
	for _, line := range lines(p.old) {
		b.WriteString("-" + line + "\n")
	}
	for _, line := range lines(p.new) {
		b.WriteString("+" + line + "\n")
	}
	b.WriteString("*** End Patch\n")
	return b.String()
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// heredoc writes a file by the shell. The text ends with a newline.
func heredoc(name, content string) string {
	end := "END_OF_FILE"
	for strings.Contains(content, end) {
		end += "_"
	}
	return fmt.Sprintf("mkdir -p %s && cat > %s <<'%s'\n%s\n%s", quote(path.Dir(name)), quote(name), end, strings.TrimSuffix(content, "\n"), end)
}

// quote is a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// text is a JSON string.
func text(s string) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`) // cannot happen
	}
	return out
}

func object(v map[string]any) json.RawMessage {
	if v == nil {
		return json.RawMessage("{}")
	}
	out, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("{}")
	}
	return out
}
