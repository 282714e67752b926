package wire

import (
	"slices"
	"strings"
)

// tool reads one declaration. A namespace declares several.
func (r *Request) tool(raw []byte, ms []member) []Tool {
	kind := text(ms, "type")
	t := Tool{Name: text(ms, "name"), raw: raw}
	switch r.Format {
	case Anthropic:
		t.Kind, t.Schema = anthropicTool(kind), at(ms, "input_schema")
	case Chat:
		body, err := members(at(ms, kind))
		if err != nil {
			body = nil
		}
		if name := text(body, "name"); name != "" {
			t.Name = name
		}
		t.Kind, t.Schema = openAITool(kind), at(body, "parameters")
	case Responses:
		if kind == "namespace" {
			return r.namespace(raw, ms)
		}
		t.Kind, t.Schema = openAITool(kind), at(ms, "parameters")
		if kind == "shell" && r.local(ms) {
			t.Kind = ToolFunction
		}
	}
	if t.Name == "" {
		t.Name = kind
	}
	return []Tool{t}
}

// anthropicTool is the kind of a tool by its type: those that the API defines and the client runs, and those that the server runs.
// The search among declared tools is the server's, but reaches nothing else.
func anthropicTool(kind string) string {
	for _, own := range []string{"bash_", "text_editor_", "computer_", "browser_", "memory_", "tool_search_tool_"} {
		if strings.HasPrefix(kind, own) {
			return ToolFunction
		}
	}
	if kind == "" || kind == "custom" {
		return ToolFunction
	}
	return ToolHosted
}

func openAITool(kind string) string {
	switch {
	case slices.Contains([]string{"function", "local_shell", "apply_patch", "computer", "computer_use_preview", "tool_search"}, kind):
		return ToolFunction
	case kind == "custom":
		return ToolText
	}
	return ToolHosted
}

// local says that a shell is the agent's own, and no container at the provider.
func (r *Request) local(ms []member) bool {
	environment, err := members(at(ms, "environment"))
	return err == nil && text(environment, "type") == "local"
}

// namespace reads a group of functions that belong together. When one of them is not the agent's to run the group is hosted.
func (r *Request) namespace(raw []byte, ms []member) []Tool {
	name := text(ms, "name")
	list, err := elements(at(ms, "tools"))
	if err != nil || len(list) == 0 {
		return []Tool{{Name: name, Kind: ToolHosted, raw: raw}}
	}
	var out []Tool
	for _, item := range list {
		inner, err := members(item)
		kind := openAITool(text(inner, "type"))
		if err != nil || kind == ToolHosted {
			return []Tool{{Name: name, Kind: ToolHosted, raw: raw}}
		}
		out = append(out, Tool{Name: text(inner, "name"), Kind: kind, Schema: at(inner, "parameters"), Namespace: name, raw: raw})
	}
	return out
}

// Hosted names the tools that the provider would run.
func (r *Request) Hosted() []string {
	var names []string
	for _, t := range r.Tools {
		if t.Kind == ToolHosted {
			names = append(names, t.Name)
		}
	}
	return names
}

// strip is the list of tools without the hosted ones.
func (r *Request) strip() []byte {
	out := []byte{'['}
	var last []byte
	for _, t := range r.Tools {
		if t.Kind == ToolHosted || t.raw == nil || len(last) > 0 && &last[0] == &t.raw[0] {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out, last = append(out, t.raw...), t.raw
	}
	return append(out, ']')
}

// Forced is the hosted tool that the request insists on, "" when there is none.
func (r *Request) Forced() string {
	ms, err := members(at(r.members, "tool_choice"))
	if err != nil {
		return ""
	}
	for _, key := range []string{"name", "type"} {
		if name := text(ms, key); slices.Contains(r.Hosted(), name) {
			return name
		}
	}
	return ""
}
