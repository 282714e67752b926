package policy

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// conftestInput is one document, or one element of a file that is a list, as conftest would give it to a policy.
type conftestInput struct {
	doc     *document.Document
	pointer string // of the value in its document
	term    *ast.Term
}

// conftestInputs are the documents that conftest's policies judge: those that could be read, but for adamant's own.
func (u *conftest) inputs(docs []document.Document) ([]conftestInput, error) {
	p := planner{names: u.names}
	alone := countDocuments(docs)
	var out []conftestInput
	for i := range docs {
		d := &docs[i]
		if d.Error != "" || d.Value == nil || d.Kind == document.KindAdamant || !u.judgesFile(d.Path) {
			continue
		}
		for _, part := range conftestParts(d, alone[d.Path] == 1) {
			term, err := p.any(part.value)
			if err != nil {
				return nil, err
			}
			out = append(out, conftestInput{doc: d, pointer: part.pointer, term: term})
		}
	}
	return out, nil
}

func (u *conftest) judgesFile(file string) bool {
	s := u.settings.Conftest
	if slices.ContainsFunc(s.Data, func(root string) bool { return file == root || strings.HasPrefix(file, root+"/") }) {
		return false
	}
	return len(s.Files) == 0 || matchesAny(s.Files, file)
}

func countDocuments(docs []document.Document) map[string]int {
	out := map[string]int{}
	for i := range docs {
		out[docs[i].Path]++
	}
	return out
}

type part struct {
	pointer string
	value   any
}

// conftestFunctions are the functions of conftest that read no file.
func conftestFunctions() []host.Function { return host.Config(conftestValue) }

// conftestValue is a document's value as conftest's functions return it: a Dockerfile is a list of one.
func conftestValue(d *document.Document) (*ast.Term, error) {
	var p planner
	value := conftestParts(d, false)[0].value
	if d.Format == "dockerfile" {
		value = []any{value}
	}
	return p.any(value)
}

// conftestParts is a document's value in conftest's form. A file that holds one list is as many inputs as the list has
// elements; a Dockerfile is one.
func conftestParts(d *document.Document, alone bool) []part {
	list, isList := d.Value.([]any)
	switch {
	case d.Format == "dockerfile":
		return []part{{value: dockerCommands(list)}}
	case d.Format == "ini":
		return []part{{value: iniNumbers(d.Value)}}
	case !isList || !alone:
		return []part{{value: d.Value}}
	}
	out := make([]part, len(list))
	for i, v := range list {
		out[i] = part{pointer: "/" + strconv.Itoa(i), value: v}
	}
	return out
}

// dockerCommands gives instructions the names of conftest's fields. ENV and LABEL are taken apart into name, value and sign.
func dockerCommands(list []any) []any {
	out := make([]any, 0, len(list))
	for _, item := range list {
		from, ok := item.(map[string]any)
		if !ok {
			continue
		}
		sub, _ := from["sub"].(string)
		out = append(out, map[string]any{"Cmd": from["cmd"], "SubCmd": strings.ToUpper(sub), "Flags": from["flags"], "JSON": from["json"],
			"Stage": max(number(from["stage"]), 0), "Value": dockerValue(from["cmd"], from["value"])})
	}
	return out
}

func dockerValue(cmd, value any) any {
	list, _ := value.([]any)
	if cmd != "env" && cmd != "label" {
		return value
	}
	out := make([]any, 0, 3*len(list))
	for _, item := range list {
		text, _ := item.(string)
		name, value, _ := strings.Cut(text, "=")
		out = append(out, name, value, "=")
	}
	return out
}

// number reads a whole number that may have been through JSON.
func number(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case int:
		return int64(n)
	case float64:
		return int64(n)
	case json.Number:
		i, err := n.Int64()
		if err == nil {
			return i
		}
	}
	return 0
}

// iniNumbers makes numbers and truth values of texts that look like them. Keys without a section are not seen.
func iniNumbers(v any) any {
	sections, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(sections))
	for name, section := range sections {
		keys, ok := section.(map[string]any)
		if name == "" || name == "DEFAULT" || !ok {
			continue
		}
		typed := make(map[string]any, len(keys))
		for key, value := range keys {
			typed[key] = iniNumber(value)
		}
		out[name] = typed
	}
	return out
}

func iniNumber(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if _, err := json.Marshal(f); err == nil { // not NaN, not infinite
			return f
		}
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	return text
}

// combined is all inputs as one: a list of {path, contents} in order of the paths.
func combined(inputs []conftestInput) *ast.Term {
	sorted := slices.Clone(inputs)
	slices.SortStableFunc(sorted, func(a, b conftestInput) int { return strings.Compare(a.doc.Path, b.doc.Path) })
	terms := make([]*ast.Term, len(sorted))
	for i, in := range sorted {
		terms[i] = ast.ObjectTerm([2]*ast.Term{ast.StringTerm("path"), ast.StringTerm(in.doc.Path)}, [2]*ast.Term{ast.StringTerm("contents"), in.term})
	}
	return ast.ArrayTerm(terms...)
}

// fileInfo is what conftest writes to data.conftest.file. The folder is relative to the root of the repository.
func fileInfo(file string) map[string]any {
	return map[string]any{"name": path.Base(file), "dir": path.Dir(file)}
}

// lineOf is the line of the input's value.
func (in *conftestInput) line() int {
	if line := in.doc.LineOf(in.pointer); line > 0 {
		return line
	}
	return in.doc.Line
}
