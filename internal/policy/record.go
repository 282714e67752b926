package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// RecordError says that a rule reported something that is no record.
type RecordError struct {
	Rule    string // id
	Path    string // of the module
	Line    int
	Problem string
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("%s:%d: rule %s: %s", e.Path, e.Line, e.Rule, e.Problem)
}

// record is what a rule reports.
type record struct {
	rule, message, path, pointer, fix, fingerprint string
	gate, reason                                   string
	line, document                                 int
}

func (e *entry) wrong(format string, args ...any) error {
	return &RecordError{Rule: e.ID, Path: e.Path, Line: e.Line, Problem: fmt.Sprintf(format, args...)}
}

// read takes a record apart. A text is a record that is all message.
func (e *entry) read(t *ast.Term) (record, error) {
	r := record{rule: e.ID, fix: e.Fix}
	if text, ok := t.Value.(ast.String); ok && e.Kind != Require {
		r.message = string(text)
		return r, e.check(&r)
	}
	object, ok := t.Value.(ast.Object)
	if !ok {
		return r, e.wrong("reports %s; a record is an object with %s", clip(t), fieldNames(e.Kind))
	}
	var wrong error
	object.Foreach(func(key, value *ast.Term) {
		if err := e.set(&r, key, value); wrong == nil {
			wrong = err
		}
	})
	if wrong != nil {
		return r, wrong
	}
	return r, e.check(&r)
}

func (e *entry) set(r *record, key, value *ast.Term) error {
	name, _ := key.Value.(ast.String)
	if _, known := recordFields(e.Kind)[string(name)]; !known {
		return e.wrong("reports the field %s; the fields of a record are %s", clip(key), fieldNames(e.Kind))
	}
	if target := r.number(string(name)); target != nil {
		number, ok := value.Value.(ast.Number)
		n, whole := number.Int()
		if !ok || !whole || n < 0 {
			return e.wrong("reports %s as %s; it must be a whole number", clip(value), name)
		}
		*target = n
		return nil
	}
	text, ok := value.Value.(ast.String)
	if !ok {
		return e.wrong("reports %s as %s; it must be a text", clip(value), name)
	}
	*r.text(string(name)) = string(text)
	return nil
}

func (r *record) number(name string) *int {
	switch name {
	case "line":
		return &r.line
	case "document":
		return &r.document
	}
	return nil
}

func (r *record) text(name string) *string {
	switch name {
	case "rule":
		return &r.rule
	case "message":
		return &r.message
	case "path":
		return &r.path
	case "pointer":
		return &r.pointer
	case "fix":
		return &r.fix
	case "fingerprint":
		return &r.fingerprint
	case "gate":
		return &r.gate
	}
	return &r.reason
}

func (e *entry) check(r *record) error {
	switch {
	case r.rule == "":
		return e.wrong("reports an empty rule")
	case e.Kind == Require && (r.gate == "" || r.reason == ""):
		return e.wrong("must report gate and reason")
	case e.Kind != Require && strings.TrimSpace(r.message) == "":
		return e.wrong("reports no message")
	case r.path == "" && (r.pointer != "" || r.document != 0 || r.line != 0):
		return e.wrong("reports a place in a file but no path")
	}
	return nil
}

// clip shows a value in an error message.
func clip(t *ast.Term) string {
	text := t.String()
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return text
}

// collect turns the records of every entry into violations and requirements.
func (e *Engine) collect(in *facts.Input, sets *ast.Array) (*Result, error) {
	result := &Result{Violations: []Violation{}, Requires: []Requirement{}, Rules: len(e.active)}
	docs := index(in.Documents)
	for i, entry := range e.active {
		set, ok := sets.Elem(i).Value.(ast.Set)
		if !ok {
			return nil, entry.wrong("is no set")
		}
		for _, t := range set.Slice() {
			r, err := entry.read(t)
			if err != nil {
				return nil, err
			}
			if entry.Kind == Require {
				result.Requires = append(result.Requires, Requirement{Rule: r.rule, Gate: r.gate, Reason: r.reason})
				continue
			}
			v, err := e.violation(entry, &r, docs)
			if err != nil {
				return nil, err
			}
			if v.Kind != "" {
				result.Violations = append(result.Violations, v)
			}
		}
	}
	fingerprint(result.Violations)
	sortResult(result)
	return result, nil
}

// violation switches a record as the settings say and finds its line. Its Kind is empty when its rule is off.
func (e *Engine) violation(entry *entry, r *record, docs documents) (Violation, error) {
	v := Violation{Kind: entry.Kind, Title: entry.Title, entry: entry, pointer: r.pointer, Finding: finding.Finding{Rule: r.rule,
		Severity: finding.Severity(entry.Severity), Message: strings.TrimSpace(r.message), Path: r.path, Line: r.line,
		Fingerprint: r.fingerprint, Fix: r.fix, State: finding.New, Tool: Tool}}
	v.switchTo(e.settings.Mode(r.rule))
	if r.line == 0 && r.path != "" {
		line, known := docs.line(r)
		if !known && (r.pointer != "" || r.document != 0) {
			return v, entry.wrong("reports a place in document %d of %s, which is not among the documents", r.document, r.path)
		}
		v.Line = line
	}
	return v, nil
}

// switchTo applies the operator's switch. A ratcheted rule denies what is new; what was there before is unchanged.
func (v *Violation) switchTo(mode string) {
	switch mode {
	case manifest.RuleOff:
		v.Kind = ""
	case manifest.RuleWarn:
		v.Kind, v.Severity = Warn, finding.Warning
	case manifest.RuleDeny, manifest.RuleRatchet:
		v.Kind, v.Severity = Deny, finding.Error
	default:
		v.keepHonest()
	}
}

// keepHonest makes severity and kind agree: what denies is an error, what does not is none.
func (v *Violation) keepHonest() {
	if v.Kind == Deny {
		v.Severity = finding.Error
	} else if v.Severity == finding.Error {
		v.Severity = finding.Warning
	}
}

// documents finds a document by path and index.
type documents map[string][]*document.Document

func index(list []document.Document) documents {
	out := make(documents, len(list))
	for i := range list {
		out[list[i].Path] = append(out[list[i].Path], &list[i])
	}
	return out
}

func (d documents) line(r *record) (line int, known bool) {
	for _, doc := range d[r.path] {
		if doc.Index == r.document {
			return cmp.Or(doc.LineOf(r.pointer), doc.Line), true
		}
	}
	return 0, false
}

// fingerprint identifies violations by rule, message and the shape of the pointer: no path, no line, no index of a list.
func fingerprint(list []Violation) {
	type place struct{ path, rule, snippet string }
	seen := map[place]int{}
	for i := range list {
		v := &list[i]
		p := place{v.Path, v.Rule, "given " + v.Fingerprint}
		if v.Fingerprint == "" {
			p.snippet = "message " + withoutPath(v.Message, v.Path) + " at " + shape(v.pointer)
		}
		v.Fingerprint = finding.Fingerprint(v.Rule, p.snippet, "", seen[p])
		seen[p]++
	}
}

func withoutPath(message, path string) string {
	if path == "" {
		return message
	}
	return strings.ReplaceAll(message, path, "{path}")
}

func shape(pointer string) string {
	tokens := strings.Split(pointer, "/")
	for i, t := range tokens {
		if _, err := strconv.Atoi(t); err == nil {
			tokens[i] = "#"
		}
	}
	return strings.Join(tokens, "/")
}

func sortResult(r *Result) {
	slices.SortStableFunc(r.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	slices.SortFunc(r.Requires, func(a, b Requirement) int {
		return cmp.Or(cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	r.Requires = slices.Compact(r.Requires)
}
