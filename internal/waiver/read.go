package waiver

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// DefaultDays is the longest validity of a waiver in days when adamant.yaml does not say.
const DefaultDays = 90

const (
	maxBytes = 64 << 10 // of one file
	least    = 20       // characters of a justification
)

// Read reads one waiver file. It never fails: a waiver with Problems covers nothing. days is the longest validity; 0 means
// DefaultDays.
func Read(file string, data []byte, days int) Waiver {
	if len(data) > maxBytes {
		return Unreadable(file, fmt.Sprintf("it has %d bytes; a waiver has at most %d", len(data), maxBytes))
	}
	m, doc, problems := manifest.LoadWaiver(file, data)
	r := reader{doc: doc, problems: problems, days: cmp.Or(days, DefaultDays)}
	w := Waiver{ID: idOf(file), Path: file, Justification: cmp.Or(m.Spec.Justification, m.Spec.Reason), Owner: m.Spec.Owner,
		ApprovedBy: m.Spec.ApprovedBy, Ticket: m.Spec.Ticket, Created: m.Spec.Created, Expires: m.Spec.Expires,
		MaxFindings: m.Spec.MaxFindings, Renewals: len(m.Spec.Renewals)}
	if doc != nil {
		r.texts(&w, m)
		r.scope(&w, m)
		r.dates(&w, m)
	}
	if w.Problems = r.sorted(); len(w.Problems) > 0 {
		w.From, w.Until = nil, nil
	}
	return w
}

// Unreadable is the waiver of a file whose content cannot be looked at.
func Unreadable(file, reason string) Waiver {
	return Waiver{ID: idOf(file), Path: file, Problems: []manifest.Diagnostic{{Path: file, Message: reason}}}
}

func idOf(file string) string { return strings.TrimSuffix(path.Base(file), ".yaml") }

// reader checks what concerns more than one field, or more than a field's tags can say.
type reader struct {
	doc      *manifest.YAMLDocument
	problems []manifest.Diagnostic
	days     int
}

func (r *reader) report(pointer, format string, args ...any) {
	r.problems = append(r.problems, r.doc.Diagnose(pointer, fmt.Sprintf(format, args...)))
}

func (r *reader) sorted() []manifest.Diagnostic {
	slices.SortStableFunc(r.problems, func(a, b manifest.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.problems
}

func (r *reader) texts(w *Waiver, m *manifest.Waiver) {
	if m.Metadata.Name != "" && m.Metadata.Name != w.ID {
		r.report("/metadata/name", "metadata.name is %q but the file is %s; they must be the same", m.Metadata.Name, path.Base(w.Path))
	}
	switch {
	case m.Spec.Justification != "" && m.Spec.Reason != "":
		r.report("/spec/reason", "spec has a justification and a reason; they are the same field, keep one")
	case w.Justification == "":
		r.report("/spec", "spec must have \"justification\"")
	case short(w.Justification):
		r.report("/spec", "spec.justification says too little; want at least %d characters that are no spaces at its ends", least)
	}
	for _, f := range []struct{ name, value string }{{"owner", m.Spec.Owner}, {"approvedBy", m.Spec.ApprovedBy}} {
		if f.value != "" && strings.TrimSpace(f.value) == "" {
			r.report("/spec/"+f.name, "spec.%s is blank", f.name)
		}
	}
}

func short(reason string) bool { return utf8.RuneCountInString(strings.TrimSpace(reason)) < least }

// scope keeps rule and resource where each can be read by itself, so that a finding can say which malformed waiver was
// meant for it.
func (r *reader) scope(w *Waiver, m *manifest.Waiver) {
	if problem := checkRule(m.Spec.Rule); m.Spec.Rule != "" && problem != "" {
		r.report("/spec/rule", "spec.rule cannot be %s", problem)
	} else {
		w.Rule = m.Spec.Rule
	}
	if manifest.CheckGlob(m.Spec.Resource) == nil {
		w.Resource = m.Spec.Resource
	}
}

// checkRule says what is wrong with the rule of a waiver, "" when nothing is.
func checkRule(rule string) string {
	star := strings.IndexByte(rule, '*')
	switch {
	case rule == "*":
		return `"*": name the rule, or a prefix such as kubernetes/*`
	case star >= 0 && star != len(rule)-1:
		return fmt.Sprintf("%q: a * stands at the end of a prefix only", rule)
	case strings.ContainsAny(rule, " \t\r\n"):
		return fmt.Sprintf("%q: a rule's id has no spaces", rule)
	case !Waivable(rule):
		return fmt.Sprintf("%q: rules that protect the gate itself are never waived", rule)
	}
	return ""
}

// dates sets From and Until.
func (r *reader) dates(w *Waiver, m *manifest.Waiver) {
	begin, ok := r.begin(m)
	end, day, err := manifest.ParseMoment(m.Spec.Expires)
	if !ok || err != nil {
		return // said by the decoder, or by begin
	}
	until := end
	if day {
		until = end.AddDate(0, 0, 1)
	}
	switch n := dayOf(end).Sub(dayOf(begin)) / (24 * time.Hour); {
	case !begin.Before(until):
		r.report("/spec/expires", "spec.expires is %s, before the waiver begins", m.Spec.Expires)
	case int(n) > r.days:
		r.report("/spec/expires", "spec.expires is %d days after %s; at most %d are allowed (spec.policy.waiverDays)", n, begin.Format(time.DateOnly), r.days)
	}
	w.From, w.Until = &begin, &until
}

func dayOf(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

// begin is the first instant of the waiver's validity: its creation, or its last renewal. Renewals must come in order and
// each with a reason of its own.
func (r *reader) begin(m *manifest.Waiver) (time.Time, bool) {
	begin, _, err := manifest.ParseMoment(m.Spec.Created)
	ok := err == nil
	said := map[string]bool{m.Spec.Justification: true, m.Spec.Reason: true}
	for i, renewal := range m.Spec.Renewals {
		at := "/spec/renewals/" + strconv.Itoa(i)
		if said[renewal.Reason] || short(renewal.Reason) && renewal.Reason != "" {
			r.report(at+"/reason", "a renewal needs a reason of its own, of at least %d characters", least)
		}
		said[renewal.Reason] = true
		on, _, err := manifest.ParseMoment(renewal.On)
		if err != nil {
			ok = false
			continue
		}
		if on.Before(begin) {
			r.report(at+"/on", "renewals must come in order: %s is before %s", renewal.On, begin.Format(time.RFC3339))
		}
		begin = on
	}
	return begin, ok
}

// MalformedRule is the rule of the findings that Problems returns.
const MalformedRule = "waiver/malformed"

// Problems is what is wrong with the waivers themselves, as findings.
func Problems(waivers []Waiver) []finding.Finding {
	var out []finding.Finding
	for _, w := range waivers {
		seen := map[string]int{}
		for _, p := range w.Problems {
			out = append(out, finding.Finding{Rule: MalformedRule, Severity: finding.Error, Path: p.Path, Line: p.Line, Column: p.Column, Tool: "adamant",
				Message: "this waiver covers nothing: " + p.Message, Fix: "mend the file (adamant waiver check), or delete it",
				Fingerprint: finding.Fingerprint(MalformedRule, p.Message, "", seen[p.Message])})
			seen[p.Message]++
		}
	}
	return out
}
