package gatekeeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Violation is what one constraint says about one object.
type Violation struct {
	Constraint *Constraint
	Message    string
	Details    ast.Value
	// Assumed says that the constraint selects namespaces by label and that the object's is not among the known objects: whether
	// it applies is not certain.
	Assumed bool
}

// EvalError says that a template failed while it was evaluated: there is no result.
type EvalError struct {
	Constraint   *Constraint
	Path         string // of the template
	Line, Column int
	Code         string // OPA's error code
	Message      string
}

func (e *EvalError) Error() string {
	return fmt.Sprintf("%s:%d:%d: constraint %s %s: %s", e.Path, e.Line, e.Column, e.Constraint.Kind, e.Constraint.Name, e.Message)
}

// Judge is a library with the objects it may look at. It is safe for concurrent use.
type Judge struct {
	library   *Library
	inventory *Inventory
	now       time.Time
	store     storage.Store // of the inventory, when a template asks for it
	queries   map[*Template]rego.PreparedEvalQuery
}

// NewJudge prepares the usable templates of a library for reviews at the instant now.
func (l *Library) NewJudge(inv *Inventory, now time.Time) (*Judge, error) {
	j := &Judge{library: l, inventory: inv, now: now.UTC(), queries: map[*Template]rego.PreparedEvalQuery{}}
	for _, t := range l.templates {
		switch {
		case t.usable() != nil:
		case !t.inventory:
			j.queries[t] = t.query
		default:
			query, err := t.prepare(rego.Store(j.inventoryStore()))
			if err != nil {
				return nil, fmt.Errorf("preparing template %s: %w", t.Kind, err)
			}
			j.queries[t] = query
		}
	}
	return j, nil
}

func (j *Judge) inventoryStore() storage.Store {
	if j.store == nil {
		data := map[string]any{"inventory": j.inventory.tree}
		j.store = inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	}
	return j.store
}

// Review asks the constraints that are chosen (all when choose is nil) about one object. Violations are in the order of the
// constraints, each constraint's sorted by message. An error means that nothing was decided: *EvalError when a template
// fails, the context's cause when it ran out.
func (j *Judge) Review(ctx context.Context, r *Review, choose func(*Constraint) bool) ([]Violation, error) {
	var out []Violation
	var input *ast.Term
	for _, c := range j.library.constraints {
		if choose != nil && !choose(c) {
			continue
		}
		selected, err := c.selects(r, j.inventory)
		if err != nil {
			out = append(out, Violation{Constraint: c, Message: "rejected unseen: " + err.Error(), Details: ast.NewObject()})
		}
		if !selected {
			continue
		}
		if input == nil {
			if input, err = r.input(j.inventory); err != nil {
				return nil, err
			}
		}
		list, err := j.ask(ctx, c, input)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Assumed = c.assumes(r, j.inventory)
		}
		out = append(out, list...)
	}
	return out, nil
}

// ask evaluates one constraint.
func (j *Judge) ask(ctx context.Context, c *Constraint, review *ast.Term) ([]Violation, error) {
	query, ok := j.queries[c.Template]
	if !ok {
		return nil, c.Usable()
	}
	input := ast.NewObject([2]*ast.Term{ast.InternedTerm("review"), review}, [2]*ast.Term{ast.InternedTerm("parameters"), ast.NewTerm(c.parameters)})
	rs, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(j.now))
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, c.evalError(err)
	}
	if len(rs) != 1 {
		return nil, fmt.Errorf("evaluating template %s gave %d results, want 1", c.Kind, len(rs))
	}
	set, ok := rs[0].Bindings[resultVar].(*ast.Term).Value.(ast.Set)
	if !ok {
		return nil, fmt.Errorf("template %s: violation is no set", c.Kind)
	}
	return c.read(set)
}

func (c *Constraint) evalError(err error) error {
	out := &EvalError{Constraint: c, Path: c.Template.Path, Line: c.Template.Line, Message: oneLine(err.Error())}
	var e *topdown.Error
	if errors.As(err, &e) {
		out.Code, out.Message = e.Code, c.Template.placed(oneLine(e.Message))
		if o, known := c.Template.originAt(e.Location); known {
			out.Line, out.Column = o.place(e.Location)
		}
	}
	return out
}

// placed gives the places that a message of OPA names as the reader finds them.
func (t *Template) placed(message string) string {
	for name, o := range t.origins {
		place := regexp.MustCompile(regexp.QuoteMeta(name) + `:(\d+)`)
		message = place.ReplaceAllStringFunc(message, func(at string) string {
			row, _ := strconv.Atoi(at[strings.LastIndexByte(at, ':')+1:])
			return fmt.Sprintf("%s:%d", o.path, o.line+row)
		})
	}
	return message
}

func (t *Template) originAt(loc *ast.Location) (origin, bool) {
	if loc == nil {
		return origin{}, false
	}
	o, known := t.origins[loc.File]
	return o, known
}

// read takes the records of violation apart: {"msg": text, "details": any}.
func (c *Constraint) read(set ast.Set) ([]Violation, error) {
	var out []Violation
	for _, t := range set.Slice() {
		v, err := c.readRecord(t)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	order := func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Message, b.Message), a.Details.Compare(b.Details))
	}
	slices.SortFunc(out, order)
	return slices.CompactFunc(out, func(a, b Violation) bool { return order(a, b) == 0 }), nil
}

// readRecord refuses what has no message. Gatekeeper passes such a record over, and with it the violation.
func (c *Constraint) readRecord(t *ast.Term) (Violation, error) {
	wrong := func(format string, args ...any) (Violation, error) {
		return Violation{}, &EvalError{Constraint: c, Path: c.Template.Path, Line: c.Template.Line, Code: codeRecord, Message: fmt.Sprintf(format, args...)}
	}
	record, ok := t.Value.(ast.Object)
	if !ok {
		return wrong(`violation reports %s; it must be an object with the field msg`, clip(t))
	}
	msg := record.Get(ast.InternedTerm("msg"))
	if msg == nil {
		return wrong(`violation reports %s, which has no field msg`, clip(t))
	}
	text, ok := msg.Value.(ast.String)
	if !ok {
		return wrong("violation reports msg as %s; it must be a text", clip(msg))
	}
	v := Violation{Constraint: c, Message: string(text), Details: ast.NewObject()}
	if details := record.Get(ast.InternedTerm("details")); details != nil {
		v.Details = details.Value
	}
	return v, nil
}

// clip shows a value in an error message.
func clip(t *ast.Term) string {
	text := t.String()
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return text
}

// codeRecord is the code of an EvalError about what violation reports.
const codeRecord = "record"
