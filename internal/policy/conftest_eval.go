package policy

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// judge asks the rules about every document, and those that are combined about all of them.
func (u *conftest) judge(ctx context.Context, in *facts.Input, now time.Time) ([]Violation, error) {
	inputs, err := u.inputs(in.Documents)
	if err != nil {
		return nil, fmt.Errorf("converting documents for conftest's policies: %w", err)
	}
	var out []Violation
	for _, s := range u.scopes {
		if s.combined {
			around, err := u.inputs(in.Around)
			if err != nil {
				return nil, fmt.Errorf("converting documents for conftest's policies: %w", err)
			}
			all := append(slices.Clone(inputs), around...)
			found, err := u.ask(ctx, s, &conftestInput{term: combined(all)}, all, now)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
			continue
		}
		for i := range inputs {
			found, err := u.ask(ctx, s, &inputs[i], inputs, now)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// ask evaluates the rules of a scope on one input.
func (u *conftest) ask(ctx context.Context, s *conftestScope, in *conftestInput, all []conftestInput, now time.Time) ([]Violation, error) {
	values, err := u.eval(ctx, s, in, now)
	if err != nil {
		return nil, err
	}
	var out []Violation
	for i, r := range s.active() {
		value, exceptions := values.Elem(2*i), values.Elem(2*i+1)
		if isExempt(exceptions, r.name) {
			continue
		}
		messages, err := r.messages(value)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if v, ok := u.violation(r, m, in, all); ok {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

func (u *conftest) eval(ctx context.Context, s *conftestScope, in *conftestInput, now time.Time) (*ast.Array, error) {
	options := []rego.EvalOption{rego.EvalParsedInput(in.term.Value), rego.EvalTime(now)}
	if u.files && in.doc != nil {
		txn, err := withFile(ctx, s.store, in.doc.Path)
		if err != nil {
			return nil, fmt.Errorf("naming the file for conftest's policies: %w", err)
		}
		defer s.store.Abort(ctx, txn)
		options = append(options, rego.EvalTransaction(txn))
	}
	rs, err := s.query.Eval(ctx, options...)
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, evalError(err)
	}
	if len(rs) != 1 {
		return nil, fmt.Errorf("evaluating conftest's policies gave %d results, want 1: %w", len(rs), ErrNoRules)
	}
	return rs[0].Bindings[resultVar].(*ast.Term).Value.(*ast.Array), nil
}

// withFile opens a transaction in which data.conftest.file names a file. It is never committed.
func withFile(ctx context.Context, store storage.Store, file string) (storage.Transaction, error) {
	txn, err := store.NewTransaction(ctx, storage.WriteParams)
	if err != nil {
		return nil, err
	}
	if err = storage.MakeDir(ctx, store, txn, storage.Path{conftestData}); err == nil {
		err = store.Write(ctx, txn, storage.AddOp, storage.Path{conftestData, "file"}, fileInfo(file))
	}
	if err != nil {
		store.Abort(ctx, txn)
	}
	return txn, err
}

// isExempt says that an exception names the rule: by what follows deny_, violation_ or warn_, which is nothing for the bare
// ones. Exceptions are sets of lists of names.
func isExempt(exceptions *ast.Term, rule string) bool {
	_, name, _ := strings.Cut(rule, "_")
	exempt := false
	eachChild(exceptions, func(value *ast.Term) {
		eachChild(value, func(names *ast.Term) {
			eachChild(names, func(t *ast.Term) {
				text, ok := t.Value.(ast.String)
				exempt = exempt || ok && string(text) == name
			})
		})
	})
	return exempt
}

func eachChild(t *ast.Term, do func(*ast.Term)) {
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(do)
	case ast.Set:
		v.Foreach(do)
	case ast.Object:
		v.Foreach(func(_, value *ast.Term) { do(value) })
	}
}

// conftestMessage is one message of a rule.
type conftestMessage struct {
	text string
	file string // of _loc
	line int    // of _loc
}

// messages reads the value of a rule: the list of none or one set or list of messages. An empty message says that all is
// well. What is no message is shown as it is: it must not pass because it is badly written.
func (r *conftestRule) messages(value *ast.Term) ([]conftestMessage, error) {
	var out []conftestMessage
	var wrong error
	eachChild(value, func(list *ast.Term) {
		switch list.Value.(type) {
		case ast.Set, *ast.Array:
			eachChild(list, func(t *ast.Term) { out = append(out, readMessage(t)) })
		default:
			wrong = &RecordError{Rule: r.ID, Path: r.Path, Line: r.Line, Problem: fmt.Sprintf("is %s, not a set of messages", clip(list))}
		}
	})
	return out, wrong
}

func readMessage(t *ast.Term) conftestMessage {
	switch v := t.Value.(type) {
	case ast.String:
		return conftestMessage{text: string(v)}
	case ast.Object:
		if text, ok := textAt(v, "msg"); ok {
			m := conftestMessage{text: text}
			m.place(v.Get(ast.StringTerm("_loc")))
			return m
		}
	}
	return conftestMessage{text: "reported without a msg: " + clip(t)}
}

func (m *conftestMessage) place(loc *ast.Term) {
	if loc == nil {
		return
	}
	object, ok := loc.Value.(ast.Object)
	if !ok {
		return
	}
	m.file, _ = textAt(object, "file")
	if line := object.Get(ast.StringTerm("line")); line != nil {
		if n, ok := line.Value.(ast.Number); ok {
			if n, whole := n.Int(); whole && n > 0 {
				m.line = n
			}
		}
	}
}

func textAt(object ast.Object, key string) (string, bool) {
	term := object.Get(ast.StringTerm(key))
	if term == nil {
		return "", false
	}
	text, ok := term.Value.(ast.String)
	return string(text), ok
}

// violation makes a finding of a message. It is not ok when there is nothing to report.
func (u *conftest) violation(r *conftestRule, m conftestMessage, in *conftestInput, all []conftestInput) (Violation, bool) {
	text := strings.TrimSpace(m.text)
	if text == "" {
		return Violation{}, false
	}
	v := Violation{Kind: r.Kind, Title: r.Title, Finding: finding.Finding{Rule: r.ID, Severity: finding.Severity(r.Severity),
		Message: oneLine(text), State: finding.New, Tool: Tool}}
	v.Path, v.Line = m.where(in, all)
	v.switchTo(r.Mode)
	return v, v.Kind != ""
}

// where is the place of a message: the line it names, else the beginning of its document.
func (m conftestMessage) where(in *conftestInput, all []conftestInput) (file string, line int) {
	if in.doc != nil && (m.file == "" || m.file == in.doc.Path || m.file == path.Base(in.doc.Path)) {
		if m.line > 0 {
			return in.doc.Path, m.line
		}
		return in.doc.Path, in.line()
	}
	for i := range all {
		if all[i].doc.Path == m.file {
			return m.file, m.line
		}
	}
	if in.doc != nil {
		return in.doc.Path, in.line()
	}
	return "", 0
}
