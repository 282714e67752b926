package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The levels of risk, from least to most, as the configuration spells them.
var levels = [...]string{"trivial", "low", "medium", "high", "critical"}

// builtinGates are the gates that adamant or the operator answers for without a declared check. The kinds of checks and
// the names of declared checks are gates too.
var builtinGates = [...]string{"lint", "spelling", "links", "format", "policy", "ratchet", "architecture", "api", "catalog", "versions",
	"secrets", "workflows", "vulnerabilities", "licenses", "incidents", "unit", "snapshot", "integration", "regression", "e2e",
	"load", "pentest", "red-team", "quality", "coverage", "build", "all-tests", "approval", "mfa-approval", "break-glass"}

// LoadRepository reads .adamant/adamant.yaml (JSON when path ends in .json) as it is written, without defaults. With any
// Diagnostic the result must not be used: judging by half a configuration would drop the operator's rules.
func LoadRepository(path string, data []byte) (*Repository, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return nil, []Diagnostic{*problem}
	}
	repo := &Repository{}
	problems := Decode(doc, repo)
	v := validator{doc: doc}
	v.repository(repo)
	return repo, append(problems, v.problems...)
}

// single reads a file that must hold exactly one document.
func single(path string, data []byte) (*YAMLDocument, *Diagnostic) {
	if strings.HasSuffix(path, ".json") {
		doc := ParseJSON(path, data)
		return doc, doc.Err
	}
	docs := ParseYAML(path, data)
	for _, d := range docs {
		if d.Err != nil {
			return nil, d.Err
		}
	}
	docs = slices.DeleteFunc(docs, func(d *YAMLDocument) bool { return d.Value == nil && len(docs) > 1 })
	switch len(docs) {
	case 0:
		return nil, &Diagnostic{Path: path, Line: 1, Message: "the file is empty; it needs apiVersion, kind, metadata and spec"}
	case 1:
		return docs[0], nil
	}
	return nil, &Diagnostic{Path: path, Line: docs[1].Line, Message: "the file must hold one document; a second one begins here"}
}

// validator checks what concerns more than one field. Single fields are the tags' business.
type validator struct {
	doc      *YAMLDocument
	problems []Diagnostic
}

func (v *validator) report(pointer, format string, args ...any) {
	v.problems = append(v.problems, v.doc.Diagnose(pointer, fmt.Sprintf(format, args...)))
}

func (v *validator) repository(r *Repository) {
	gates := slices.Clone(builtinGates[:])
	seen := map[string]int{}
	for i, c := range r.Spec.Checks {
		at := "/spec/checks/" + strconv.Itoa(i)
		if first, twice := seen[c.Name]; twice {
			v.report(at+"/name", "check %q is declared twice; the first one is checks[%d]", c.Name, first)
		} else {
			seen[c.Name] = i
		}
		gates = append(gates, c.Name)
		v.check(at, c)
	}
	v.risk(r.Spec.Risk, gates)
	for i, a := range r.Spec.Accept {
		v.gate("/spec/accept/"+strconv.Itoa(i)+"/gate", a.Gate, gates)
	}
	v.notify(r.Spec.Notify)
	v.freezes(r.Spec.Queue.Freeze)
	v.gateway(r.Spec.Gateway)
	v.admission(r.Spec.Admission)
	v.rules(r.Spec.Policy)
}

func (v *validator) notify(hooks []Hook) {
	seen := map[string]bool{}
	for i, h := range hooks {
		at := "/spec/notify/" + strconv.Itoa(i)
		if seen[h.Name] {
			v.report(at+"/name", "hook %q is declared twice", h.Name)
		}
		seen[h.Name] = true
		switch {
		case (len(h.Command) > 0) == (h.URL != ""):
			v.report(at, "a hook has a command or a url, and not both")
		case h.URL == "" && h.SecretEnv != "":
			v.report(at+"/secretEnv", "a secret signs a webhook; a command has none")
		case slices.Contains(h.Command, "") && len(h.Command) == 1:
			v.report(at+"/command/0", "the command is empty")
		}
	}
}

func (v *validator) check(at string, c Check) {
	if slices.Contains(c.Command, "") && len(c.Command) == 1 {
		v.report(at+"/command/0", "the command is empty")
	}
	tests := slices.Contains([]string{"unit", "snapshot", "integration", "regression", "e2e"}, c.Kind)
	if c.Select == "affected" && len(c.Inputs) == 0 && !tests {
		v.report(at+"/select", "select: affected needs inputs, the globs that say which changes affect the check, unless its kind is one of tests")
	}
	if c.Select != "affected" && slices.ContainsFunc(c.Command, func(w string) bool { return strings.Contains(w, "{affected}") }) {
		v.report(at+"/command", "{affected} in the command needs select: affected")
	}
	services := map[string]bool{}
	for i, s := range c.Services {
		if services[s.Name] {
			v.report(fmt.Sprintf("%s/services/%d/name", at, i), "service %q is declared twice", s.Name)
		}
		services[s.Name] = true
	}
}

func (v *validator) risk(r Risk, gates []string) {
	if b := r.Bands; b != nil && (b.Low > b.Medium || b.Medium > b.High) {
		v.report("/spec/risk/bands", "bands must not fall: low %d, medium %d, high %d", b.Low, b.Medium, b.High)
	}
	for _, level := range levels {
		row := r.Matrix[level]
		at := "/spec/risk/matrix/" + level
		for i, gate := range row.Gates {
			v.gate(fmt.Sprintf("%s/gates/%d", at, i), gate, gates)
		}
		if row.Soak != "" && row.Merge != "" && row.Merge != "soak" {
			v.report(at+"/soak", "soak needs merge: soak, not merge: %s", row.Merge)
		}
		if row.Merge == "soak" && row.Soak == "" {
			v.report(at+"/merge", "merge: soak needs soak: a time span such as 1h")
		}
	}
}

func (v *validator) gate(pointer, gate string, known []string) {
	if !slices.Contains(known, gate) {
		v.report(pointer, "unknown gate %q%s", gate, suggestion(gate, known))
	}
}

func (v *validator) rules(p PolicySettings) {
	for pattern := range p.Rules {
		if at := strings.IndexByte(pattern, '*'); pattern == "" || at >= 0 && at != len(pattern)-1 {
			v.report("/spec/policy/rules/"+EscapePointer(pattern), "%q is no rule: write an id, or a prefix that ends in *", pattern)
		}
	}
	slices.SortFunc(v.problems, func(a, b Diagnostic) int { return a.Line - b.Line })
}
